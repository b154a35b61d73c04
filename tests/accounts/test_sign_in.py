"""Sign-in, its lock-out, and the end of a browser session, through HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts import rules, services
from liaison_app.accounts.models import BrowserSession
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
PASSWORD = "早上六点去河边走一走"


@pytest.fixture
def account(app):
    with transaction():
        made = make_account(Role.OFFICE, make_unit(), login="bai.xue")
        services.set_password(made, PASSWORD, by=None)
    return made


def attempt(client, password, login="bai.xue", **more):
    return client.post("/login", data={"login": login, "password": password}, **more)


def test_the_right_password_opens_the_desk(client, account):
    reply = attempt(client, PASSWORD)
    assert (reply.status_code, reply.location) == (303, "/desk")
    assert client.get("/desk").status_code == 200


def test_the_login_name_may_be_typed_in_capitals(client, account):
    assert attempt(client, PASSWORD, login=" Bai.Xue ").status_code == 303


@pytest.mark.parametrize("login", ["bai.xue", "nobody"])
def test_a_wrong_password_and_an_unknown_name_get_the_same_words(client, account, login):
    reply = attempt(client, "完全不对的一句话", login=login)
    assert reply.status_code == 422
    assert "账号或密码不对" in reply.text
    assert "没有登录" in reply.text
    assert "没有存上" not in reply.text
    assert 'type="password"' in reply.text
    assert "完全不对的一句话" not in reply.text


def test_after_five_failures_even_the_right_password_waits_a_quarter_of_an_hour(client, account):
    with clock.frozen(NOW):
        for _ in range(rules.ATTEMPTS_PER_PAIR):
            attempt(client, "完全不对的一句话")
        assert "15 分钟以后再试" in attempt(client, PASSWORD).text
    with clock.frozen(NOW + rules.ATTEMPT_WINDOW + timedelta(seconds=1)):
        assert attempt(client, PASSWORD).status_code == 303


def test_a_forged_forwarding_header_does_not_lift_the_lock(client, account):
    for number in range(rules.ATTEMPTS_PER_PAIR):
        attempt(client, "完全不对的一句话", headers={"X-Forwarded-For": f"10.0.0.{number}"})
    reply = attempt(client, PASSWORD, headers={"X-Forwarded-For": "10.9.9.9"})
    assert "15 分钟以后再试" in reply.text


def test_somebody_elsewhere_cannot_lock_the_office_out_at_once(client, account):
    for _ in range(rules.ATTEMPTS_PER_PAIR):
        attempt(client, "完全不对的一句话", environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert attempt(client, PASSWORD).status_code == 303


def test_one_address_that_tries_many_names_is_stopped(client, account):
    for number in range(rules.ATTEMPTS_PER_ADDRESS):
        with transaction():
            services.note_failure(f"name-{number}", "127.0.0.1")
    assert "15 分钟以后再试" in attempt(client, PASSWORD).text


def test_signing_out_ends_the_session_on_the_server(client, account):
    sign_in(client, account)
    with client.session_transaction() as cookie:
        kept = dict(cookie)
    client.post("/logout")
    with client.session_transaction() as cookie:
        cookie.update(kept)
    assert client.get("/desk").location.startswith("/login")


def test_signing_out_needs_a_post(client, account):
    sign_in(client, account)
    assert client.get("/logout").status_code == 405


def test_a_new_password_ends_every_open_browser(client, account):
    sign_in(client, account)
    with transaction():
        services.set_password(services.create_account("other", "别人", by=None), PASSWORD, by=None)
        services.set_password(db.session.merge(account), PASSWORD + "再走回来", by=None)
    assert client.get("/desk").status_code == 303


@pytest.mark.parametrize("after", [timedelta(minutes=31), timedelta(hours=13)])
def test_an_idle_or_old_session_is_over(client, account, after):
    with clock.frozen(NOW):
        sign_in(client, account)
        assert client.get("/desk").status_code == 200
    with clock.frozen(NOW + after):
        assert client.get("/desk").status_code == 303


def test_use_keeps_a_session_alive_until_its_absolute_end(client, account):
    with clock.frozen(NOW):
        sign_in(client, account)
    for minutes in range(20, 700, 20):
        with clock.frozen(NOW + timedelta(minutes=minutes)):
            assert client.get("/desk").status_code == 200
    with clock.frozen(NOW + timedelta(hours=12, minutes=1)):
        assert client.get("/desk").status_code == 303


def test_a_closed_account_is_out_at_the_next_click(client, account):
    sign_in(client, account)
    with transaction():
        boss = make_account(Role.ADMIN, db.session.merge(account).grants[0].unit, login="boss")
        services.set_active(account.id, False, by=boss)
    assert client.get("/desk").status_code == 303


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"],
)
def test_signing_in_never_leads_to_another_site(client, account, target):
    reply = client.post(
        "/login", query_string={"next": target}, data={"login": "bai.xue", "password": PASSWORD}
    )
    assert reply.location == "/"


def test_only_the_hash_of_the_cookie_is_kept(client, account):
    sign_in(client, account)
    with client.session_transaction() as cookie:
        key = cookie["key"]
    assert key not in {row.key_hash for row in db.session.query(BrowserSession)}


@pytest.mark.parametrize(
    "password",
    ["short", "1234567890", "password123", "shangjie2024", "aaaaaaaaaaaa", "bai.xue-bai.xue", "x" * 201],
)
def test_an_obvious_password_is_refused_with_the_reason(password):
    assert rules.password_flaw(password, "bai.xue", "白雪")


@pytest.mark.parametrize("password", ["1q2w3e4r5t6y", "1Q2W3E4R5T6Y", "liverpool2026!", "football!2026"])
def test_a_leaked_password_is_refused_also_with_a_year_behind_it(password, monkeypatch):
    assert "泄露" in rules.password_flaw(password, "bai.xue", "白雪")
    # The control: the list is what refuses it.
    monkeypatch.setattr(rules, "leaked_passwords", frozenset)
    assert rules.password_flaw(password, "bai.xue", "白雪") is None


def test_a_sentence_is_a_good_password():
    assert rules.password_flaw(PASSWORD, "bai.xue", "白雪") is None


def test_a_setup_link_works_once_and_for_a_day(client, app):
    with clock.frozen(NOW):
        with transaction():
            token = services.make_setup_link(make_account(login="admin"))
        assert client.get(f"/setup/{token}").status_code == 200
        weak = client.post(f"/setup/{token}", data={"password": "1234567890", "again": "1234567890"})
        assert weak.status_code == 422
        assert (
            client.post(f"/setup/{token}", data={"password": PASSWORD, "again": PASSWORD}).status_code == 303
        )
        # The page of signing in knows the name from here on, once.
        page = client.get("/login").text
        assert "密码已设好，请用账号 admin 登录" in page
        assert 'value="admin"' in page
        assert 'value="admin"' not in client.get("/login").text
        assert (
            client.post(f"/setup/{token}", data={"password": PASSWORD, "again": PASSWORD}).status_code == 404
        )
        with transaction():
            late = services.make_setup_link(make_account(login="late"))
    with clock.frozen(NOW + timedelta(hours=25)):
        assert client.get(f"/setup/{late}").status_code == 404


def test_an_office_makes_accounts_below_itself_and_nowhere_else(client, app):
    with transaction():
        district, foreign = make_unit("本区"), make_unit("邻区")
        street = make_unit("一街道", parent=district)
        office = make_account(Role.OFFICE, district)
        ids = street.id, foreign.id
    sign_in(client, office)
    form = {"login": "zhan.zhang", "name": "田野", "role": "liaison", "unit_id": str(ids[0])}
    made = client.post("/accounts/new", data=form)
    assert made.status_code == 200
    assert "/setup/" in made.text
    for change in ({"unit_id": str(ids[1])}, {"role": "admin"}, {"role": "office"}, {"login": "大写"}):
        assert client.post("/accounts/new", data={**form, "login": "second", **change}).status_code == 422


def test_an_office_cannot_touch_the_administrators_account(client, app):
    with transaction():
        district = make_unit()
        office, admin = make_account(Role.OFFICE, district), make_account(Role.ADMIN, district)
    sign_in(client, office)
    assert client.post(f"/accounts/{admin.id}/link").status_code == 404
    assert client.post(f"/accounts/{admin.id}/active", data={"active": "0"}).status_code == 404
