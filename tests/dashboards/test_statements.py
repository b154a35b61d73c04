"""A page asks the database the same number of questions however much there is to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from liaison_app.access.permissions import Role
from liaison_app.core import clock
from liaison_app.core.db import get, transaction
from liaison_app.orgs.kinds import OrgKind
from liaison_app.scheduling import services
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.signups.kinds import SignUpState
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.signups import make_signup
from tests.factories.stations import make_membership, make_room
from tests.parts.databases import queries

AT_MOST = 30
PUBLIC = (
    "/", "/calendar", "/calendar?view=week", "/stations", "/stations/{station}", "/m/{code}", "/m/{code}.ics",
    "/calendar.ics",
)  # fmt: skip
STAFF = (
    "/desk", "/desk/calendar", "/meetings", "/meetings?when=all", "/meetings/{meeting}", "/meetings/{meeting}/edit",
    "/meetings/new", "/meetings/{meeting}/invitations", "/meetings/{meeting}/signups", "/people", "/messages",
)  # fmt: skip


class District:
    """A street that grows: each round adds a bureau, a station, a meeting with people, mails and sign-ups."""

    def __init__(self):
        with transaction():
            self.street = make_unit()
            self.clerk = make_account(Role.OFFICE, self.street)
            self.street_id = self.street.id
        self.days = 0
        self.params: dict[str, object] = {}

    def grow(self, rounds: int) -> None:
        for _ in range(rounds):
            with transaction():
                meeting = self.add_meeting()
                pool = next(pool for pool in meeting.pools if pool.role == RoleCode.CITIZEN)
                for state in (SignUpState.CONFIRMED, SignUpState.WAITING, SignUpState.WITHDRAWN):
                    make_signup(pool, state)
                self.params = self.params or {
                    "meeting": meeting.id, "code": meeting.code, "station": meeting.station_id,
                }  # fmt: skip

    def fill(self, meeting_id: int, people: int) -> None:
        """Invite more deputies to a meeting, and let more people sign up for it."""
        with transaction():
            meeting = get(Meeting, meeting_id)
            plan = services.as_plan(meeting)
            more = tuple(
                PlannedPerson(make_deputy(email="deputy@example.test").id, RoleCode.DEPUTY)
                for _ in range(people)
            )
            changed = replace(plan, people=plan.people + more)
            services.revise(meeting_id, changed, version=meeting.version, by=None)
            pool = next(pool for pool in meeting.pools if pool.role == RoleCode.CITIZEN)
            for _ in range(people):
                make_signup(pool)

    def add_meeting(self) -> Meeting:
        self.days += 1
        bureau = make_unit(f"第{self.days}局", OrgKind.BUREAU)
        head = make_official(bureau, email=f"head{self.days}@example.test")
        deputies = [make_deputy(mobile=f"137{self.days:04}{n:04}") for n in range(2)]
        room = make_room()
        for deputy in deputies:
            make_membership(room.station, deputy)
        starts_at = clock.now() + timedelta(days=1 + self.days % 3, hours=self.days)
        plan = MeetingPlan(
            kind="face_bureau",
            title=f"第{self.days}场",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
            room_id=room.id,
            seats=((RoleCode.DEPUTY, 2), (RoleCode.CITIZEN, 8)),
            people=(
                PlannedPerson(head.id, RoleCode.BUREAU_HEAD, bureau.id, is_lead=True, title="局长"),
                *(PlannedPerson(one.id, RoleCode.DEPUTY) for one in deputies),
            ),
        )
        meeting = services.create_meeting(plan, unit_id=self.street_id, by=None)
        return services.publish(meeting.id, version=meeting.version, by=None)


def count(client: FlaskClient, path: str) -> int:
    client.get(path)
    with queries(AT_MOST) as sent:
        assert client.get(path).status_code == 200
    return len(sent)


@pytest.fixture
def district(app) -> District:
    district = District()
    district.grow(2)
    return district


def test_more_to_show_is_no_more_to_ask(app, client, district):
    clerk = sign_in(app.test_client(), district.clerk)
    pages = [(client, path.format(**district.params)) for path in PUBLIC]
    pages += [(clerk, path.format(**district.params)) for path in STAFF]
    before = {path: count(who, path) for who, path in pages}
    district.grow(6)
    district.fill(district.params["meeting"], 6)
    assert {path: count(who, path) for who, path in pages} == before
