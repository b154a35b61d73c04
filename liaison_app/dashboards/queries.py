"""The rows behind the desk and the public start page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from liaison_app.audit.models import Entry, Link
from liaison_app.audit.rules import QUIET
from liaison_app.core.db import db
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.queries import within as units_within
from liaison_app.scheduling.kinds import SIGNUP_ROLES, MeetingState
from liaison_app.scheduling.models import Meeting, Pool
from liaison_app.scheduling.queries import within
from liaison_app.signups.models import SignUp, SignUpState
from liaison_app.stations.models import Station


@dataclass(frozen=True)
class Seats:
    """The seats of a meeting that people sign up for, over all roles."""

    seats: int
    confirmed: int
    waiting: int

    @property
    def left(self) -> int:
        return 0 if self.waiting else max(self.seats - self.confirmed, 0)


def seats_for(meeting_ids: Collection[int]) -> dict[int, Seats]:
    """Return, per meeting, its seats for sign-up; meetings without such seats are left out."""
    seats = db.session.execute(
        select(Pool.meeting_id, func.sum(Pool.seats))
        .where(Pool.meeting_id.in_(meeting_ids), Pool.role.in_(SIGNUP_ROLES), Pool.seats > 0)
        .group_by(Pool.meeting_id)
    )
    counts = {
        (row.meeting_id, row.state): row.n
        for row in db.session.execute(
            select(SignUp.meeting_id, SignUp.state, func.count().label("n"))
            .where(SignUp.meeting_id.in_(meeting_ids))
            .group_by(SignUp.meeting_id, SignUp.state)
        )
    }
    return {
        id: Seats(total, counts.get((id, SignUpState.CONFIRMED), 0), counts.get((id, SignUpState.WAITING), 0))
        for id, total in seats
    }


def recent_entries(paths: Collection[str], limit: int = 6) -> Sequence[Entry]:
    """Return what was done lately in the own part of the tree, the newest first."""
    units = select(OrgUnit.id).where(units_within(paths))
    wanted = select(Entry).where(Entry.unit_id.in_(units), Entry.sentence != "")
    wanted = wanted.where(Entry.action.not_in(QUIET))
    return list(db.session.scalars(wanted.order_by(Entry.id.desc()).limit(limit)))


def list_unfinished(paths: Collection[str], now: datetime) -> Sequence[Meeting]:
    """Return published meetings that are over but not yet noted as held."""
    wanted = select(Meeting).where(
        within(paths), Meeting.state == MeetingState.PUBLISHED, Meeting.ends_at < now
    )
    return list(db.session.scalars(wanted.order_by(Meeting.starts_at).limit(20)))


def list_postponed(paths: Collection[str]) -> Sequence[Meeting]:
    """Return postponed meetings that wait for a new time."""
    wanted = select(Meeting).where(within(paths), Meeting.state == MeetingState.POSTPONED)
    return list(db.session.scalars(wanted.order_by(Meeting.starts_at).limit(20)))


def year_figures(paths: Collection[str], since: datetime, until: datetime) -> tuple[int, int, int]:
    """Return, for meetings begun in [since, until): how many were held, how many are still to come, and how
    many people hold a confirmed seat at them (人次)."""
    inside = (within(paths), Meeting.starts_at >= since, Meeting.starts_at < until)
    done = Meeting.state.in_([MeetingState.HELD, MeetingState.CLOSED])
    held = db.session.scalar(select(func.count()).select_from(Meeting).where(*inside, done)) or 0
    ahead = (
        db.session.scalar(
            select(func.count()).select_from(Meeting).where(*inside, Meeting.state == MeetingState.PUBLISHED)
        )
        or 0
    )
    people = (
        db.session.scalar(
            select(func.count())
            .select_from(SignUp)
            .join(Meeting, Meeting.id == SignUp.meeting_id)
            .where(*inside, SignUp.state == SignUpState.CONFIRMED)
        )
        or 0
    )
    return held, ahead, people


def count_stations() -> int:
    return db.session.scalar(select(func.count()).select_from(Station)) or 0


@dataclass(frozen=True)
class TrailFilter:
    """What is asked of the trail; what is empty does not narrow. `who` is a name, `unit` the path of a unit."""

    text: str = ""
    who: str = ""
    action: str = ""
    result: str = ""
    kind: str = ""
    thing_id: int | None = None
    unit: str = ""
    since: datetime | None = None
    until: datetime | None = None


def count_trail(paths: Collection[str], wanted: TrailFilter) -> tuple[int, int]:
    """Return how many entries fit, and the highest number among them."""
    found = _trail(paths, wanted, Entry.id).subquery()
    count, last_id = db.session.execute(select(func.count(), func.max(found.c.id)).select_from(found)).one()
    return count, last_id or 0


def search_trail(
    paths: Collection[str], wanted: TrailFilter, *, limit: int, offset: int = 0
) -> Sequence[Entry]:
    """Return one stretch of the trail, the newest first.

    Entries about a unit are seen from above it; those about no unit (sign-in, system) only from the root.
    """
    found = _trail(paths, wanted, Entry).order_by(Entry.id.desc())
    return list(db.session.scalars(found.limit(limit).offset(offset)))


def walk_trail(
    paths: Collection[str], wanted: TrailFilter, *, last_id: int, at_a_time: int
) -> Iterator[Row[Any]]:
    """Yield all that fits up to a number, the newest first, each with its place in the chain; holds few in
    memory at once."""
    columns = (*Entry.__table__.columns, Link.position, Link.hash)
    found = _trail(paths, wanted, *columns).outerjoin(Link, Link.entry_id == Entry.id)
    found = found.order_by(Entry.id.desc()).limit(at_a_time)
    rows = db.session.execute(found.where(Entry.id <= last_id)).all()
    while rows:
        yield from rows
        db.session.rollback()
        rows = db.session.execute(found.where(Entry.id < rows[-1].id)).all()


def _trail(paths: Collection[str], wanted: TrailFilter, *columns: Any) -> Select[Any]:
    scope = [Entry.unit_id.in_(select(OrgUnit.id).where(units_within(paths)))]
    if any(path.count("/") == 2 for path in paths):
        scope.append(Entry.unit_id.is_(None))
    conditions = [or_(*scope)]
    if wanted.unit:
        conditions.append(Entry.unit_id.in_(select(OrgUnit.id).where(units_within([wanted.unit]))))
    if wanted.text:
        conditions.append(Entry.sentence.contains(wanted.text, autoescape=True))
    if wanted.who:
        conditions.append(Entry.actor_name.contains(wanted.who, autoescape=True))
    same = {
        "action": wanted.action, "result": wanted.result, "thing_kind": wanted.kind, "thing_id": wanted.thing_id,
    }  # fmt: skip
    conditions += [getattr(Entry, name) == value for name, value in same.items() if value]
    if wanted.since:
        conditions.append(Entry.at >= wanted.since)
    if wanted.until:
        conditions.append(Entry.at < wanted.until)
    return select(*columns).where(*conditions)
