"""The outbox in a real browser, with and without script."""

import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts import services as accounts
from liaison_app.core.db import db, transaction
from liaison_app.messages.kinds import MessageState
from liaison_app.messages.models import Message
from tests.factories.accounts import make_account
from tests.factories.messages import make_call, make_mail
from tests.factories.orgs import make_unit
from tests.parts.browsers import PHONE

pytestmark = pytest.mark.browser
PASSWORD = "a long phrase for this test"


@pytest.fixture
def sign_in(app, live_server):
    """Sign a browser in as the clerk of a street with a mail and two calls."""
    with transaction():
        unit = make_unit()
        make_mail(unit)
        make_call(unit)
        make_call(unit, key="invite:participant-3:0", to_name="李明慧")
        account = make_account(Role.STREET, unit, login="street")
        accounts.set_password(account, PASSWORD, by=None)

    def sign_in(page):
        page.goto(f"{live_server.url}/login")
        page.locator("input[name=login]").fill("street")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("main form button").click()
        page.wait_for_url("**/desk")
        return page

    return sign_in


def row(page, name):
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def states() -> dict[str, MessageState]:
    db.session.rollback()
    return {message.to_name: message.state for message in db.session.query(Message)}


def test_ticking_somebody_off_changes_the_row_and_the_counts_and_nothing_else(sign_in, live_server, page):
    sign_in(page)
    page.goto(f"{live_server.url}/messages")
    page.evaluate("window.here = true")
    row(page, "李明慧").get_by_text("看内容").click()
    row(page, "田野").get_by_role("button", name="已电话通知").click()
    page.get_by_text("已记下：田野，电话通知了。").wait_for()
    assert "已电话通知" in row(page, "田野").locator(".tag").inner_text()
    assert page.get_by_role("link", name="等您处理 2").count() == 1
    assert page.evaluate("window.here") is True
    assert page.get_by_role("textbox", name="给李明慧的内容").is_visible(), "what was open stays open"
    assert states()["田野"] == MessageState.TOLD


def test_somebody_who_is_ticked_off_leaves_the_list_of_what_waits(sign_in, live_server, page):
    sign_in(page)
    page.goto(f"{live_server.url}/messages?state=attention")
    row(page, "田野").get_by_role("button", name="已电话通知").click()
    page.get_by_text("已记下：田野，电话通知了。").wait_for()
    assert row(page, "田野").count() == 0
    assert row(page, "李明慧").count() == 1


def test_everything_works_on_a_phone_without_script(sign_in, live_server, scriptless):
    sign_in(scriptless)
    scriptless.goto(f"{live_server.url}/messages?state=attention")
    row(scriptless, "田野").get_by_role("button", name="已电话通知").click()
    assert scriptless.url == f"{live_server.url}/messages?state=attention"
    assert scriptless.get_by_text("已记下：田野").is_visible()
    row(scriptless, "李明慧").get_by_role("link", name="不发了").click()
    scriptless.get_by_role("button", name="不发了").click()
    assert states() == {
        "王素梅": MessageState.QUEUED,
        "田野": MessageState.TOLD,
        "李明慧": MessageState.DROPPED,
    }
    scriptless.get_by_role("link", name="王素梅", exact=True).click()
    assert scriptless.get_by_role("heading", name="请参加供暖专场").is_visible()


@pytest.mark.parametrize("width", [375, 320])
def test_nothing_scrolls_sideways(sign_in, live_server, visit, width):
    phone = sign_in(visit(**{**PHONE, "viewport": {"width": width, "height": 740}}))
    for path in ("/messages", "/messages/1", "/messages/2", "/messages/2/drop"):
        phone.goto(live_server.url + path)
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
