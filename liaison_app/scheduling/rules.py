"""What can be decided about meetings without a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Protocol

from liaison_app.core.text import from_local, local

from .kinds import KINDS, SIGNUP_ROLES, MeetingState, PlaceKind, RoleCode

SHORTEST = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
GRID = timedelta(minutes=15)
FARTHEST_AHEAD = timedelta(days=730)

# One whole number over all kinds of resource, so that one guard in the database covers them all.
_SLOTS = 8
_ROOM, _PERSON = 1, 2


def room_resource(room_id: int) -> int:
    """Return the ledger's number of a room."""
    return room_id * _SLOTS + _ROOM


def person_resource(person_id: int) -> int:
    """Return the ledger's number of a person."""
    return person_id * _SLOTS + _PERSON


def resource_parts(resource_id: int) -> tuple[str, int]:
    """Return (“room” or “person”, its id) of a ledger number."""
    id, slot = divmod(resource_id, _SLOTS)
    return {_ROOM: "room", _PERSON: "person"}[slot], id


# Which step leads from which state to which; the only table of the meeting's life.
TRANSITIONS: dict[tuple[str, MeetingState], MeetingState] = {
    ("publish", MeetingState.DRAFT): MeetingState.PUBLISHED,
    ("publish", MeetingState.POSTPONED): MeetingState.PUBLISHED,
    ("postpone", MeetingState.PUBLISHED): MeetingState.POSTPONED,
    ("cancel", MeetingState.DRAFT): MeetingState.CANCELLED,
    ("cancel", MeetingState.PUBLISHED): MeetingState.CANCELLED,
    ("cancel", MeetingState.POSTPONED): MeetingState.CANCELLED,
    ("reinstate", MeetingState.CANCELLED): MeetingState.PUBLISHED,
    ("hold", MeetingState.PUBLISHED): MeetingState.HELD,
    ("close", MeetingState.HELD): MeetingState.CLOSED,
}
STEPS_FOR_REASON = frozenset({"postpone", "cancel"})
# In these states a meeting's people and room are held in the ledger.
HOLDING = frozenset({MeetingState.DRAFT, MeetingState.PUBLISHED, MeetingState.HELD, MeetingState.CLOSED})
EDITABLE = frozenset({MeetingState.DRAFT, MeetingState.PUBLISHED, MeetingState.POSTPONED})
# In these nobody is to come at the time that calendars know.
OFF = frozenset({MeetingState.POSTPONED, MeetingState.CANCELLED})
PUBLIC_STATES = frozenset(
    {
        MeetingState.PUBLISHED,
        MeetingState.HELD,
        MeetingState.CLOSED,
        MeetingState.POSTPONED,
        MeetingState.CANCELLED,
    }
)


def next_state(step: str, state: MeetingState) -> MeetingState | None:
    """Return the state that `step` leads to from `state`, or None where it is not allowed."""
    return TRANSITIONS.get((step, state))


def steps_from(state: MeetingState) -> list[str]:
    """Return the steps that a page may offer in this state."""
    return [step for step, source in TRANSITIONS if source == state]


# The highest that an organizer may set for the room, for one firm, and for the hours before the start.
MOST = {"seat_limit": 999, "firm_limit": 99, "spill_hours": 168}


@dataclass(frozen=True)
class PlannedPerson:
    """Somebody to be invited; a deputy head who comes for the head names the head and the reason."""

    person_id: int
    role: RoleCode
    unit_id: int | None = None
    is_lead: bool = False
    title: str = ""
    stand_in_for_id: int | None = None
    stand_in_reason: str = ""


@dataclass(frozen=True)
class MeetingPlan:
    """All that an organizer decides about a meeting. Moments are aware UTC; `seats` are per role; for the other
    numbers see `Meeting`."""

    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime
    place_kind: PlaceKind = PlaceKind.ROOM
    station_id: int | None = None
    room_id: int | None = None
    place_text: str = ""
    is_public: bool = True
    signup_opens_at: datetime | None = None
    signup_closes_at: datetime | None = None
    about: str = ""
    agenda: str = ""
    notice: str = ""
    seats: tuple[tuple[RoleCode, int], ...] = ()
    seat_limit: int | None = None
    firm_limit: int | None = None
    spill_hours: int | None = None
    people: tuple[PlannedPerson, ...] = ()


def sent_by_others(people: Sequence[PlannedPerson]) -> list[PlannedPerson]:
    """Return who comes because somebody earlier on the list sent them, and not by the organizer's choice."""
    earlier: set[int | None] = set()
    sent = []
    for one in people:
        if one.stand_in_for_id in earlier:
            sent.append(one)
        earlier.add(one.person_id)
    return sent


Span = tuple[datetime, datetime]


def overlaps(one: Span, other: Span) -> bool:
    """Return whether two half-open spans share a moment; touching ends do not."""
    return one[0] < other[1] and other[0] < one[1]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return the spans by time, those that touch or overlap as one."""
    whole: list[Span] = []
    for start, end in sorted(spans):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


def free_starts(
    taken: Sequence[Span], wanted: Span, windows: Iterable[Span], *, limit: int, step: timedelta = GRID
) -> list[datetime]:
    """Return up to `limit` starts, nearest to the wanted one first, at which a meeting of the same length
    overlaps nothing in `taken` and lies within one of `windows` (opening hours of some days)."""
    length = wanted[1] - wanted[0]
    found = []
    for opens, closes in windows:
        start = opens
        while start + length <= closes:
            if start != wanted[0] and not any(overlaps((start, start + length), span) for span in taken):
                found.append(start)
            start += step
    found.sort(key=lambda start: (abs(start - wanted[0]), start))
    return found[:limit]


def spread(starts: Sequence[datetime], *, limit: int, apart: timedelta) -> list[datetime]:
    """Return up to `limit` of `starts`, in their order, none nearer than `apart` to one already taken."""
    chosen: list[datetime] = []
    for start in starts:
        if all(abs(start - other) >= apart for other in chosen):
            chosen.append(start)
        if len(chosen) == limit:
            break
    return chosen


class Timed(Protocol):
    """What the clock needs to know of a meeting."""

    state: Any
    is_public: Any
    starts_at: Any
    ends_at: Any
    first_starts_at: Any
    signup_opens_at: Any
    signup_closes_at: Any
    pools: Any


def is_signup_open(
    state: MeetingState,
    opens_at: datetime | None,
    closes_at: datetime | None,
    starts_at: datetime,
    now: datetime,
) -> bool:
    """Return whether the public may sign up at `now`; a deadline includes its last second (RULES 2.1)."""
    if state != MeetingState.PUBLISHED or now >= starts_at:
        return False
    return (opens_at is None or opens_at <= now) and (closes_at is None or now <= closes_at)


def notice_by(kind: str, starts_at: datetime) -> datetime:
    """Return the moment by which a public notice must be out: the end of the day, as many days before the
    meeting as its kind says.

    Source: station rules of Henan, time, place and names three days before (DOMAIN 2.2).
    """
    midnight = from_local(local(starts_at).date(), time(0))
    return midnight - timedelta(days=KINDS[kind].notice_days - 1)


def phase(meeting: Timed, now: datetime) -> str:
    """Return the state that a tag shows: as stored, or 报名中, 进行中, 已改期 by the clock."""
    if meeting.state == MeetingState.PUBLISHED:
        if meeting.starts_at <= now < meeting.ends_at:
            return "live"
        window = (meeting.signup_opens_at, meeting.signup_closes_at, meeting.starts_at)
        has_seats = any(pool.role in SIGNUP_ROLES and pool.seats for pool in meeting.pools)
        if meeting.is_public and has_seats and is_signup_open(meeting.state, *window, now):
            return "open"
        if meeting.starts_at != meeting.first_starts_at:
            return "moved"
    return str(meeting.state)


def office_windows(day_starts: Sequence[datetime]) -> list[Span]:
    """Return 8:30–12:00 and 14:30–18:00 of days given by their local midnight, as times a person would offer."""
    windows = []
    for midnight in day_starts:
        for opens, closes in ((510, 720), (870, 1080)):
            windows.append((midnight + timedelta(minutes=opens), midnight + timedelta(minutes=closes)))
    return windows
