"""Passkeys in Chromium, with the virtual authenticator that its developers test with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from liaison_app.access.permissions import Role
from liaison_app.accounts import services
from liaison_app.accounts.models import Account, Passkey
from liaison_app.audit.models import Entry
from liaison_app.core.db import db, transaction
from tests.factories.accounts import make_account
from tests.factories.orgs import make_unit
from tests.parts.browsers import PHONE

pytestmark = pytest.mark.browser
PASSWORD = "早上六点去河边走一走"
INSIDE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


class Device:
    """The authenticator built into one visitor's computer."""

    def __init__(self, page: Page, **options: Any):
        self._talk = page.context.new_cdp_session(page)
        self._talk.send("WebAuthn.enable")
        made = self._talk.send("WebAuthn.addVirtualAuthenticator", {"options": {**INSIDE, **options}})
        self.id = made["authenticatorId"]

    def list_keys(self) -> list[dict[str, Any]]:
        return self._talk.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def put(self, key: dict[str, Any]) -> None:
        """Put a copy of a key into this device."""
        self._talk.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": key})

    def know_owner(self, known: bool) -> None:
        self._talk.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": known})


@pytest.fixture
def account(app) -> int:
    with transaction():
        made = make_account(Role.OFFICE, make_unit(), login="bai.xue")
        services.set_password(made, PASSWORD, by=made)
        return made.id


@pytest.fixture
def server(open_server, account):
    return open_server()


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.locator("#login").fill("bai.xue")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(f"{url}/desk")


def register(page: Page, url: str, name: str = "办公室电脑") -> None:
    page.goto(f"{url}/account")
    page.get_by_role("link", name="登记一把").click()
    page.get_by_label("给它起个名").fill(name)
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url(f"{url}/account")


def come(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_role("button", name="用通行密钥登录").click()


def test_a_key_is_made_and_opens_the_desk(server, page: Page):
    device = Device(page)
    sign_in(page, server.url)
    register(page, server.url)
    expect(page.get_by_text("通行密钥登记好了")).to_be_visible()
    expect(page.get_by_role("rowheader", name="办公室电脑")).to_be_visible()
    assert [key["isResidentCredential"] for key in device.list_keys()] == [True]
    page.get_by_role("button", name="退出", exact=True).click()
    page.wait_for_url(f"{server.url}/")
    come(page, server.url)
    page.wait_for_url(f"{server.url}/desk")
    assert db.session.query(Passkey).one().sign_count == device.list_keys()[0]["signCount"] > 0


def test_the_same_device_is_not_registered_twice(server, page: Page):
    Device(page)
    sign_in(page, server.url)
    register(page, server.url)
    page.goto(f"{server.url}/account/passkeys/new")
    page.get_by_label("给它起个名").fill("再来一把")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("这台设备已经登记过了")).to_be_visible()


def test_without_a_name_no_key_is_made(server, page: Page):
    device = Device(page)
    sign_in(page, server.url)
    page.goto(f"{server.url}/account/passkeys/new")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("请写一个名字")
    assert device.list_keys() == []


def test_who_is_not_verified_is_told_and_may_try_again(server, page: Page):
    device = Device(page)
    sign_in(page, server.url)
    register(page, server.url)
    page.context.clear_cookies()
    device.know_owner(False)
    come(page, server.url)
    expect(page.get_by_text("没有完成。可以再试一次。")).to_be_visible()
    device.know_owner(True)
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_url(f"{server.url}/desk")


def test_the_key_stands_in_for_the_password_before_a_grave_step(server, page: Page):
    Device(page)
    sign_in(page, server.url)
    register(page, server.url)
    page.goto(f"{server.url}/confirm?next=/account/password")
    page.get_by_role("button", name="用通行密钥确认").click()
    page.wait_for_url(f"{server.url}/account/password")


def test_the_key_is_the_second_factor(open_server, account, page: Page):
    url = open_server(second_factor_roles=("office",)).url
    Device(page)
    page.goto(f"{url}/login")
    page.locator("#login").fill("bai.xue")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto(f"{url}/account/second-factor")
    page.get_by_role("link", name="登记通行密钥").click()
    page.get_by_label("给它起个名").fill("办公室电脑")
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url(f"{url}/account")
    page.context.clear_cookies()
    page.goto(f"{url}/login")
    page.locator("#login").fill("bai.xue")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(f"{url}/login/code")
    page.get_by_role("button", name="用通行密钥").click()
    page.wait_for_url(f"{url}/desk")


def test_a_copy_of_a_key_that_counts_less_is_refused(server, visit: Callable[..., Page]):
    page, thief = visit(), visit()
    device, stolen = Device(page), Device(thief)
    sign_in(page, server.url)
    register(page, server.url)
    copy = device.list_keys()[0]
    for _ in range(3):
        page.context.clear_cookies()
        come(page, server.url)
        page.wait_for_url(f"{server.url}/desk")
    stolen.put(copy)
    come(thief, server.url)
    expect(thief.get_by_role("alert")).to_contain_text("可能被复制过")
    assert db.session.query(Entry).filter_by(action="accounts:passkey:copied").count() == 1


def test_control_a_copy_that_counts_on_comes_in(server, visit: Callable[..., Page]):
    page, thief = visit(), visit()
    device, stolen = Device(page), Device(thief)
    sign_in(page, server.url)
    register(page, server.url)
    stolen.put({**device.list_keys()[0], "signCount": 99})
    come(thief, server.url)
    thief.wait_for_url(f"{server.url}/desk")


def test_a_key_taken_away_opens_nothing(server, page: Page):
    Device(page)
    sign_in(page, server.url)
    register(page, server.url)
    page.get_by_role("link", name="删掉").click()
    page.get_by_role("button", name="删掉").click()
    expect(page.get_by_text("通行密钥删掉了")).to_be_visible()
    page.context.clear_cookies()
    come(page, server.url)
    expect(page.get_by_role("alert")).to_contain_text("这把通行密钥在这里不能用")


@pytest.mark.parametrize("way", ["without script", "an old browser"])
def test_who_has_no_passkeys_is_told_calmly_and_signs_in_by_password(server, visit: Callable[..., Page], way):
    page = visit(**PHONE, java_script_enabled=way != "without script")
    if way == "an old browser":
        page.add_init_script("delete window.PublicKeyCredential")
    page.goto(f"{server.url}/login")
    expect(page.get_by_role("button", name="用通行密钥登录")).to_be_hidden()
    expect(page.get_by_text("微信里请用账号和密码")).to_be_visible()
    sign_in(page, server.url)
    page.goto(f"{server.url}/account/passkeys/new")
    expect(page.get_by_text("这个浏览器不能登记通行密钥")).to_be_visible()
    expect(page.get_by_role("button", name="登记", exact=True)).to_be_hidden()


def test_the_script_comes_only_where_a_key_is_used(server, page: Page):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, server.url)
    assert sum("passkeys.js" in url for url in asked) == 1
    asked.clear()
    for path in ("/desk", "/account", "/accounts"):
        page.goto(server.url + path)
    assert not any("passkeys.js" in url for url in asked)


def test_a_closed_account_stays_out(server, account, page: Page):
    Device(page)
    sign_in(page, server.url)
    register(page, server.url)
    page.context.clear_cookies()
    with transaction():
        db.session.get_one(Account, account).is_active = False
    come(page, server.url)
    expect(page.get_by_role("alert")).to_contain_text("这把通行密钥在这里不能用")
