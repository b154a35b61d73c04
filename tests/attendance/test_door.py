"""The door as a volunteer's telephone meets it, through HTTP."""

import re
from datetime import timedelta

import pytest

from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.limits.rules import DOOR_PIN
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.services import ticket_token
from tests.factories.attendance import open_door, soon
from tests.factories.people import make_deputy
from tests.factories.scheduling import make_meeting, make_participant
from tests.factories.signups import make_signup


@pytest.fixture(autouse=True)
def held_clock(app):
    with clock.frozen(clock.now()):
        yield


@pytest.fixture
def meeting(app):
    with transaction():
        meeting = make_meeting(seats={RoleCode.CITIZEN: 4}, **soon())
        make_participant(meeting, make_deputy("田小野"), RoleCode.DEPUTY)
        return meeting


@pytest.fixture
def pin(meeting) -> str:
    with transaction():
        return open_door(meeting)


@pytest.fixture
def phone(client, meeting, pin):
    reply = client.post(f"/door/{meeting.code}", data={"keeper": "小周", "pin": f"{pin[:3]} {pin[3:]}"})
    assert reply.status_code == 303
    return client


def given(meeting, name, state=SignUpState.CONFIRMED, **facts):
    with transaction():
        return make_signup(meeting.pools[0], state, name=name, **facts)


def text(reply) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", reply.text))


def look_up(phone, meeting, typed):
    return phone.post(f"/door/{meeting.code}", data={"query": typed}, follow_redirects=True)


def test_a_stranger_sees_a_question_and_no_name(client, meeting, pin):
    given(meeting, "王桂枝")
    page = client.get(f"/door/{meeting.code}")
    assert page.status_code == 200
    assert "王桂枝" not in page.text
    assert "田小野" not in page.text
    for step, data in (("in", {"who": "s1"}), ("undo", {"check_in": "1"}), ("walk-in", {}), ("leave", {})):
        assert client.post(f"/door/{meeting.code}/{step}", data=data).status_code == 404


def test_without_a_pin_or_outside_its_hours_there_is_no_door(client, meeting):
    assert client.get(f"/door/{meeting.code}").status_code == 404
    with transaction():
        open_door(meeting)
    assert client.get(f"/door/{meeting.code}").status_code == 200
    for hours in (-3, 5, 24):
        with clock.frozen(clock.now() + timedelta(hours=hours)):
            assert client.get(f"/door/{meeting.code}").status_code == 404


def test_a_pin_is_not_tried_out(client, meeting, pin):
    wrong = f"{(int(pin) + 1) % 10**6:06}"
    replies = [
        client.post(f"/door/{meeting.code}", data={"keeper": "小周", "pin": wrong}).status_code
        for _ in range(DOOR_PIN.burst + 1)
    ]
    assert replies == [422] * DOOR_PIN.burst + [429]
    right = client.post(f"/door/{meeting.code}", data={"keeper": "小周", "pin": pin})
    assert right.status_code == 429


def test_the_volunteer_finds_somebody_by_code_digits_or_ticket_and_lets_in(phone, meeting):
    signup = given(meeting, "王桂枝", mobile="13900000003")
    for typed in (signup.ticket_code, "0003", f"http://x/t/{ticket_token(signup)}"):
        page = look_up(phone, meeting, typed)
        assert "王桂枝" in page.text
        assert "139****0003" in page.text
        assert "13900000003" not in page.text
    reply = phone.post(f"/door/{meeting.code}/in", data={"who": f"s{signup.id}"}, follow_redirects=True)
    assert "签到了：王桂枝" in text(reply)
    assert "已经签到，不用再签" in text(look_up(phone, meeting, signup.ticket_code))


def test_nobody_is_noted_who_was_not_looked_for(phone, meeting):
    signup = given(meeting, "王桂枝")
    assert phone.post(f"/door/{meeting.code}/in", data={"who": f"s{signup.id}"}).status_code == 404


def test_opening_a_ticket_never_notes_anybody(phone, meeting):
    signup = given(meeting, "王桂枝")
    phone.get(f"/t/{ticket_token(signup)}")
    assert "0/2 到了/应到" in text(phone.get(f"/door/{meeting.code}"))


def test_each_state_has_a_sentence_of_its_own(phone, meeting):
    waits = given(meeting, "李福根", SignUpState.WAITING)
    left = given(meeting, "陈月娥", SignUpState.WITHDRAWN)
    with transaction():
        other = make_signup(make_meeting("科技惠企专场", seats={RoleCode.CITIZEN: 1}).pools[0], name="赵一鸣")
    said = {
        "候补": text(look_up(phone, meeting, waits.ticket_code)),
        "席位已经退了": text(look_up(phone, meeting, left.ticket_code)),
        "另一场的：科技惠企专场": text(look_up(phone, meeting, f"/t/{ticket_token(other)}")),
        "这一场没有这个号码": text(look_up(phone, meeting, "999999")),
        "请输六位入场号": text(look_up(phone, meeting, "王桂枝")),
    }
    for words, page in said.items():
        assert words in page, words
    assert "赵一鸣" not in said["另一场的：科技惠企专场"]


def test_four_digits_may_name_two_people_and_each_has_a_button(phone, meeting):
    for name in ("王桂枝", "王小明"):
        given(meeting, name, mobile="13900000003")
    page = look_up(phone, meeting, "0003")
    assert "签到：王桂枝" in text(page)
    assert "签到：王小明" in text(page)


def test_people_of_the_table_and_walk_ins_are_noted(phone, meeting):
    participant = meeting.participants[0]
    phone.post(f"/door/{meeting.code}/in", data={"who": f"p{participant.id}"})
    page = phone.get(f"/door/{meeting.code}").text
    token = re.search(r'name="new-form_token"[^>]*value="([^"]+)"', page)[1]
    fields = {"new-name": "李福根", "new-role": "citizen", "new-organisation": "", "new-form_token": token}
    reply = phone.post(f"/door/{meeting.code}/walk-in", data=fields, follow_redirects=True)
    assert "另有临时来的 1 人" in text(reply)
    assert "1/1 到了/应到" in text(reply)
    refused = phone.post(f"/door/{meeting.code}/walk-in", data={**fields, "new-name": ""})
    assert refused.status_code == 422
    assert "请填写姓名" in refused.text


def test_a_note_is_taken_back_with_a_reason(phone, meeting):
    participant = meeting.participants[0]
    phone.post(f"/door/{meeting.code}/in", data={"who": f"p{participant.id}"})
    note = re.search(r'name="check_in" value="(\d+)"', phone.get(f"/door/{meeting.code}").text)[1]
    path = f"/door/{meeting.code}/undo"
    assert "请选一个原因" in text(phone.post(path, data={"check_in": note}, follow_redirects=True))
    reply = phone.post(path, data={"check_in": note, "reason": "wrong_person"}, follow_redirects=True)
    assert "0/1 到了/应到" in text(reply)
    for odd in ("", "x", "999999"):
        assert phone.post(path, data={"check_in": odd, "reason": "twice"}).status_code == 404


def test_a_telephone_of_one_door_is_a_stranger_at_another(phone):
    with transaction():
        other = make_meeting("科技惠企专场", seats={RoleCode.CITIZEN: 4}, **soon())
        open_door(other)
    page = phone.get(f"/door/{other.code}")
    assert "口令" in page.text
    assert phone.post(f"/door/{other.code}/leave").status_code == 404


def test_a_telephone_that_is_sent_away_is_out_at_once(phone, meeting):
    assert "找人" in phone.get(f"/door/{meeting.code}").text
    with transaction():
        open_door(meeting)
    assert "口令" in phone.get(f"/door/{meeting.code}").text


def test_a_hundred_people_pass_one_telephone_without_a_limit(phone, meeting):
    signup = given(meeting, "王桂枝")
    where = {"REMOTE_ADDR": "203.0.113.7"}
    for _ in range(150):
        reply = phone.post(
            f"/door/{meeting.code}", data={"query": signup.ticket_code}, environ_overrides=where
        )
        assert reply.status_code == 303
