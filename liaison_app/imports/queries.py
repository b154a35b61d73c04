"""Reads about uploaded lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from liaison_app.core.db import db
from liaison_app.core.errors import Missing
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.queries import within

from .models import ImportLine, ImportRun
from .plan import Line, unpacked
from .rules import Outcome


def get_run(run_id: int) -> ImportRun:
    """Return the list with those who started and confirmed it, or raise Missing."""
    people = (joinedload(ImportRun.started_by), joinedload(ImportRun.confirmed_by))
    run = db.session.scalar(select(ImportRun).where(ImportRun.id == run_id).options(*people))
    if run is None:
        raise Missing
    return run


def find_by_token(form_token: str) -> ImportRun | None:
    """Return the list that this form has brought already."""
    return db.session.scalar(select(ImportRun).where(ImportRun.form_token == form_token))


def list_runs(paths: Collection[str], limit: int = 20) -> Sequence[ImportRun]:
    """Return the latest lists of units within the subtrees, the newest first."""
    wanted = (
        select(ImportRun)
        .join(ImportRun.unit)
        .where(within(paths))
        .options(contains_eager(ImportRun.unit), joinedload(ImportRun.started_by))
        .order_by(ImportRun.id.desc())
        .limit(limit)
    )
    return list(db.session.scalars(wanted))


def list_tops(paths: Collection[str]) -> Sequence[OrgUnit]:
    """Return the units with these paths that lie below no other of them."""
    tops = [path for path in paths if not any(path != one and path.startswith(one) for one in paths)]
    return list(db.session.scalars(select(OrgUnit).where(OrgUnit.path.in_(tops)).order_by(OrgUnit.path)))


def list_lines(run_id: int, outcome: Outcome | None, *, limit: int, offset: int) -> Sequence[Line]:
    """Return one stretch of the rows, of one outcome or of all, in the order of the sheet."""
    wanted = select(ImportLine).where(ImportLine.run_id == run_id)
    if outcome is not None:
        wanted = wanted.where(ImportLine.outcome == outcome)
    found = db.session.scalars(wanted.order_by(ImportLine.number).limit(limit).offset(offset))
    return [unpacked(line.number, line.outcome, line.body) for line in found]
