"""Whoever comes is noted once, at whatever door; nothing is lost and nothing is shown to a stranger."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from liaison_app.attendance import queries, services
from liaison_app.attendance.errors import AlreadyIn, NotNow, SeatGivenBack, StillWaiting, WrongPin
from liaison_app.attendance.kinds import UndoReason, Way
from liaison_app.attendance.models import CheckIn, DoorDevice
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, get, transaction
from liaison_app.core.errors import Missing
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.signups.jobs import pass_over_unanswered
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from tests.factories.accounts import make_account
from tests.factories.attendance import make_device, open_door, soon
from tests.factories.people import make_deputy
from tests.factories.scheduling import make_meeting, make_participant
from tests.factories.signups import make_signup

SEATS = {RoleCode.CITIZEN: 4, RoleCode.PROPERTY_REP: 2}


@pytest.fixture
def meeting(app):
    with transaction():
        return make_meeting(seats=SEATS, **soon())


@pytest.fixture
def device(meeting) -> DoorDevice:
    with transaction():
        return make_device(meeting)


@pytest.fixture
def clerk(meeting):
    with transaction():
        return make_account()


def given_signup(meeting, state=SignUpState.CONFIRMED, **facts) -> str:
    with transaction():
        return f"s{make_signup(meeting.pools[0], state, **facts).id}"


def count() -> int:
    db.session.rollback()  # what other processes wrote since
    live = select(func.count()).select_from(CheckIn).where(CheckIn.undone_at.is_(None))
    return db.session.scalar(live)


def come(meeting_id: int, key: str, device_id: int) -> str:
    """Come through a door; a client of a race."""
    try:
        with transaction():
            services.note(meeting_id, key, Way.CODE, by=get(DoorDevice, device_id))
    except AlreadyIn:
        return "already"
    return "noted"


def test_through_two_doors_at_once_somebody_is_noted_once(meeting, device, crowd):
    key = given_signup(meeting)
    assert Counter(crowd.rush([(come, meeting.id, key, device.id)] * 20)) == {"noted": 1, "already": 19}
    assert count() == 1


def test_without_the_index_somebody_is_noted_as_often_as_there_are_doors(meeting, device, crowd, spoil):
    key = given_signup(meeting)
    meeting_id, device_id = meeting.id, device.id
    spoil("DROP INDEX uq_check_in_live_signup")
    assert Counter(crowd.rush([(come, meeting_id, key, device_id)] * 20))["noted"] > 1


def test_the_second_door_says_who_came_when(meeting, device):
    key = given_signup(meeting, name="王桂枝")
    with transaction():
        services.note(meeting.id, key, Way.CODE, by=device)
    with pytest.raises(AlreadyIn, match=r"王桂枝 .+ 已经签到"), transaction():
        services.note(meeting.id, key, Way.SCAN, by=device)
    assert count() == 1


def test_a_telephone_lets_in_who_has_a_seat_and_the_staff_whomever_they_will(meeting, device, clerk):
    waits = given_signup(meeting, SignUpState.WAITING)
    left = given_signup(meeting, SignUpState.WITHDRAWN)
    for key, refusal in ((waits, StillWaiting), (left, SeatGivenBack)):
        with pytest.raises(refusal), transaction():
            services.note(meeting.id, key, Way.CODE, by=device)
    assert count() == 0
    for key in (waits, left):
        with transaction():
            services.note(meeting.id, key, Way.LIST, by=clerk)
    assert count() == 2


def test_who_comes_before_answering_an_offer_has_answered_and_is_not_passed_over(meeting, device):
    until = clock.now() + timedelta(minutes=1)
    key = given_signup(meeting, offer_until=until)
    with transaction():
        services.note(meeting.id, key, Way.CODE, by=device)
    with clock.frozen(until + timedelta(minutes=1)):
        pass_over_unanswered()
    assert get(SignUp, int(key[1:])).state == SignUpState.CONFIRMED


def test_a_guest_of_another_meeting_is_nobody_here(meeting, device, clerk):
    with transaction():
        other = make_meeting("科技惠企专场", seats=SEATS, **soon())
        participant = make_participant(other, make_deputy("田小野"), RoleCode.DEPUTY)
    for key in (given_signup(other), f"p{participant.id}", "x1", "s", "s٣", "p999999"):
        for by in (device, clerk):
            with pytest.raises(Missing), transaction():
                services.note(meeting.id, key, Way.LIST, by=by)
    assert count() == 0


@pytest.mark.parametrize("hours", [-3, 5])
def test_outside_its_hours_a_telephone_notes_nobody(meeting, device, hours):
    key = given_signup(meeting)
    with clock.frozen(clock.now() + timedelta(hours=hours)), pytest.raises(NotNow), transaction():
        services.note(meeting.id, key, Way.CODE, by=device)


def test_a_cancelled_meeting_takes_nobody(meeting, device, clerk):
    key = given_signup(meeting)
    with transaction():
        get(type(meeting), meeting.id).state = MeetingState.CANCELLED
    for by in (device, clerk):
        with pytest.raises(NotNow), transaction():
            services.note(meeting.id, key, Way.LIST, by=by)


def test_a_note_that_was_taken_back_can_be_made_again(meeting, device):
    key = given_signup(meeting)
    for _round in range(2):
        with transaction():
            noted = services.note(meeting.id, key, Way.CODE, by=device)
        for _twice in range(2):
            with transaction():
                services.undo(noted.id, UndoReason.WRONG_PERSON, by=device)
        assert count() == 0
    assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 2


def test_the_same_form_of_a_walk_in_makes_one_note(meeting, device):
    for _twice in range(2):
        with transaction():
            services.note_walk_in(meeting.id, "李福根", RoleCode.CITIZEN, form_token="one", by=device)
    assert count() == 1


def test_the_paper_sheet_adds_who_is_missing_and_changes_nobody(meeting, device, clerk):
    first, second, third = (given_signup(meeting) for _ in range(3))
    with transaction():
        noted = services.note(meeting.id, first, Way.CODE, by=device)
    with transaction():
        assert services.key_in(meeting.id, [first, second, second], by=clerk) == 1
    ways = {one.signup_id: (one.way, one.arrived_at) for one in queries.list_notes(meeting.id)}
    assert ways == {int(first[1:]): (Way.CODE, noted.arrived_at), int(second[1:]): (Way.PAPER, None)}
    assert third not in {one.key for one in queries.list_guests(meeting.id) if one.has_come}


def test_a_fresh_pin_sends_every_telephone_away(meeting, device):
    key_of = {one.id for one in queries.list_devices(meeting.id)}
    assert key_of == {device.id}
    with transaction():
        pin = open_door(meeting)
    assert queries.list_devices(meeting.id) == []
    with pytest.raises(WrongPin), transaction():
        services.enrol(meeting.id, f"{(int(pin) + 1) % 10**6:06}", "小周", "")
    with transaction():
        services.shut_door(meeting.id, by=make_account())
    with pytest.raises(WrongPin), transaction():
        services.enrol(meeting.id, pin, "小周", "")


def test_the_trail_says_that_somebody_was_noted_and_not_who(meeting, device):
    key = given_signup(meeting, name="王桂枝", mobile="13900000003")
    with transaction():
        services.note(meeting.id, key, Way.CODE, by=device)
        services.note_walk_in(meeting.id, "李福根", RoleCode.CITIZEN, form_token="t", by=device)
    said = " ".join(f"{one.actor_name} {one.sentence}" for one in db.session.scalars(select(Entry)))
    assert "王桂枝" not in said
    assert "李福根" not in said
    assert "小周" not in said
    assert "门口的手机" in said, "but it says from where"


def test_numbers_count_who_was_expected_and_who_came_anyhow(meeting, device, clerk):
    came, _missing = given_signup(meeting), given_signup(meeting)
    waits = given_signup(meeting, SignUpState.WAITING)
    with transaction():
        services.note(meeting.id, came, Way.CODE, by=device)
        services.note(meeting.id, waits, Way.LIST, by=clerk)
        services.note_walk_in(meeting.id, "李福根", RoleCode.CITIZEN, form_token="t", by=device)
    (line,) = queries.tally(queries.list_guests(meeting.id))
    assert (line.role, line.expected, line.came, line.extra) == (RoleCode.CITIZEN, 2, 1, 2)
