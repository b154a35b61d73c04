"""Reads of series: what stands in the way of dates that are not written yet, and what became of those that are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.core.errors import Missing
from liaison_app.core.text import local
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.queries import within as units_within
from liaison_app.scheduling import queries as scheduling
from liaison_app.scheduling import rules as meetings
from liaison_app.scheduling.errors import Blocker
from liaison_app.scheduling.kinds import MeetingState
from liaison_app.scheduling.models import Meeting, Occupancy
from liaison_app.scheduling.rules import MeetingPlan
from liaison_app.workdays.queries import calendar_between
from liaison_app.workdays.rules import WorkCalendar, next_workday

from . import rules
from .kinds import HOLDS
from .models import Series, SeriesDate
from .rules import Slot


@dataclass(frozen=True)
class Outlook:
    """A date that is not written yet, with what holds its room or people, and whether its notice would be late."""

    slot: Slot
    blockers: tuple[Blocker, ...] = ()
    is_past: bool = False
    is_late: bool = False

    @property
    def is_blocked(self) -> bool:
        return self.is_past or bool(self.blockers)


@dataclass(frozen=True)
class Repair:
    """A meeting that lies on a day off, or in a year that nobody knows, with the workday it could move to.

    `holiday` is empty where the year is only not known. `blockers` hold that workday.
    """

    meeting: Meeting
    holiday: str
    day: date
    blockers: tuple[Blocker, ...] = ()


def get_series(series_id: int) -> Series:
    """Return the series with its dates and their meetings, or raise Missing."""
    found = db.session.scalar(
        select(Series)
        .where(Series.id == series_id)
        .options(
            joinedload(Series.unit),
            selectinload(Series.dates).joinedload(SeriesDate.meeting).selectinload(Meeting.participants),
            selectinload(Series.dates).joinedload(SeriesDate.meeting).selectinload(Meeting.pools),
        )
    )
    if found is None:
        raise Missing
    return found


def get_date(series_id: int, date_id: int) -> SeriesDate:
    """Return one date of a series, or raise Missing."""
    found = db.session.scalar(
        select(SeriesDate).where(SeriesDate.id == date_id, SeriesDate.series_id == series_id)
    )
    if found is None:
        raise Missing
    return found


def find_of(meeting_id: int) -> SeriesDate | None:
    """Return the date of a series for which a meeting is held, or None."""
    return db.session.scalar(select(SeriesDate).where(SeriesDate.meeting_id == meeting_id))


def list_series(paths: Collection[str]) -> Sequence[tuple[Series, int, datetime | None]]:
    """Return the series of the subtrees, newest first, with how many meetings are ahead and when the next one is."""
    ahead = (
        select(
            SeriesDate.series_id, func.count().label("number"), func.min(Meeting.starts_at).label("next_at")
        )
        .join(Meeting, Meeting.id == SeriesDate.meeting_id)
        .where(Meeting.starts_at >= clock.now(), Meeting.state.in_(meetings.HOLDING))
        .group_by(SeriesDate.series_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Series, func.coalesce(ahead.c.number, 0), ahead.c.next_at)
        .outerjoin(ahead, ahead.c.series_id == Series.id)
        .where(Series.unit_id.in_(select(OrgUnit.id).where(units_within(paths))))
        .options(joinedload(Series.unit))
        .order_by(Series.id.desc())
    )
    return [(series, number, next_at) for series, number, next_at in rows]


def look_ahead(
    plan: MeetingPlan, slots: Sequence[Slot], *, but_meeting_id: int | None = None
) -> list[Outlook]:
    """Return what stands in the way of each slot; one look into the ledger, and one more for each date that clashes."""
    now = clock.now()
    plans = {
        slot.day: rules.moved(plan, slot.day, slot.room_id)
        for slot in slots
        if slot.state in HOLDS and slot.day
    }
    if not plans:
        return [Outlook(slot) for slot in slots]
    usual = wanted_of(plan)
    taken = scheduling.list_taken(
        usual,
        min(one.starts_at for one in plans.values()),
        max(one.ends_at for one in plans.values()),
        but_meeting_id,
    )
    found = []
    for slot in slots:
        one = plans.get(slot.day) if slot.day and slot.state in HOLDS else None
        if one is None:
            found.append(Outlook(slot))
            continue
        span = (one.starts_at, one.ends_at)
        blockers: list[Blocker] = []
        if slot.room_id or any(meetings.overlaps(span, other) for other in taken):
            blockers = scheduling.find_blockers(wanted_of(one), *span, but_meeting_id=but_meeting_id)
        is_late = now > meetings.notice_by(plan.kind, one.starts_at)
        found.append(Outlook(slot, tuple(blockers), one.starts_at <= now, is_late))
    return found


def is_taken(plan: MeetingPlan) -> bool:
    """Return whether somebody or something that a plan wants is held at its time; one look."""
    span = (plan.starts_at, plan.ends_at)
    return any(meetings.overlaps(span, one) for one in scheduling.list_taken(wanted_of(plan), *span, None))


def wanted_of(plan: MeetingPlan) -> set[int]:
    """Return the ledger's numbers of a plan's room and people."""
    people = {meetings.person_resource(one.person_id) for one in plan.people}
    return people | ({meetings.room_resource(plan.room_id)} if plan.room_id else set())


def list_repairs(paths: Collection[str]) -> list[Repair]:
    """Return the meetings ahead of the subtrees that a notice, or the want of one, calls into question, earliest first.

    A meeting on a plain Saturday or Sunday was meant to be there.
    """
    now = clock.now()
    ahead = scheduling.list_between(
        now, now + meetings.FARTHEST_AHEAD, paths=paths, states=[MeetingState.DRAFT, MeetingState.PUBLISHED]
    )
    if not ahead:
        return []
    days = [local(one.starts_at).date() for one in ahead]
    calendar = calendar_between(days[0], days[-1] + timedelta(days=31))
    return [
        _repair(one, day, calendar)
        for one, day in zip(ahead, days, strict=True)
        if in_question(calendar, day)
    ]


def in_question(calendar: WorkCalendar, day: date) -> bool:
    """Return whether a meeting on this day should be looked at: a holiday, or a year without a notice."""
    return calendar.mark(day) == "off" or not calendar.is_certain(day)


def _repair(meeting: Meeting, day: date, calendar: WorkCalendar) -> Repair:
    if calendar.mark(day) != "off":
        return Repair(meeting, "", day)
    free = next_workday(calendar, day)
    by = free - day
    span = (meeting.starts_at + by, meeting.ends_at + by)
    blockers = scheduling.find_blockers(scheduling.resources_of(meeting), *span, but_meeting_id=meeting.id)
    return Repair(meeting, calendar.name_of(day) or "", free, tuple(blockers))


@dataclass(frozen=True)
class Booking:
    """What holds a room or a person, for a timeline: the meeting, whose title is for its own unit alone."""

    resource: int
    starts_at: datetime
    ends_at: datetime
    meeting: Meeting


def list_bookings(resources: Collection[int], starts: datetime, ends: datetime) -> Sequence[Booking]:
    """Return what holds any of the resources in [starts, ends), earliest first; one read."""
    rows = db.session.execute(
        select(Occupancy, Meeting)
        .join(Meeting, Meeting.id == Occupancy.meeting_id)
        .where(scheduling.held_in(resources, starts, ends), Occupancy.ends_at > starts)
        .options(joinedload(Meeting.unit))
        .order_by(Occupancy.starts_at)
    )
    return [Booking(row.resource_id, row.starts_at, row.ends_at, meeting) for row, meeting in rows]


def held_between(
    resources: Collection[int], starts: datetime, ends: datetime
) -> dict[int, list[meetings.Span]]:
    """Return the spans in which each resource is held in [starts, ends), earliest first; one read."""
    rows = db.session.execute(
        select(Occupancy.resource_id, Occupancy.starts_at, Occupancy.ends_at)
        .where(scheduling.held_in(resources, starts, ends))
        .order_by(Occupancy.resource_id, Occupancy.starts_at)
    )
    found: dict[int, list[meetings.Span]] = {}
    for resource, starts_at, ends_at in rows:
        found.setdefault(resource, []).append((starts_at, ends_at))
    return found
