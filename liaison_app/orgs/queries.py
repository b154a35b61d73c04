"""Reads about the tree of organisations."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, false, or_, select

from liaison_app.core.db import db, get
from liaison_app.core.errors import Missing

from .kinds import ANSWERING, OrgKind
from .models import OrgUnit


def get_unit(unit_id: int) -> OrgUnit:
    return get(OrgUnit, unit_id)


def get_answering_unit(unit_id: int) -> OrgUnit:
    """Return a bureau or another body that answers questions, or raise Missing."""
    unit = get(OrgUnit, unit_id)
    if unit.kind not in ANSWERING:
        raise Missing
    return unit


def list_root_paths() -> Sequence[str]:
    """Return the path of each tree's root; there is one in a district."""
    return list(db.session.scalars(select(OrgUnit.path).where(OrgUnit.parent_id.is_(None))))


def within(paths: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a unit lies in one of the subtrees."""
    return or_(*(OrgUnit.path.startswith(path, autoescape=True) for path in paths)) if paths else false()


def list_units(
    paths: Collection[str] | None = None, kinds: Collection[OrgKind] | None = None
) -> Sequence[OrgUnit]:
    """Return the units of the subtrees (all without `paths`), of the given kinds, by protocol."""
    wanted = select(OrgUnit)
    if paths is not None:
        wanted = wanted.where(within(paths))
    if kinds is not None:
        wanted = wanted.where(OrgUnit.kind.in_(kinds))
    return list(db.session.scalars(wanted.order_by(OrgUnit.protocol_order, OrgUnit.id)))
