"""Clients that book, move and call off at random, all at once, over few rooms and people."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest

from liaison_app.core import clock
from liaison_app.core.db import get, transaction
from liaison_app.scheduling import services
from liaison_app.scheduling.errors import Conflict
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy
from tests.factories.stations import make_room
from tests.parts.crowds import Call, Crowd
from tests.parts.databases import Database
from tests.parts.ledgers import GUARD_OFF, count_overlaps, live_rows, owed_rows
from tests.parts.report import remark

sizes = pytest.mark.parametrize(
    ("clients", "steps"), [(12, 10), pytest.param(40, 40, marks=pytest.mark.storm)], ids=["crowd", "storm"]
)


class Organizer:
    """One client with its own meetings and its own luck."""

    def __init__(self, seed: int, unit_id: int, plans: list[MeetingPlan]):
        self.chance = Random(seed)
        self.unit_id = unit_id
        self.plans = plans
        self.mine: list[int] = []

    def step(self) -> None:
        plan = self.chance.choice(self.plans)
        choice = self.chance.random() if self.mine else 0
        if choice < 0.5:
            with transaction():
                meeting_id = services.create_meeting(plan, unit_id=self.unit_id, by=None).id
            self.mine.append(meeting_id)
        elif choice < 0.8:
            meeting_id = self.chance.choice(self.mine)
            with transaction():
                services.revise(meeting_id, plan, version=get(Meeting, meeting_id).version, by=None)
        else:
            meeting_id = self.mine.pop()
            with transaction():
                version = get(Meeting, meeting_id).version
                services.cancel(meeting_id, reason="不开了", version=version, by=None)


def work(seed: int, steps: int, unit_id: int, plans: list[MeetingPlan]) -> list[str]:
    """Take so many steps; return what each refusal says, with a blocker that is named."""
    organizer, said = Organizer(seed, unit_id, plans), []
    for _ in range(steps):
        try:
            organizer.step()
        except Conflict as refusal:
            said.append(str(refusal))
    return said


@pytest.fixture
def calls(app):
    """Make the work of so many clients over three rooms, four people and twelve half hours."""

    def make(clients: int, steps: int) -> list[Call]:
        with transaction():
            unit_id = make_unit().id
            rooms = [make_room().id for _ in range(3)]
            people = [make_deputy().id for _ in range(4)]
        nine = (clock.now() + timedelta(days=1)).replace(hour=1, minute=0, second=0)
        plans = [
            _plan(nine + timedelta(minutes=30 * half_hour), room, (people[half_hour % 4], people[room % 4]))
            for half_hour in range(12)
            for room in rooms
        ]
        return [(work, seed, steps, unit_id, plans) for seed in range(clients)]

    return make


def _plan(starts_at: datetime, room_id: int, people: tuple[int, int]) -> MeetingPlan:
    return MeetingPlan(
        kind="reception",
        title="接待选民日",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        room_id=room_id,
        people=tuple(PlannedPerson(person_id, RoleCode.DEPUTY) for person_id in sorted(set(people))),
    )


@sizes
def test_no_order_of_steps_books_double(crowd: Crowd, calls, database: Database, clients, steps):
    refused = sum(len(said) for said in crowd.rush(calls(clients, steps)))
    assert refused
    assert count_overlaps() == 0
    assert live_rows() == owed_rows()
    if clients * steps > 1000:
        remark(f"{database.engine}: {refused} of {clients * steps} steps refused, no overlap")


def test_without_the_guard_the_same_steps_do(crowd: Crowd, calls, spoil, database: Database):
    spoil(*GUARD_OFF[database.engine])
    assert not any(crowd.rush(calls(12, 10)))
    assert count_overlaps() > 12
