"""The only writer of the ledger. It never looks before it books: the database refuses, this names the blocker."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from liaison_app.core.db import db, is_sqlite

from . import queries
from .errors import Conflict
from .models import Meeting, Occupancy

GUARD = "occupancy_no_overlap"


def hold(meeting: Meeting, resources: Iterable[int]) -> None:
    """Let `meeting` hold exactly `resources` over its time: all of them, or Conflict and nothing.

    Resources are taken in sorted order, on PostgreSQL under one advisory lock each, so that two bookings
    that want the same people never wait for each other in a circle.
    """
    wanted = set(resources)
    _line_up(wanted | {row.resource_id for row in _rows(meeting)})
    while True:
        try:
            with db.session.begin_nested():
                _write(meeting, wanted)
            return
        except IntegrityError as error:
            if GUARD not in str(error.orig):
                raise
            blockers = queries.find_blockers(
                wanted, meeting.starts_at, meeting.ends_at, but_meeting_id=meeting.id
            )
            # None where the blocker was given back between the refusal and this look: then it is free.
            if blockers:
                raise Conflict(blockers) from error


def _write(meeting: Meeting, wanted: set[int]) -> None:
    held = {row.resource_id: row for row in _rows(meeting)}
    span = {"starts_at": meeting.starts_at, "ends_at": meeting.ends_at}
    for resource in sorted(set(held) - wanted):
        _change(held[resource].id, live=False)
    for resource in sorted(wanted):
        if resource in held:
            _change(held[resource].id, live=True, **span)
        else:
            row = {"meeting_id": meeting.id, "resource_id": resource, "live": True, **span}
            db.session.execute(insert(Occupancy).values(**row))


def release(meeting: Meeting, resources: Iterable[int] | None = None) -> None:
    """Give `resources` of a meeting back, or all of them."""
    statement = update(Occupancy).where(Occupancy.meeting_id == meeting.id, Occupancy.live)
    if resources is not None:
        statement = statement.where(Occupancy.resource_id.in_(set(resources)))
    db.session.execute(statement.values(live=False).execution_options(synchronize_session=False))


def take(meeting: Meeting, resource: int) -> None:
    """Add one resource to what a meeting holds. Raises Conflict."""
    hold(meeting, {row.resource_id for row in _rows(meeting) if row.live} | {resource})


def _rows(meeting: Meeting) -> list[Occupancy]:
    found = db.session.execute(
        select(Occupancy.id, Occupancy.resource_id, Occupancy.live).where(Occupancy.meeting_id == meeting.id)
    )
    return list(found)  # type: ignore[arg-type]


def _change(id: int, **values: object) -> None:
    statement = update(Occupancy).where(Occupancy.id == id).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))


def _line_up(resources: set[int]) -> None:
    if not is_sqlite():
        for resource in sorted(resources):
            db.session.execute(select(func.pg_advisory_xact_lock(resource)))
