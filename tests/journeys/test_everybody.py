"""Those for whom pages are seldom made: the old, the short-sighted, the foreign, who have no mouse, who hear the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.engines import on_one_engine
from tests.journeys.people import Citizen, Organizer
from tests.journeys.town import FRIDAY_HALF_PAST_TWO, Town

pytestmark = [pytest.mark.browser, on_one_engine]


@pytest.fixture
def code(town: Town) -> str:
    return town.add_meeting("供暖专场", FRIDAY_HALF_PAST_TWO, published=True)


def size_of_text(page: Page) -> float:
    return float(page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)"))


def test_the_large_print_is_switched_on_without_script_and_stays(town: Town, code, scriptless):
    citizen = Citizen(scriptless, town.url)
    citizen.open(f"/m/{code}")
    usual = size_of_text(scriptless)
    scriptless.get_by_role("link", name="长辈版").tap()
    expect(scriptless.locator("html.elder")).to_have_count(1)
    scriptless.wait_for_load_state()
    assert size_of_text(scriptless) >= 1.2 * usual
    citizen.open("/")
    expect(scriptless.locator("html.elder")).to_have_count(1)
    assert not citizen.is_too_wide(375)
    scriptless.get_by_role("link", name="标准版").tap()
    expect(scriptless.locator("html.elder")).to_have_count(0)


def test_the_high_contrast_is_switched_on_without_script(town: Town, code, scriptless):
    citizen = Citizen(scriptless, town.url)
    citizen.open(f"/m/{code}")
    scriptless.get_by_role("link", name="高对比度").tap()
    expect(scriptless.locator("html.contrast")).to_have_count(1)
    scriptless.wait_for_load_state()
    assert scriptless.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert scriptless.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


def test_the_language_is_switched_without_script_and_back(town: Town, code, scriptless):
    citizen = Citizen(scriptless, town.url)
    citizen.open(f"/m/{code}")
    scriptless.get_by_role("link", name="English").tap()
    expect(scriptless.locator("html")).to_have_attribute("lang", "en")
    scriptless.get_by_role("link", name="中文").tap()
    expect(scriptless.locator("html")).to_have_attribute("lang", "zh-Hans-CN")


def test_the_keyboard_alone_signs_up_and_passes_the_form_in_its_order(town: Town, code, page):
    page.goto(f"{town.url}/m/{code}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#name").focus()
    wanted = {
        "name": "陈试甲",
        "mobile": "13900000011",
        "role": None,
        "organisation": "",
        "question": "为什么不热？",
    }
    passed = []
    while (name := page.evaluate("document.activeElement.name || document.activeElement.id")) != "ask-send":
        passed.append(name)
        if name in {"role", "needs", "consent"}:
            if name != "needs" or passed.count("needs") == 2:
                page.keyboard.press("Space")
        elif wanted.get(name):
            page.keyboard.type(wanted[name])
        page.keyboard.press("Tab")
        assert len(passed) < 20, passed
    fields = [name for name in dict.fromkeys(passed) if name]
    assert fields == ["name", "mobile", "role", "organisation", "question", "needs", "consent"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/*")
    Citizen(page, town.url).sees("有您的席位", "为什么不热？")


def test_enter_in_a_field_sends_the_form(town: Town, code, page):
    citizen = Citizen(page, town.url)
    citizen.fill_in(code, "陈试甲", "13900000011")
    citizen.field("手机号").press("Enter")
    page.wait_for_url("**/t/*")


def test_after_a_refusal_the_keyboard_stands_at_the_summary_which_leads_to_the_field(town: Town, code, page):
    page.goto(f"{town.url}/m/{code}")
    page.locator("#ask-send").click()
    summary = page.locator("[data-errors]")
    expect(summary).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#name")).to_be_focused()


def test_the_organizers_form_does_the_same(town: Town, page):
    clerk = Organizer(page, town.url)
    clerk.sign_in("street-clerk")
    clerk.open("/meetings/new")
    clerk.save()
    expect(page.locator("[data-errors]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_be_focused()
