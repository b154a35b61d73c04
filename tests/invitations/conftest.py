"""A meeting with one person of each sort: a head and a utility by mail, a deputy by mail, a deputy by telephone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.invitations import queries
from liaison_app.invitations.letters import answer_token
from liaison_app.invitations.models import Invitation
from liaison_app.messages.models import Message
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person, PostKind
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.stations.models import Room
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.stations import make_room, make_station

NOON = datetime(2026, 11, 10, 4, 0, tzinfo=UTC)
STARTS = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@dataclass
class Scene:
    """Who and where; `meeting_id` is a draft until `publish`."""

    host: OrgUnit
    bureau: OrgUnit
    room: Room
    head: Person
    deputy_head: Person
    deputy: Person
    by_phone: Person
    meeting_id: int

    @property
    def meeting(self) -> Meeting:
        return db.session.get_one(Meeting, self.meeting_id)

    def step(self, name: str, **more: Any) -> None:
        """Take a step of the meeting's life: publish, postpone, cancel."""
        with transaction():
            getattr(scheduling, name)(self.meeting_id, version=self.meeting.version, by=None, **more)

    def revise(self, **changes: Any) -> None:
        """Change the plan; `people` is a function of the old list."""
        with transaction():
            plan = scheduling.as_plan(self.meeting)
            change_people: Callable[..., Any] = changes.pop("people", lambda people: people)
            plan = replace(plan, **changes, people=tuple(change_people(plan.people)))
            scheduling.revise(self.meeting_id, plan, version=self.meeting.version, by=None)

    def move(self, **delta: int) -> None:
        self.revise(
            starts_at=self.meeting.starts_at + timedelta(**delta),
            ends_at=self.meeting.ends_at + timedelta(**delta),
        )

    def invitation(self, person: Person) -> Invitation:
        return next(
            one for one in queries.list_of_meeting(self.meeting_id) if one.participant.person_id == person.id
        )

    def link(self, person: Person) -> str:
        return f"/a/{answer_token(self.invitation(person))}"

    def messages(self, person: Person) -> list[Message]:
        """Return what was written to somebody, the oldest first."""
        thread = f"invitation-{self.invitation(person).id}"
        return list(db.session.query(Message).filter_by(thread=thread).order_by(Message.id))


@pytest.fixture
def noon():
    with clock.frozen(NOON):
        yield


@pytest.fixture
def scene(app: Flask, noon: None) -> Scene:
    starts_at = clock.now() + (STARTS - NOON)
    with transaction():
        district = make_unit("测试区", OrgKind.DISTRICT)
        host = make_unit("测试街道人大工委", parent=district)
        room = make_room(make_station("测试街人大代表联络站", parent=host))
        bureau = make_unit("测试区城管局", OrgKind.BUREAU, parent=district, short_name="城管局")
        head = make_official(bureau, "程试一", email="head@example.test")
        deputy_head = make_official(
            bureau, "何试二", kind=PostKind.DEPUTY_HEAD, title="副局长", email="second@example.test"
        )
        deputy = make_deputy("王试三", email="deputy@example.test")
        by_phone = make_deputy("赵试四", mobile="13900000004")
        meeting = scheduling.create_meeting(
            MeetingPlan(
                kind="face_bureau",
                title="供暖专场",
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=2),
                station_id=room.station_id,
                room_id=room.id,
                agenda="一、通报\n二、提问",
                people=(
                    PlannedPerson(head.id, RoleCode.BUREAU_HEAD, bureau.id, True, "局长"),
                    PlannedPerson(deputy.id, RoleCode.DEPUTY),
                    PlannedPerson(by_phone.id, RoleCode.DEPUTY),
                ),
            ),
            unit_id=host.id,
            by=None,
        )
        meeting_id = meeting.id
    return Scene(host, bureau, room, head, deputy_head, deputy, by_phone, meeting_id)


@pytest.fixture
def published(scene: Scene) -> Scene:
    scene.step("publish")
    return scene
