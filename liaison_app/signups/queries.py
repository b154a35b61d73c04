"""Reads about sign-ups: seats of a meeting, who holds them, who waits where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, case, exists, func, select, tuple_
from sqlalchemy.orm import contains_eager, joinedload

from liaison_app.core import clock
from liaison_app.core.db import db, get, keyed_hash
from liaison_app.core.errors import Missing
from liaison_app.core.text import name_key
from liaison_app.core.tokens import digest
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.scheduling.models import Meeting, Participant, Pool
from liaison_app.scheduling.rules import PUBLIC_STATES
from liaison_app.stations.models import Room

from .kinds import LIVE, SignUpState
from .models import SignUp
from .rules import Hours, PoolSeats, is_shared, numbered, room_left

# Statements that every page and every sign-up asks, made once.
_IS_EXPECTED = and_(Participant.removed_at.is_(None), Participant.declined_at.is_(None))
_AT_TABLE = (
    select(
        Participant.role,
        Person.name,
        Participant.title,
        func.coalesce(OrgUnit.short_name, ""),
        Participant.stand_in_for_id.is_not(None),
    )
    .join(Person, Participant.person_id == Person.id)
    .outerjoin(OrgUnit, Participant.unit_id == OrgUnit.id)
    .where(Participant.meeting_id == bindparam("meeting_id"), _IS_EXPECTED)
    .order_by(Participant.position, Participant.id)
)
_EXPECTED = select(func.count()).where(Participant.meeting_id == Pool.meeting_id, _IS_EXPECTED)
# One row per pool: how many are confirmed and wait, when the last of them came, how many are expected by
# invitation in its role and in all, and what the room holds.
_SEATS = (
    select(
        Pool.id,
        Pool.role,
        Pool.seats,
        Pool.wait_places,
        func.count(case((SignUp.state == SignUpState.CONFIRMED, 1))).label("confirmed"),
        func.count(case((SignUp.state == SignUpState.WAITING, 1))).label("waiting"),
        func.max(SignUp.signed_up_at).label("last_at"),
        _EXPECTED.where(Participant.role == Pool.role).scalar_subquery().label("expected"),
        _EXPECTED.scalar_subquery().label("expected_in_all"),
        Meeting.seat_limit,
        Meeting.starts_at,
        Meeting.spill_hours,
        Room.capacity,
    )
    .join(Meeting, Pool.meeting_id == Meeting.id)
    .outerjoin(Room, Meeting.room_id == Room.id)
    .outerjoin(
        SignUp,
        (SignUp.meeting_id == Pool.meeting_id)
        & (func.coalesce(SignUp.seat_pool_id, SignUp.pool_id) == Pool.id)
        & SignUp.state.in_(LIVE),
    )
    .where(Pool.meeting_id == bindparam("meeting_id"))
    .group_by(Pool.id, Meeting.seat_limit, Meeting.starts_at, Meeting.spill_hours, Room.capacity)
    .order_by(Pool.position, Pool.id)
)


class AtTable(NamedTuple):
    """Somebody who is expected at the table, as the public reads it."""

    role: RoleCode
    name: str
    title: str
    unit: str
    is_stand_in: bool


def get_public_page(code: str) -> Meeting:
    """Return the meeting that the public sees under a code typed or scanned by anybody, or raise Missing."""
    if not code.isprintable():
        raise Missing
    meeting = db.session.scalar(
        select(Meeting)
        .where(Meeting.code == code, Meeting.is_public, Meeting.state.in_(PUBLIC_STATES))
        .options(joinedload(Meeting.unit), joinedload(Meeting.room))
    )
    if meeting is None:
        raise Missing
    return meeting


def list_at_table(meeting_id: int) -> list[AtTable]:
    """Return who is expected at a meeting, in its order; of each person no more than a page shows."""
    return [AtTable(*row) for row in db.session.execute(_AT_TABLE, {"meeting_id": meeting_id})]


def get_by_token(token: str) -> SignUp:
    """Return the sign-up of a ticket's link with its meeting, or raise Missing."""
    signup = db.session.scalar(
        select(SignUp)
        .where(SignUp.token_hash == digest(token))
        .options(
            joinedload(SignUp.pool),
            joinedload(SignUp.meeting).joinedload(Meeting.room),
            joinedload(SignUp.meeting).joinedload(Meeting.station),
        )
    )
    if signup is None:
        raise Missing
    return signup


def get_hosted(meeting_id: int, signup_id: int) -> SignUp:
    """Return a sign-up of this meeting, and of no other (SECURITY A7), or raise Missing."""
    signup = get(SignUp, signup_id)
    if signup.meeting_id != meeting_id:
        raise Missing
    return signup


def get_meeting_id(pool_id: int) -> int:
    """Return the meeting of a pool, without keeping the pool, so that it is read again under the lock."""
    meeting_id = db.session.scalar(select(Pool.meeting_id).where(Pool.id == pool_id))
    if meeting_id is None:
        raise Missing
    return meeting_id


def mobile_key(mobile: str) -> str:
    """Return the keyed hash by which the sign-ups of a number in normal form are found."""
    return keyed_hash("mobile", mobile)


def hours_of(meeting: Meeting) -> Hours:
    return Hours(
        state=meeting.state,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        opens_at=meeting.signup_opens_at,
        closes_at=meeting.signup_closes_at,
        ended_at=meeting.ended_state_at,
    )


def list_seats(meeting_id: int) -> list[PoolSeats]:
    """Return the seats of each role of a meeting, in its order, by one statement.

    The deputies' seats are taken by those of them who are expected.
    """
    pools = db.session.execute(_SEATS, {"meeting_id": meeting_id}).all()
    now = clock.now()
    confirmed, waiting = sum(pool.confirmed for pool in pools), sum(pool.waiting for pool in pools)
    return [
        PoolSeats(
            pool_id=pool.id,
            role=pool.role,
            seats=pool.seats,
            taken=pool.confirmed + pool.expected,
            waiting=pool.waiting,
            wait_places=pool.wait_places,
            room=room_left(pool.seat_limit, pool.capacity, pool.expected_in_all, confirmed),
            last_at=pool.last_at,
            claimed=waiting - pool.waiting if is_shared(pool.starts_at, pool.spill_hours, now) else 0,
        )
        for pool in pools
    ]


def list_roster(meeting_id: int) -> Sequence[SignUp]:
    """Return all sign-ups of a meeting, pool by pool in the order in which they came, those withdrawn too."""
    wanted = (
        select(SignUp)
        .join(SignUp.pool)
        .where(SignUp.meeting_id == meeting_id)
        .options(contains_eager(SignUp.pool))
        .order_by(Pool.position, Pool.id, SignUp.signed_up_at, SignUp.id)
    )
    return list(db.session.scalars(wanted))


def list_live(meeting_id: int) -> Sequence[SignUp]:
    """Return who holds a seat or waits, in the order in which they came."""
    wanted = select(SignUp).where(SignUp.meeting_id == meeting_id, SignUp.state.in_(LIVE))
    return list(db.session.scalars(wanted.order_by(SignUp.signed_up_at, SignUp.id)))


def list_of_mobile(meeting_id: int, key: str) -> Sequence[SignUp]:
    """Return all sign-ups of one number at one meeting."""
    wanted = select(SignUp).where(SignUp.meeting_id == meeting_id, SignUp.mobile_key == key)
    return list(db.session.scalars(wanted.order_by(SignUp.id)))


def count_of_firm(meeting_id: int, firm: str) -> int:
    """Return how many who hold a seat or wait come for a firm, however its name was spaced or written."""
    named = db.session.scalars(
        select(SignUp.organisation).where(
            SignUp.meeting_id == meeting_id, SignUp.state.in_(LIVE), SignUp.organisation != ""
        )
    )
    return sum(name_key(one) == name_key(firm) for one in named)


def list_to_share(before: datetime) -> Sequence[int]:
    """Return the meetings ahead, none that starts after `before`, where somebody waits and seats are shared out."""
    wanted = select(Meeting.id).where(
        Meeting.state == MeetingState.PUBLISHED,
        Meeting.starts_at.between(clock.now(), before),
        Meeting.spill_hours.is_not(None),
        exists().where(SignUp.meeting_id == Meeting.id, SignUp.state == SignUpState.WAITING),
    )
    return list(db.session.scalars(wanted))


def list_overdue(meeting_id: int | None = None) -> Sequence[SignUp]:
    """Return whose time to answer an offer has run out, the first first; of one meeting or of all."""
    wanted = select(SignUp).where(SignUp.state == SignUpState.CONFIRMED, SignUp.offer_until < clock.now())
    if meeting_id is not None:
        wanted = wanted.where(SignUp.meeting_id == meeting_id)
    return list(db.session.scalars(wanted.order_by(SignUp.offer_until, SignUp.id)))


def list_queue(meeting_id: int) -> list[tuple[int, int]]:
    """Return (sign-up id, pool id) of everybody who waits, first come first."""
    rows = db.session.execute(
        select(SignUp.id, SignUp.pool_id)
        .where(SignUp.meeting_id == meeting_id, SignUp.state == SignUpState.WAITING)
        .order_by(SignUp.signed_up_at, SignUp.id)
    )
    return [(row.id, row.pool_id) for row in rows]


def queue_places(meeting_id: int) -> dict[int, int]:
    """Return the place of each sign-up that waits, counted within its role."""
    return dict(numbered(list_queue(meeting_id)))


def find_place(signup: SignUp) -> int | None:
    """Return the place of one sign-up among those that wait for its role, or None where it does not wait."""
    if signup.state != SignUpState.WAITING:
        return None
    before = tuple_(SignUp.signed_up_at, SignUp.id) <= tuple_(signup.signed_up_at, signup.id)
    return db.session.scalar(
        select(func.count()).where(
            SignUp.pool_id == signup.pool_id, SignUp.state == SignUpState.WAITING, before
        )
    )


def is_code_taken(meeting_id: int, code: str) -> bool:
    """Return whether a ticket of this meeting bears the code already."""
    wanted = select(SignUp.id).where(SignUp.meeting_id == meeting_id, SignUp.ticket_code == code)
    return db.session.scalar(wanted) is not None
