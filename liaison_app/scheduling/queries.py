"""Reads about meetings and what they occupy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from liaison_app.calendars import queries as calendars
from liaison_app.core.db import db
from liaison_app.core.errors import Missing
from liaison_app.core.text import from_local, local
from liaison_app.core.tokens import digest
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.queries import within as units_within
from liaison_app.people.models import Person
from liaison_app.stations.models import Room
from liaison_app.workdays.queries import calendar_between

from . import rules
from .errors import Blocker
from .kinds import MeetingState
from .models import CalendarEntry, Meeting, Occupancy, Participant


def get_meeting(meeting_id: int) -> Meeting:
    """Return the meeting with its unit, place and people, or raise Missing."""
    meeting = db.session.scalar(
        select(Meeting)
        .where(Meeting.id == meeting_id)
        .options(
            joinedload(Meeting.unit),
            joinedload(Meeting.room),
            joinedload(Meeting.station),
            selectinload(Meeting.participants),
            selectinload(Meeting.pools),
        )
    )
    if meeting is None:
        raise Missing
    return meeting


def get_public_meeting(code: str) -> Meeting:
    """Return what the public may see under this code, or raise Missing: no drafts, nothing internal."""
    if not code.isprintable():
        raise Missing
    meeting = db.session.scalar(
        select(Meeting)
        .where(Meeting.code == code, Meeting.is_public, Meeting.state.in_(rules.PUBLIC_STATES))
        .options(
            joinedload(Meeting.unit),
            joinedload(Meeting.room),
            joinedload(Meeting.station),
        )
    )
    if meeting is None:
        raise Missing
    return meeting


def within(paths: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a meeting belongs to one of the subtrees; the only scope of staff lists."""
    return Meeting.unit_id.in_(select(OrgUnit.id).where(units_within(paths)))


def list_between(
    starts: datetime,
    ends: datetime,
    *,
    paths: Collection[str] | None = None,
    station_id: int | None = None,
    states: Iterable[MeetingState] | None = None,
    kinds: Iterable[str] | None = None,
    unit_ids: Iterable[int] | None = None,
) -> Sequence[Meeting]:
    """Return the meetings that begin in [starts, ends), earliest first.

    With `paths`: those of the subtrees, in every state. Without: only what the public may see.
    `unit_ids` keeps those at whose table one of these bureaus sits.
    """
    wanted = select(Meeting).where(Meeting.starts_at >= starts, Meeting.starts_at < ends)
    wanted = wanted.where(within(paths)) if paths is not None else _public(wanted)
    if station_id is not None:
        wanted = wanted.where(Meeting.station_id == station_id)
    if states is not None:
        wanted = wanted.where(Meeting.state.in_(list(states)))
    if kinds is not None:
        wanted = wanted.where(Meeting.kind.in_(list(kinds)))
    if unit_ids is not None:
        wanted = wanted.where(Meeting.id.in_(_at_table(unit_ids)))
    return list(db.session.scalars(_with_place(wanted.order_by(Meeting.starts_at, Meeting.id))))


def search(
    paths: Collection[str],
    *,
    text: str = "",
    states: Iterable[MeetingState] | None = None,
    kind: str = "",
    station_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    newest_first: bool = False,
    page: int = 1,
    per_page: int = 30,
) -> tuple[Sequence[Meeting], int]:
    """Return one page of the meetings of the subtrees that fit, and how many fit in all."""
    wanted = select(Meeting).where(within(paths))
    if text:
        wanted = wanted.where(
            or_(
                Meeting.title.contains(text, autoescape=True),
                Meeting.place_text.contains(text, autoescape=True),
            )
        )
    if states:
        wanted = wanted.where(Meeting.state.in_(list(states)))
    if kind:
        wanted = wanted.where(Meeting.kind == kind)
    if station_id:
        wanted = wanted.where(Meeting.station_id == station_id)
    if since:
        wanted = wanted.where(Meeting.starts_at >= since)
    if until:
        wanted = wanted.where(Meeting.starts_at < until)
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    order = (Meeting.starts_at.desc(), Meeting.id.desc()) if newest_first else (Meeting.starts_at, Meeting.id)
    rows = db.session.scalars(
        _with_place(wanted.order_by(*order).limit(per_page).offset((page - 1) * per_page))
    )
    return list(rows), total


def list_of_person(person_id: int, since: datetime) -> Sequence[Meeting]:
    """Return the published meetings at which a person is expected, from `since` on; a postponed one has no time."""
    expected = select(Participant.meeting_id).where(
        Participant.person_id == person_id,
        Participant.removed_at.is_(None),
        Participant.declined_at.is_(None),
    )
    wanted = select(Meeting).where(
        Meeting.id.in_(expected),
        Meeting.starts_at >= since,
        Meeting.state.in_(rules.PUBLIC_STATES - {MeetingState.POSTPONED}),
    )
    return list(db.session.scalars(_with_place(wanted.order_by(Meeting.starts_at, Meeting.id))))


def answering_units(meeting_ids: Collection[int]) -> dict[int, list[str]]:
    """Return, per meeting, the short names of the bureaus at its table, the lead first."""
    rows = db.session.execute(
        select(Participant.meeting_id, OrgUnit.short_name)
        .join(OrgUnit, Participant.unit_id == OrgUnit.id)
        .where(Participant.meeting_id.in_(meeting_ids), Participant.removed_at.is_(None))
        .order_by(Participant.is_lead.desc(), Participant.position)
    )
    names: dict[int, list[str]] = {}
    for meeting_id, name in rows:
        listed = names.setdefault(meeting_id, [])
        if name not in listed:
            listed.append(name)
    return names


def find_blockers(
    resources: Collection[int], starts_at: datetime, ends_at: datetime, *, but_meeting_id: int | None = None
) -> list[Blocker]:
    """Return what holds any of `resources` in [starts_at, ends_at), earliest first.

    Live bookings of one resource never overlap, so only the last one that starts before the end of the
    span, and those before it that still reach into it, need be looked at; the look-up does not grow with
    the history of a busy room.
    """
    found: list[Occupancy] = []
    for resource in sorted(resources):
        before = ends_at
        while True:
            row = db.session.scalar(
                select(Occupancy)
                .where(
                    Occupancy.resource_id == resource,
                    Occupancy.live,
                    Occupancy.starts_at < before,
                    Occupancy.meeting_id != (but_meeting_id or 0),
                )
                .order_by(Occupancy.starts_at.desc())
                .limit(1)
            )
            if row is None or row.ends_at <= starts_at:
                break
            found.append(row)
            before = row.starts_at
    return _named(sorted(found, key=lambda row: (row.starts_at, row.resource_id))) if found else []


def resources_of(meeting: Meeting) -> set[int]:
    """Return what the meeting must hold: its room and everybody who is expected."""
    people = {rules.person_resource(one.person_id) for one in meeting.participants if one.is_expected}
    return people | ({rules.room_resource(meeting.room_id)} if meeting.room_id else set())


def held_in(resources: Collection[int], starts: datetime, ends: datetime) -> ColumnElement[bool]:
    """Return the condition that a row holds one of `resources` and may reach into [starts, ends).

    No meeting is longer than the longest, so the index over starts is enough to leave the history out.
    """
    return and_(
        Occupancy.resource_id.in_(resources),
        Occupancy.live,
        Occupancy.starts_at < ends,
        Occupancy.starts_at > starts - rules.LONGEST,
    )


def list_taken(
    resources: Collection[int], starts: datetime, ends: datetime, but_meeting_id: int | None
) -> list[rules.Span]:
    """Return the spans in which any of `resources` is held between two moments."""
    rows = db.session.execute(
        select(Occupancy.starts_at, Occupancy.ends_at).where(
            held_in(resources, starts, ends),
            Occupancy.meeting_id != (but_meeting_id or 0),
        )
    )
    return [(row.starts_at, row.ends_at) for row in rows]


def free_rooms(
    station_ids: Collection[int], starts_at: datetime, ends_at: datetime, but_meeting_id: int | None
) -> list[Room]:
    """Return the rooms of these stations that nobody holds in the span, largest first."""
    wanted = select(Room).where(Room.station_id.in_(station_ids)).order_by(Room.capacity.desc(), Room.id)
    found = list(db.session.scalars(wanted))
    resources = [rules.room_resource(room.id) for room in found]
    taken = _held_between(resources, starts_at, ends_at, but_meeting_id)
    return [room for room in found if rules.room_resource(room.id) not in taken]


def _held_between(
    resources: Collection[int], starts_at: datetime, ends_at: datetime, but_meeting_id: int | None
) -> set[int]:
    rows = db.session.scalars(
        select(Occupancy.resource_id).where(
            held_in(resources, starts_at, ends_at),
            Occupancy.ends_at > starts_at,
            Occupancy.meeting_id != (but_meeting_id or 0),
        )
    )
    return set(rows)


def _named(rows: Sequence[Occupancy]) -> list[Blocker]:
    ids: dict[str, set[int]] = {"room": set(), "person": set()}
    for row in rows:
        kind, id = rules.resource_parts(row.resource_id)
        ids[kind].add(id)
    rooms = {
        room.id: f"{room.station.name} {room.name}"
        for room in db.session.scalars(select(Room).where(Room.id.in_(ids["room"])))
    }
    named = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids["person"])))
    people = dict(named.all())
    names = {"room": rooms, "person": people}
    blockers = []
    for row in rows:
        kind, id = rules.resource_parts(row.resource_id)
        meeting = row.meeting
        blockers.append(
            Blocker(
                kind=kind,
                who=names[kind].get(id, "—"),
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                title=meeting.title,
                place=meeting.place,
                meeting_id=meeting.id,
                unit_path=meeting.unit.path,
            )
        )
    return blockers


def _public(wanted: Select[Meeting]) -> Select[Meeting]:
    return wanted.where(Meeting.is_public, Meeting.state.in_(rules.PUBLIC_STATES))


def _at_table(unit_ids: Iterable[int]) -> Select[int]:
    return select(Participant.meeting_id).where(
        and_(Participant.unit_id.in_(list(unit_ids)), Participant.removed_at.is_(None))
    )


def _with_place(wanted: Select[Meeting]) -> Select[Meeting]:
    return wanted.options(
        joinedload(Meeting.room),
        joinedload(Meeting.station),
        joinedload(Meeting.unit),
        selectinload(Meeting.pools),
    )


def suggest_times(
    resources: Collection[int],
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    but_meeting_id: int | None,
) -> list[rules.Span]:
    """Return up to three free spans of the same length in office hours of workdays, nearest to the wanted one first."""
    day = local(starts_at).date()
    around = [day + timedelta(days=step) for step in range(-7, 15)]
    working = calendar_between(around[0], around[-1])
    days = [day] + [other for other in around if working.is_workday(other)]
    midnights = [from_local(one, time(0)) for one in sorted(set(days))]
    windows = [(max(opens, now), closes) for opens, closes in rules.office_windows(midnights) if opens > now]
    first, last = midnights[0], midnights[-1] + timedelta(days=1)
    taken = list_taken(resources, first, last, but_meeting_id)
    # What people's own calendars say forbids nothing, but nobody offers such a time.
    who = [id for kind, id in map(rules.resource_parts, resources) if kind == "person"]
    taken += [(one.starts_at, one.ends_at) for one in calendars.list_busy(who, first, last)]
    starts = rules.free_starts(taken, (starts_at, ends_at), windows, limit=400)
    chosen = rules.spread(starts, limit=3, apart=timedelta(hours=2))
    return [(start, start + (ends_at - starts_at)) for start in chosen]


KEPT_BACK = timedelta(days=90)
KEPT_CANCELLED = timedelta(days=30)


def feed_entries(
    now: datetime, *, station_id: int | None = None, unit_id: int | None = None
) -> Sequence[bytes]:
    """Return the VEVENTs that a public feed carries, by start: three months back, all ahead.

    A cancelled meeting stays, marked, for thirty days; a postponed one has no time and is left out.
    """
    wanted = _fed(select(CalendarEntry.body), now, station_id, unit_id)
    return db.session.scalars(wanted.order_by(Meeting.starts_at, Meeting.id)).all()


def feed_mark(
    now: datetime, *, station_id: int | None = None, unit_id: int | None = None
) -> tuple[str, datetime | None]:
    """Return a text that is another one as soon as `feed_entries` would be, and the last change; reads no entry."""
    # Moments are whole seconds: two changes within one are told apart by the version.
    counted = select(
        func.count(),
        func.sum(Meeting.version),
        func.sum(cast(Meeting.id, BigInteger) * Meeting.version),
        func.max(CalendarEntry.revised_at),
    )
    row = db.session.execute(_fed(counted, now, station_id, unit_id)).one()
    return " ".join(map(str, row)), row[-1]


def _fed(
    wanted: Select[*tuple[Any, ...]], now: datetime, station_id: int | None, unit_id: int | None
) -> Select[*tuple[Any, ...]]:
    live = Meeting.state.in_([MeetingState.PUBLISHED, MeetingState.HELD, MeetingState.CLOSED])
    lately_off = and_(Meeting.state == MeetingState.CANCELLED, Meeting.ended_state_at > now - KEPT_CANCELLED)
    wanted = (
        wanted.select_from(CalendarEntry)
        .join(Meeting, Meeting.id == CalendarEntry.meeting_id)
        .where(Meeting.is_public, or_(live, lately_off), Meeting.starts_at > now - KEPT_BACK)
    )
    if station_id is not None:
        wanted = wanted.where(Meeting.station_id == station_id)
    if unit_id is not None:
        wanted = wanted.where(Meeting.id.in_(_at_table([unit_id])))
    return wanted


def get_feed_person(token: str) -> Person:
    """Return the person whose secret feed this token opens, or raise Missing."""
    person = db.session.scalar(select(Person).where(Person.feed_hash == digest(token)))
    if person is None:
        raise Missing
    return person


def list_without_entry(limit: int) -> Sequence[Meeting]:
    """Return up to `limit` meetings whose feed entry is missing or older than their last change."""
    wanted = (
        select(Meeting)
        .outerjoin(CalendarEntry, CalendarEntry.meeting_id == Meeting.id)
        .where(
            Meeting.published_at.is_not(None),
            or_(CalendarEntry.meeting_id.is_(None), CalendarEntry.revised_at < Meeting.revised_at),
        )
        .order_by(Meeting.id)
    )
    return list(db.session.scalars(wanted.limit(limit)))
