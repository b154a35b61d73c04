"""The rows behind the desk and the public start page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from liaison_app.audit.models import Entry
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
    """Return the latest entries of the trail about the own part of the tree, the newest first."""
    units = select(OrgUnit.id).where(units_within(paths))
    wanted = select(Entry).where(Entry.unit_id.in_(units), Entry.sentence != "")
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


def search_trail(
    paths: Collection[str],
    *,
    text: str = "",
    action: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[Sequence[Entry], int]:
    """Return one stretch of the trail, the newest first, and how many entries fit in all.

    Entries about a unit are seen from above it; those about no unit (sign-in, system) only from the root.
    """
    scope = [Entry.unit_id.in_(select(OrgUnit.id).where(units_within(paths)))]
    if any(path.count("/") == 2 for path in paths):
        scope.append(Entry.unit_id.is_(None))
    wanted = select(Entry).where(or_(*scope))
    if text:
        wanted = wanted.where(
            or_(
                Entry.actor_name.contains(text, autoescape=True),
                Entry.sentence.contains(text, autoescape=True),
            )
        )
    if action:
        wanted = wanted.where(Entry.action == action)
    if since:
        wanted = wanted.where(Entry.at >= since)
    if until:
        wanted = wanted.where(Entry.at < until)
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = db.session.scalars(wanted.order_by(Entry.id.desc()).limit(limit).offset(offset))
    return list(rows), total
