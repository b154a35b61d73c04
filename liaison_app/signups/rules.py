"""Who gets a seat, who waits, who moves up: decided without a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from liaison_app.core.text import from_local, local
from liaison_app.scheduling.kinds import SIGNUP_ROLES, MeetingState, RoleCode

from .errors import MeetingOff, NotYetOpen, PoolFull, SignUpClosed, SignUpRefused
from .kinds import Door, SignUpState

# Rises with every change of /privacy; each sign-up keeps the one its applicant agreed to.
PRIVACY_VERSION = "2026-12"
NAMES_PER_MOBILE = 2
# Sign-ups of one number at one meeting, those withdrawn among them: whoever goes on after that asks too often.
TRIES_PER_MOBILE = 6


@dataclass(frozen=True)
class Applicant:
    """Who asks for a seat. `mobile` is in normal form; `needs` are words of `kinds.NEEDS`."""

    name: str
    mobile: str
    organisation: str = ""
    question: str = ""
    needs: tuple[str, ...] = ()
    privacy_version: str = ""


@dataclass(frozen=True)
class PoolSeats:
    """The seats of one role: `taken` by the confirmed or, where people are invited, by who is expected.

    `room` is how many more people the room holds, below 0 where it is too small by now, or None where nothing
    limits it. `last_at` is when the last live sign-up came in. `claimed` is how many who wait for other roles
    may have these seats too, once the meeting shares them out (`is_shared`).
    """

    pool_id: int
    role: RoleCode
    seats: int
    taken: int = 0
    waiting: int = 0
    wait_places: int = 0
    room: int | None = None
    last_at: datetime | None = None
    claimed: int = 0

    @property
    def takes_signups(self) -> bool:
        return self.role in SIGNUP_ROLES and self.seats > 0

    @property
    def free(self) -> int:
        """Seats that a newcomer can have. A free seat is never shown while somebody waits for it."""
        return 0 if self.waiting or self.claimed else self.openings

    @property
    def openings(self) -> int:
        """Seats that are neither taken nor beyond what the room holds; who waits has them first."""
        left = max(self.seats - self.taken, 0)
        return left if self.room is None else min(left, max(self.room, 0))

    @property
    def too_many(self) -> int:
        """How many people more than seats or room allow, after one of them became fewer."""
        return max(self.taken - self.seats, -(self.room or 0), 0)

    @property
    def can_wait(self) -> bool:
        """Whether one more may wait; nobody waits for a role that has no seats at all."""
        return self.seats > 0 and self.waiting < self.wait_places


def place_next(pool: PoolSeats) -> SignUpState:
    """Return where the next applicant of a pool goes: confirmed, or waiting. Raises PoolFull."""
    if pool.free:
        return SignUpState.CONFIRMED
    if pool.can_wait:
        return SignUpState.WAITING
    raise PoolFull(pool.seats, pool.wait_places)


# A seat freed later than this before the start is offered, and kept until an answer (RULES 2.3).
OFFERED_WITHIN = timedelta(hours=48)
# How long an offer stands, by how far off the start is.
OFFER_LENGTHS = (
    (timedelta(hours=30), timedelta(hours=24)),
    (timedelta(hours=8), timedelta(hours=4)),
    (timedelta(0), timedelta(hours=1)),
)
# An offer leaves time to be read, and time for the next person before the start.
SHORTEST_OFFER = timedelta(minutes=30)
LAST_CALL = timedelta(hours=1)
# Between these hours, on the clock on the wall, nobody has to answer.
WAKES, SLEEPS = time(8), time(21)
NIGHT = timedelta(hours=11)


def offer_until(starts_at: datetime, now: datetime) -> datetime | None:
    """Return until when a seat freed now is kept for an answer, or None where it is simply given.

    That is the case long before the start, and so shortly before it that no offer could end in time. No offer
    ends between 21:00 and 08:00: hours of the night are not counted.
    """
    left = starts_at - now
    if left > OFFERED_WITHIN:
        return None
    length = next((length for above, length in OFFER_LENGTHS if left > above), timedelta(0))
    begin = local(now)
    end = _morning(begin) + length if is_night(begin) else begin + length
    if is_night(end):
        end += NIGHT
    last = local(starts_at - LAST_CALL)
    until = min(end, _morning(last) if is_night(last) else last).astimezone(UTC)
    return until if now + SHORTEST_OFFER <= until < starts_at else None


def is_night(at: datetime) -> bool:
    """Return whether a local moment lies in the hours when nobody has to answer."""
    return not WAKES <= at.time() < SLEEPS


def _morning(at: datetime) -> datetime:
    """Return the end of the night in which a local moment lies."""
    day = at.date() + timedelta(days=at.time() >= SLEEPS)
    return local(from_local(day, WAKES))


def is_late(until: datetime, now: datetime) -> bool:
    """Return whether the time to answer has run out; a deadline includes its last second (RULES 2.1)."""
    return now > until


def room_left(seat_limit: int | None, capacity: int | None, expected: int, confirmed: int) -> int | None:
    """Return how many more people the room holds, below 0 where it is too small, or None where nothing limits it.

    The smaller of the organizer's limit and the room's capacity counts; it holds everybody: who is
    expected at the table as well as who signed up.
    """
    limits = [limit for limit in (seat_limit, capacity) if limit is not None]
    return min(limits) - expected - confirmed if limits else None


def move_up(pools: Iterable[PoolSeats], queue: Sequence[tuple[int, int]]) -> list[int]:
    """Return the ids of who moves up from the wait list, first come first served over all pools.

    `queue` is (sign-up id, pool id) of everybody who waits, in order. Who cannot move because the own
    pool is full is passed by those of other pools, and keeps the place.
    """
    openings = {pool.pool_id: pool.openings for pool in pools}
    room = next((pool.room for pool in pools if pool.room is not None), len(queue))
    moved = []
    for signup_id, pool_id in queue:
        if room > 0 and openings.get(pool_id, 0) > 0:
            openings[pool_id] -= 1
            room -= 1
            moved.append(signup_id)
    return moved


def is_shared(starts_at: datetime, spill_hours: int | None, now: datetime) -> bool:
    """Return whether seats that nobody of their role waits for go to who waits for another role."""
    return spill_hours is not None and starts_at - timedelta(hours=spill_hours) <= now < starts_at


def share_out(pools: Iterable[PoolSeats], queue: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return (sign-up id, pool whose seat it gets) of who moves up into seats of other roles, first come first.

    For what `move_up` leaves: a seat still open then has nobody of its own role waiting. `queue` as there.
    Seats of those who are invited stay theirs.
    """
    lending = [pool for pool in pools if pool.takes_signups]
    seats = [pool.pool_id for pool in lending for _ in range(pool.openings)]
    room = min((pool.room for pool in lending if pool.room is not None), default=len(queue))
    return [(signup_id, seat) for (signup_id, _), seat in zip(queue, seats[: max(room, 0)], strict=False)]


def lender(pool: PoolSeats, pools: Iterable[PoolSeats]) -> int | None:
    """Return the pool of another role whose free seat a newcomer of `pool` may have once seats are shared out."""
    if pool.free or pool.waiting:
        return None
    return next((one.pool_id for one in pools if one.takes_signups and one.free), None)


@dataclass(frozen=True)
class Hours:
    """The times of a meeting that decide whether its sign-up is open; all aware, UTC.

    `ended_at` is when a postponed or cancelled meeting was taken off.
    """

    state: MeetingState
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    ended_at: datetime | None = None


_OFF = {MeetingState.POSTPONED: Door.POSTPONED, MeetingState.CANCELLED: Door.CANCELLED}


def door(hours: Hours, pools: Sequence[PoolSeats], now: datetime) -> tuple[Door, datetime | None]:
    """Return how the public finds the sign-up, and since when or until when (None where no moment says it).

    A deadline includes its last second (RULES 2.1). “Full” is since the last live sign-up.
    """
    taking = [pool for pool in pools if pool.takes_signups]
    if hours.state in _OFF:
        return _OFF[hours.state], hours.ended_at
    if hours.state != MeetingState.PUBLISHED or now >= hours.ends_at:
        return Door.OVER, hours.ends_at
    if now >= hours.starts_at:
        return Door.RUNNING, hours.starts_at
    if not taking:
        return Door.NONE, None
    if hours.opens_at is not None and now < hours.opens_at:
        return Door.NOT_YET, hours.opens_at
    if hours.closes_at is not None and now > hours.closes_at:
        return Door.CLOSED, hours.closes_at
    if any(pool.free for pool in taking):
        return Door.OPEN, hours.closes_at
    last = max((pool.last_at for pool in taking if pool.last_at), default=None)
    return (Door.QUEUE if any(pool.can_wait for pool in taking) else Door.FULL), last


def why_shut(hours: Hours, now: datetime, *, by_staff: bool = False) -> SignUpRefused | None:
    """Return why nobody may sign up now, or None.

    The staff of the station goes on writing people down until the meeting begins.
    """
    if hours.state != MeetingState.PUBLISHED:
        return MeetingOff()
    if now >= hours.starts_at:
        return SignUpClosed(hours.starts_at)
    if by_staff:
        return None
    if hours.opens_at is not None and now < hours.opens_at:
        return NotYetOpen(hours.opens_at)
    if hours.closes_at is not None and now > hours.closes_at:
        return SignUpClosed(hours.closes_at)
    return None


def may_leave(hours: Hours, now: datetime) -> bool:
    """Return whether somebody may still give the seat back: until the meeting begins, or while it has no time."""
    if hours.state == MeetingState.POSTPONED:
        return True
    return hours.state == MeetingState.PUBLISHED and now < hours.starts_at


def is_moving(hours: Hours, now: datetime) -> bool:
    """Return whether the wait list moves: a published meeting that has not begun."""
    return hours.state == MeetingState.PUBLISHED and now < hours.starts_at


def numbered(queue: Iterable[tuple[int, int]]) -> Mapping[int, int]:
    """Return the place of each sign-up that waits, counted within its pool; `queue` as in `move_up`."""
    places: dict[int, int] = {}
    reached: dict[int, int] = {}
    for signup_id, pool_id in queue:
        reached[pool_id] = places[signup_id] = reached.get(pool_id, 0) + 1
    return places
