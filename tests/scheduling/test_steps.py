"""Each step of a meeting's life, by its button, from every state: what the table allows and no more (SECURITY J8, J9)."""

from datetime import timedelta

import pytest

from liaison_app.access.permissions import Role
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.scheduling import rules
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.stations.models import Room
from tests.factories.accounts import make_account, sign_in
from tests.factories.scheduling import make_meeting, make_participant
from tests.factories.stations import make_room
from tests.parts.databases import queries
from tests.scheduling.test_views import NOW, Office

STEPS = ("publish", "postpone", "cancel", "hold", "close")
# Written down once more by hand: what a change of the table has to change here as well.
ALLOWED = {
    ("publish", "draft"): "published",
    ("publish", "postponed"): "published",
    ("postpone", "published"): "postponed",
    ("cancel", "draft"): "cancelled",
    ("cancel", "published"): "cancelled",
    ("cancel", "postponed"): "cancelled",
    ("reinstate", "cancelled"): "published",
    ("hold", "published"): "held",
    ("close", "held"): "closed",
}
CASES = [(step, state) for step in STEPS for state in MeetingState]


@pytest.fixture
def clerk(client):
    with transaction():
        room = make_room()
        clerk = make_account(Role.STREET, room.station.unit)
    sign_in(client, clerk)
    client.room_id = room.id
    return client


def meeting_in(state: MeetingState, room_id: int, **facts) -> int:
    """Add a meeting in a state, begun where only what has begun can be in it; return its id."""
    over = state in (MeetingState.HELD, MeetingState.CLOSED)
    with transaction():
        meeting = make_meeting(
            room=db.session.get_one(Room, room_id),
            state=state,
            starts_at=clock.now() + timedelta(days=-1 if over else 7),
            published_at=None if state == MeetingState.DRAFT else clock.now(),
            kind="reception",
            **facts,
        )
        make_participant(meeting, role=RoleCode.DEPUTY)
        return meeting.id


def press(client, id: int, step: str, *, after: timedelta = timedelta(0), **more: str):
    fields = {"version": "1", "reason": "会场停电", "raised": "3", "solved": "1", **more}
    with clock.frozen(clock.now() + after):
        return client.post(f"/meetings/{id}/{step}", data=fields)


def state_of(id: int) -> str:
    db.session.rollback()
    return str(db.session.get_one(Meeting, id).state)


def test_the_table_is_the_one_that_was_agreed_on():
    assert {(step, str(state)): str(then) for (step, state), then in rules.TRANSITIONS.items()} == ALLOWED


@pytest.mark.parametrize(("step", "state"), CASES)
def test_a_button_does_what_the_table_allows_and_else_nothing(clerk, step, state):
    id = meeting_in(state, clerk.room_id)
    # A meeting is noted as held once it has begun, and nobody's session is that old.
    with transaction():
        if step == "hold" and state == MeetingState.PUBLISHED:
            meeting = db.session.get_one(Meeting, id)
            meeting.starts_at = clock.now() - timedelta(minutes=5)
    reply = press(clerk, id, step)
    assert reply.status_code == 303
    assert reply.location == f"/meetings/{id}"
    assert state_of(id) == ALLOWED.get((step, str(state)), str(state))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_not_offered_writes_nothing_at_all(clerk, step):
    barred = [state for state in MeetingState if (step, str(state)) not in ALLOWED]
    for state in barred:
        id = meeting_in(state, clerk.room_id)
        with queries(at_most=40) as sent:
            press(clerk, id, step)
            clerk.get(f"/meetings/{id}/{step}")
        written = [one for one in sent if one.startswith(("INSERT", "UPDATE", "DELETE"))]
        assert [one for one in written if "browser_session" not in one] == [], state


@pytest.mark.parametrize("state", [MeetingState.HELD, MeetingState.CLOSED, MeetingState.CANCELLED])
def test_what_is_over_or_off_cannot_be_edited(clerk, state):
    id = meeting_in(state, clerk.room_id)
    reply = clerk.post(f"/meetings/{id}/edit", data={"title": "另一个主题", "version": "1", "do": "save"})
    assert (reply.status_code, reply.location) == (303, f"/meetings/{id}")
    assert db.session.get_one(Meeting, id).title != "另一个主题"


def test_a_step_by_a_name_that_is_none_is_no_page(clerk):
    id = meeting_in(MeetingState.DRAFT, clerk.room_id)
    for step in ("approve", "reopen", "delete", "draft", "PUBLISH", "publish%00", "../publish"):
        assert press(clerk, id, step).status_code in (404, 405), step
    assert state_of(id) == "draft"


def test_nothing_is_published_for_a_time_that_is_over_or_held_before_it_begins(clerk):
    id = meeting_in(MeetingState.DRAFT, clerk.room_id)
    with transaction():
        db.session.get_one(Meeting, id).starts_at = clock.now() - timedelta(minutes=1)
    assert press(clerk, id, "publish").status_code == 422
    ahead = meeting_in(MeetingState.PUBLISHED, clerk.room_id)
    assert press(clerk, ahead, "hold").status_code == 422
    assert (state_of(id), state_of(ahead)) == ("draft", "published")


@pytest.mark.parametrize(
    "wrong",
    [
        {"seats_citizen": "-1"}, {"seats_citizen": "100000"}, {"ends": "8:00"}, {"day": "2020-01-05"}, {"day": "2126-01-05"},
        {"starts": "9:00", "ends": "9:05"}, {"starts": "0:00", "ends": "23:59"},
        {"closes_day": "2126-01-05", "closes_time": "9:00"},
        {"title": " "}, {"kind": "none"}, {"place_kind": "none"}, {"place_kind": "online", "place_text": "javascript:alert(1)"},
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(client, wrong):
    """SECURITY J9: bounds, also across fields."""
    with clock.frozen(NOW):
        office = Office(client)
        assert client.post("/meetings/new", data=office.form(**wrong)).status_code == 422
        assert db.session.query(Meeting).count() == 0
        # The control: without the wrong field.
        assert client.post("/meetings/new", data=office.form()).status_code == 303
        assert db.session.query(Meeting).count() == 1
