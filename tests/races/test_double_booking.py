"""Many organizers want the same room or person at once: one gets it, with the guard; without it, all do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.scheduling import services
from liaison_app.scheduling.errors import Conflict
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting, Occupancy
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy
from tests.factories.stations import make_room
from tests.parts.crowds import Call, Crowd
from tests.parts.databases import Database
from tests.parts.ledgers import GUARD_OFF, count_overlaps, live_rows, owed_rows

HOUR = timedelta(hours=1)


class World:
    """A street with forty rooms and forty deputies, nothing booked yet."""

    def __init__(self):
        with transaction():
            self.unit = make_unit().id
            self.rooms = [make_room(name=f"{n} 号").id for n in range(40)]
            self.deputies = [make_deputy().id for _ in range(40)]
        tomorrow = clock.now() + timedelta(days=1)
        self.nine = tomorrow.replace(hour=1, minute=0, second=0)

    def plan(self, title: str, room: int = 0, people: tuple[int, ...] = (), *, after: int = 0) -> MeetingPlan:
        """Return two hours in a room, `after` hours after nine."""
        starts_at = self.nine + after * HOUR
        return MeetingPlan(
            kind="reception",
            title=title,
            starts_at=starts_at,
            ends_at=starts_at + 2 * HOUR,
            room_id=self.rooms[room],
            people=tuple(PlannedPerson(self.deputies[one], RoleCode.DEPUTY) for one in people),
        )

    def booking(self, *given, **more) -> Call:
        return book, self.plan(*given, **more), self.unit


@pytest.fixture
def world(app) -> World:
    return World()


# --- what one client does ----------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a client was told: the meeting that stands now, or whom a refusal names."""

    meeting_id: int | None = None
    title: str = ""
    blockers: frozenset[int] = field(default_factory=frozenset)
    said: str = ""


def book(plan: MeetingPlan, unit_id: int) -> Answer:
    return _ask(plan, lambda: services.create_meeting(plan, unit_id=unit_id, by=None))


def move(meeting_id: int, plan: MeetingPlan) -> Answer:
    return _ask(plan, lambda: services.revise(meeting_id, plan, version=1, by=None))


def _ask(plan: MeetingPlan, step: Callable[[], Meeting]) -> Answer:
    try:
        with transaction():
            return Answer(step().id, plan.title)
    except Conflict as refusal:
        named = frozenset(blocker.meeting_id for blocker in refusal.blockers)
        return Answer(None, plan.title, named, str(refusal))


# --- what many of them want, of which only one can have it -------------------


def one_slot(world: World) -> list[Call]:
    return [world.booking(f"{n} 号来的") for n in range(40)]


def nine_to_eleven_and_ten_to_twelve(world: World) -> list[Call]:
    return [world.booking(f"{n} 号来的", after=n % 2) for n in range(40)]


def one_person_in_two_rooms(world: World) -> list[Call]:
    return [world.booking(f"{n} 号来的", n % 2, (7,)) for n in range(20)]


def one_person_whom_everybody_wants_last(world: World) -> list[Call]:
    """Each has a room and a deputy of its own; the deputy whom all want is the last that they book."""
    return [world.booking(f"{n} 号来的", n, (n, 39)) for n in range(20)]


def moves_and_bookings(world: World) -> list[Call]:
    """Ten meetings move to the time and room that ten others book."""
    calls = []
    for n in range(10):
        with transaction():
            there = services.create_meeting(
                world.plan(f"{n} 号", n + 1, (n,)), unit_id=world.unit, by=None
            ).id
        calls.append((move, there, world.plan(f"{n} 号搬来", people=(n,), after=3)))
        calls.append(world.booking(f"{n} 号来的", people=(n + 10,), after=3))
    return calls


STORMS = [
    one_slot,
    nine_to_eleven_and_ten_to_twelve,
    one_person_in_two_rooms,
    one_person_whom_everybody_wants_last,
    moves_and_bookings,
]
each_storm = pytest.mark.parametrize("storm", STORMS, ids=lambda storm: storm.__name__)


@each_storm
def test_one_gets_it_and_the_others_are_told_who(crowd: Crowd, world: World, storm):
    answers = crowd.rush(storm(world))
    winners = [answer for answer in answers if answer.meeting_id]
    assert len(winners) == 1
    for answer in answers:
        if answer is not winners[0]:
            assert answer.blockers == {winners[0].meeting_id}
            assert winners[0].title in answer.said
    assert count_overlaps() == 0
    # Nothing is left of who lost, no meeting and no booking; and what wanted to move is where it was.
    assert live_rows() == owed_rows()
    given_back = {id for (id,) in db.session.query(Occupancy.meeting_id).filter(~Occupancy.live)}
    assert given_back <= {winners[0].meeting_id}
    titles = {title for (title,) in db.session.query(Meeting.title)}
    assert not titles & {answer.title for answer in answers if answer is not winners[0]}


@each_storm
def test_without_the_guard_the_same_clients_book_double(
    crowd: Crowd, world: World, spoil, database: Database, storm
):
    spoil(*GUARD_OFF[database.engine])
    answers = crowd.rush(storm(world))
    assert all(answer.meeting_id for answer in answers)
    assert count_overlaps() > len(answers)


def test_what_is_given_back_between_the_refusal_and_its_answer_is_had_after_all(
    world: World, database: Database
):
    if database.engine == "sqlite":
        return  # who writes is alone there
    with transaction():
        services.create_meeting(world.plan("先来的"), unit_id=world.unit, by=None)

    def give_back(context):
        with db.engine.connect() as other:
            other.execute(text("UPDATE occupancy SET live = false"))
            other.commit()

    event.listen(Engine, "handle_error", give_back)
    try:
        with transaction():
            services.create_meeting(world.plan("后来的"), unit_id=world.unit, by=None)
    finally:
        event.remove(Engine, "handle_error", give_back)
    assert len(live_rows()) == 1
