"""A citizen with a telephone of 375 pixels, a shaky thumb and a back button."""

from __future__ import annotations

import re
from urllib.parse import urlparse

import pytest
from playwright.sync_api import expect

from liaison_app.core.db import db
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.signups.models import SignUp
from tests.journeys.engines import both_ways, on_one_engine
from tests.journeys.people import Citizen
from tests.journeys.town import FRIDAY_HALF_PAST_TWO, Town
from tests.parts.browsers import PHONE

pytestmark = pytest.mark.browser


@pytest.fixture
def code(town: Town) -> str:
    return town.add_meeting(
        "供暖专场",
        FRIDAY_HALF_PAST_TWO,
        published=True,
        seats=((RoleCode.CITIZEN, 1), (RoleCode.PROPERTY_REP, 2)),
    )


@pytest.fixture
def citizen(town: Town, visit, script: bool) -> Citizen:
    return Citizen(visit(**PHONE, java_script_enabled=script), town.url)


def signups() -> list[tuple[str, str]]:
    """Return who is signed up, and how, as the server has written it."""
    db.session.rollback()
    return [(one.name, str(one.state)) for one in db.session.query(SignUp).order_by(SignUp.id)]


@both_ways
def test_a_shaky_thumb_makes_one_sign_up(town: Town, citizen: Citizen, code):
    citizen.fill_in(code, "陈试甲", "13900000011")
    citizen.page.locator("#ask-send").dblclick(no_wait_after=True)
    # The second tap may cut the first one's way short; what counts is where both end.
    expect(citizen.page).to_have_url(re.compile("/t/"))
    citizen.sees("有您的席位")
    assert signups() == [("陈试甲", "confirmed")]


@both_ways
def test_a_refused_form_keeps_what_was_typed_and_says_why_beside_the_field(
    town: Town, citizen: Citizen, code
):
    citizen.fill_in(code, "陈试甲", "1390000", question="为什么不热？")
    citizen.touch(citizen.page.locator("#ask-send"))
    citizen.sees("还没报上")
    beside = citizen.field("手机号")
    expect(beside).to_have_attribute("aria-invalid", "true")
    assert beside.input_value() == "1390000"
    assert "mobile-err" in (beside.get_attribute("aria-describedby") or "")
    assert citizen.field("想问的事").input_value() == "为什么不热？"
    assert signups() == []
    citizen.fill(手机号="１３９ 0000 0011")
    citizen.send()
    assert signups() == [("陈试甲", "confirmed")]


@both_ways
def test_going_back_and_sending_again_gives_no_second_seat(town: Town, citizen: Citizen, code):
    citizen.sign_up(code, "陈试甲", "13900000011")
    citizen.page.go_back()
    citizen.sees("供暖专场")
    assert urlparse(citizen.page.url).path == f"/m/{code}"
    citizen.fill_in(code, "陈试甲", "13900000011")
    citizen.touch(citizen.page.locator("#ask-send"))
    citizen.sees("已收到")
    assert signups() == [("陈试甲", "confirmed")]


@both_ways
def test_the_link_of_a_ticket_shows_the_same_as_often_as_it_is_opened(
    town: Town, citizen: Citizen, code, visit
):
    ticket = citizen.sign_up(code, "陈试甲", "13900000011")
    number = citizen.ticket_number()
    family = Citizen(visit(), town.url)
    for reader in (citizen, family, family):
        reader.open(ticket)
        assert reader.ticket_number() == number
    assert signups() == [("陈试甲", "confirmed")]


@both_ways
def test_who_gives_a_seat_back_is_asked_first_and_the_first_in_the_queue_moves_up(
    town: Town, citizen: Citizen, code, visit
):
    ticket = citizen.sign_up(code, "陈试甲", "13900000011")
    other = Citizen(visit(**PHONE), town.url)
    place = other.sign_up(code, "陈试乙", "13900000012")
    other.sees("候补第 1 位")
    citizen.open(ticket)
    citizen.press("不能来了")
    citizen.sees("退掉这个席位？")
    citizen.press("不退了")
    citizen.sees("有您的席位")
    assert signups() == [("陈试甲", "confirmed"), ("陈试乙", "waiting")]
    citizen.give_back(ticket)
    other.open(place)
    other.sees("有您的席位")
    assert signups() == [("陈试甲", "withdrawn"), ("陈试乙", "confirmed")]


@on_one_engine
def test_nothing_scrolls_sideways_on_a_phone_of_320_pixels(town: Town, code, phone):
    citizen = Citizen(phone, town.url)
    long_name, firm = "阿卜杜热合曼·买买提" * 3, "测试物业服务有限公司" * 5
    ticket = citizen.sign_up(
        code, long_name, "13900000011", role="物业公司", firm=firm, question="https://" + "a" * 200
    )
    for place in ("/", "/calendar", "/stations", f"/m/{code}", ticket, f"{ticket}/withdraw"):
        citizen.open(place)
        assert not citizen.is_too_wide(320), place
        assert not citizen.is_too_wide(375), place


@on_one_engine
def test_the_address_a_code_leads_to_is_the_one_that_was_printed(town: Town, code, phone):
    citizen = Citizen(phone, town.url)
    ticket = citizen.sign_up(code, "陈试甲", "13900000011")
    assert citizen.has_picture()
    citizen.open(f"/m/{code}")
    citizen.page.locator("summary", has_text="二维码").click()
    assert citizen.has_picture()
    assert ticket.startswith(f"{town.url}/t/")
