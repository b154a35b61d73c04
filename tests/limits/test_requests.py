"""Limits as a visitor meets them, through HTTP."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from liaison_app.access.permissions import Role
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.limits import requests
from liaison_app.limits.models import Allowance
from liaison_app.limits.rules import FILES, MISSED_LINK, PUBLIC_WRITE, REVEAL, SIGN_UP
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.signups.models import SignUp
from liaison_app.signups.services import ticket_token
from tests.factories.accounts import make_account, sign_in
from tests.factories.scheduling import make_meeting
from tests.factories.signups import make_signup

HALL = {"REMOTE_ADDR": "203.0.113.7"}
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.8"}
NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章"


@pytest.fixture(autouse=True)
def held_clock() -> Iterator[None]:
    """Nothing comes back while a test runs."""
    with clock.frozen(clock.now()):
        yield


@pytest.fixture
def code(app) -> str:
    with transaction():
        return make_meeting(seats={RoleCode.CITIZEN: 60}).code


def sign_up(client, code: str, n: int, where: dict[str, str]):
    page = client.get(f"/m/{code}", environ_overrides=where).text
    fields = {
        "name": f"{NAMES[n % 40]}大暖",
        "mobile": f"1390000{n:04}",
        "role": "citizen",
        "consent": "y",
        "homepage": "",
        "form_token": re.search(r'name="form_token"[^>]*value="([^"]+)"', page)[1],
    }
    return client.post(f"/m/{code}", data=fields, environ_overrides=where)


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def test_thirty_people_of_one_hall_sign_up_and_a_script_is_slowed_down(client, code):
    replies = [sign_up(client, code, n, HALL) for n in range(40)]
    assert [reply.status_code for reply in replies] == [303] * SIGN_UP.burst + [429] * (40 - SIGN_UP.burst)
    assert count(SignUp) == SIGN_UP.burst
    late = replies[-1]
    assert 'value="1390000' in late.text.replace(" ", "")
    assert "请过" in late.text
    assert late.headers["Retry-After"]
    assert sign_up(client, code, 41, ELSEWHERE).status_code == 303


def test_the_limit_is_what_slows_the_script_down(client, code, monkeypatch):
    monkeypatch.setattr(requests, "take_sign_up", lambda meeting_id: None)
    assert [sign_up(client, code, n, HALL).status_code for n in range(40)] == [303] * 40


def test_forms_that_are_refused_are_counted_as_well(client, code):
    def send():
        return client.post(f"/m/{code}", data={"name": ""}, environ_overrides=HALL).status_code

    assert {send() for _ in range(PUBLIC_WRITE.burst)} == {422}
    assert send() == 429
    assert client.get(f"/m/{code}", environ_overrides=HALL).status_code == 200
    assert count(SignUp) == 0


@pytest.mark.parametrize("path", ["/t/{}", "/a/{}", "/feeds/{}.ics", "/setup/{}", "/t/{}/qr.png"])
def test_whoever_tries_out_links_is_slowed_down_and_a_right_link_opens_all_the_same(client, path):
    with transaction():
        signup = make_signup(make_meeting(seats={RoleCode.CITIZEN: 4}).pools[0])
        token = ticket_token(signup)
    for n in range(MISSED_LINK.burst):
        assert client.get(path.format(f"{'x' * 26}{n}"), environ_overrides=HALL).status_code == 404
    wrong = client.get(path.format("x" * 27), environ_overrides=HALL)
    assert wrong.status_code == 429
    assert int(wrong.headers["Retry-After"]) <= MISSED_LINK.every.total_seconds()
    assert client.get(f"/t/{token}", environ_overrides=HALL).status_code == 200
    assert client.get(path.format("x" * 27), environ_overrides=ELSEWHERE).status_code == 404


def test_a_flood_of_misses_does_not_write(client):
    for n in range(MISSED_LINK.burst):
        client.get(f"/t/{'x' * 26}{n}", environ_overrides=HALL)
    before = db.session.scalars(select(Allowance.full_at)).all()
    for n in range(10):
        client.get(f"/t/{'y' * 26}{n}", environ_overrides=HALL)
    db.session.rollback()
    assert db.session.scalars(select(Allowance.full_at)).all() == before


@pytest.fixture
def signup(app) -> SignUp:
    with transaction():
        return make_signup(make_meeting(seats={RoleCode.CITIZEN: 4}).pools[0])


@pytest.fixture
def clerk(client, signup):
    with transaction():
        account = make_account(Role.LIAISON, signup.meeting.unit)
    return sign_in(client, account)


def test_lists_of_people_are_given_out_now_and_then_and_not_without_end(clerk):
    replies = [clerk.get("/meetings.csv").status_code for _ in range(FILES.burst + 1)]
    assert replies == [200] * FILES.burst + [429]
    assert clerk.get("/meetings").status_code == 200


def test_whole_numbers_are_shown_one_by_one_and_not_without_end(clerk, signup):
    path = f"/meetings/{signup.meeting_id}/signups/{signup.id}/phone"
    replies = [clerk.post(path).status_code for _ in range(REVEAL.burst + 1)]
    assert replies == [303] * REVEAL.burst + [429]
