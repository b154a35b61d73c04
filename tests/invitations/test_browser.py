"""Invitations in a real browser, with and without script."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts import services as accounts
from liaison_app.core.db import db, transaction
from liaison_app.invitations.kinds import AnswerState
from tests.factories.accounts import make_account
from tests.invitations.conftest import NOON, Scene

pytestmark = pytest.mark.browser

PASSWORD = "yi-ju-hua-dang-mi-ma"


@pytest.fixture
def served(published: Scene, live_server):
    live_server.at = NOON + timedelta(hours=1)
    return live_server


def answer_of(scene: Scene, person) -> AnswerState:
    """Read anew what the server has written meanwhile."""
    db.session.rollback()
    return scene.invitation(person).answer


def sign_in(page, server, role, unit) -> None:
    with transaction():
        account = make_account(role, db.session.merge(unit))
        accounts.set_password(account, PASSWORD, by=None)
        login = account.login
    page.goto(f"{server.url}/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def test_a_deputy_answers_by_link_on_a_phone_without_script(published, served, scriptless):
    page = scriptless
    page.goto(served.url + published.link(published.deputy) + "?choice=declined")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.is_checked("[value=declined]")
    page.click("text=交答复")
    assert page.is_visible("text=请写一句原因")
    page.fill("[name=reason]", "住院复查")
    page.click("text=交答复")
    assert page.is_visible("text=记下了：您请假")
    page.click("summary")
    page.check("[value=accepted]")
    page.click("text=改成这样")
    assert page.is_visible("text=记下了：您参加")
    assert answer_of(published, published.deputy) == AnswerState.ACCEPTED


def test_what_an_answer_does_not_need_stays_away(published, served, phone):
    phone.goto(served.url + published.link(published.head))
    assert not phone.is_visible("[name=reason]")
    phone.check("[value=declined]")
    assert phone.is_visible("[name=reason]")
    assert not phone.is_visible("[name=stand_in]")
    phone.check("[value=delegated]")
    assert phone.is_visible("[name=stand_in]")
    phone.select_option("[name=stand_in]", label="副局长 何试二")
    phone.fill("[name=reason]", "到市里开会")
    phone.click("text=交答复")
    phone.wait_for_selector("text=由何试二代您参加")


def test_a_clerk_writes_a_call_down_and_only_that_row_changes(published, served, page):
    sign_in(page, served, Role.STREET, published.host)
    page.goto(f"{served.url}/meetings/{published.meeting_id}/invitations")
    page.evaluate("document.querySelector('h1').dataset.mark = 'same page'")
    row = f"#invitation-{published.invitation(published.by_phone).id}"
    page.click(f"{row}-open")
    page.wait_for_selector(f"{row} form")
    page.check(f"{row} [value=declined]")
    page.click(f"{row} >> text=记下")
    page.wait_for_selector(f"{row} .err")
    page.fill(f"{row} [name=reason]", "家里有事")
    page.click(f"{row} >> text=记下")
    page.wait_for_selector(f"{row} >> text=原因：家里有事")
    page.wait_for_selector("#toasts >> text=已记下：赵试四 请假（电话）")
    assert "请假 1" in page.inner_text("#answer-counts")
    assert page.get_attribute("h1", "data-mark") == "same page"
    assert page.evaluate("document.activeElement.closest('tr')?.id") == row[1:]
    page.click(f"{row} >> text=再发一次")
    page.wait_for_selector("#toasts >> text=已放进发送队列")
    db.session.rollback()
    assert len(published.messages(published.by_phone)) == 2


def test_a_clerk_does_the_same_without_script(published, served, scriptless):
    sign_in(scriptless, served, Role.STREET, published.host)
    scriptless.goto(f"{served.url}/meetings/{published.meeting_id}/invitations")
    row = f"#invitation-{published.invitation(published.by_phone).id}"
    scriptless.click(f"{row}-open")
    scriptless.check(f"{row} [value=accepted]")
    scriptless.click(f"{row} >> text=记下")
    assert scriptless.is_visible("text=已记下：赵试四 参加（电话）")
    assert answer_of(published, published.by_phone) == AnswerState.ACCEPTED


def test_a_bureaus_clerk_answers_for_the_head(published, served, page):
    sign_in(page, served, Role.BUREAU_CONTACT, published.bureau)
    page.goto(f"{served.url}/invitations")
    row = f"#invitation-{published.invitation(published.head).id}"
    page.click(f"{row}-open")
    page.check(f"{row} [value=accepted]")
    page.click(f"{row} >> text=交答复")
    page.wait_for_selector(f"{row} .is-yes")
    assert answer_of(published, published.head) == AnswerState.ACCEPTED
