"""Add units to the tree of organisations."""

from __future__ import annotations

from sqlalchemy import select

from liaison_app.core.db import db

from .kinds import OrgKind
from .models import Alias, OrgUnit


def add_unit(
    name: str,
    kind: OrgKind,
    parent: OrgUnit | None,
    *,
    short_name: str = "",
    phone: str = "",
    protocol_order: int = 1000,
) -> OrgUnit:
    """Add a unit below `parent`, or the root of a tree."""
    unit = OrgUnit(
        name=name,
        short_name=short_name or name,
        kind=kind,
        parent_id=parent.id if parent else None,
        path="",
        phone=phone,
        protocol_order=protocol_order,
    )
    db.session.add(unit)
    # The path ends with the unit's own id.
    db.session.flush()
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    return unit


def rename_unit(unit: OrgUnit, name: str) -> None:
    """Give a unit another name; it is still found under the old one."""
    add_alias(unit, unit.name)
    unit.name = name


def move_unit(unit: OrgUnit, parent: OrgUnit) -> None:
    """Hang a unit, with all below it, under another parent; roles held on it go along."""
    old = unit.path
    below = select(OrgUnit).where(OrgUnit.path.startswith(old, autoescape=True))
    for one in db.session.scalars(below).all():
        one.path = f"{parent.path}{unit.id}/{one.path.removeprefix(old)}"
    unit.parent_id = parent.id


def add_alias(unit: OrgUnit, name: str) -> None:
    """Let a unit be found under a former or short name; adding it twice does nothing."""
    if db.session.scalar(select(Alias.id).where(Alias.name == name)) is None:
        db.session.add(Alias(unit_id=unit.id, name=name))


def root_unit() -> OrgUnit:
    """Return the root of the tree; an empty database gets the trunk that every district has."""
    root = db.session.scalar(select(OrgUnit).where(OrgUnit.parent_id.is_(None)).order_by(OrgUnit.id).limit(1))
    if root is None:
        root = add_unit("本区", OrgKind.DISTRICT, None, protocol_order=1)
        committee = add_unit("区人大常委会", OrgKind.STANDING_COMMITTEE, root, protocol_order=10)
        add_unit(
            "代表工作委员会",
            OrgKind.DEPUTY_AFFAIRS_COMMITTEE,
            committee,
            short_name="代表工委",
            protocol_order=11,
        )
        add_unit("区人民政府", OrgKind.GOVERNMENT, root, short_name="区政府", protocol_order=100)
    return root
