"""Bodies of a district."""

from itertools import count

from liaison_app.core.db import db
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit

_numbers = count(1)


def make_unit(
    name: str = "",
    kind: OrgKind = OrgKind.STREET_WORKING_COMMITTEE,
    *,
    parent: OrgUnit | None = None,
    **facts,
) -> OrgUnit:
    """Add a unit, at the top of the tree or below `parent`."""
    name = name or f"测试{next(_numbers)}号街道人大工委"
    unit = OrgUnit(name=name, short_name=name[:40], kind=kind, parent=parent, path="")
    for fact, value in facts.items():
        setattr(unit, fact, value)
    db.session.add(unit)
    db.session.flush()
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    return unit
