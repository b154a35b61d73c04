"""The own account: its browsers, its password under both sets of rules, and how long a lock lasts."""

from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts import rules, services
from liaison_app.accounts.models import Account, BrowserSession, OldPassword, SignInAttempt
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
PASSWORD = "早上六点去河边走一走"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0"


@pytest.fixture
def account(app) -> int:
    with transaction():
        made = make_account(Role.OFFICE, make_unit(), login="bai.xue")
        services.set_password(made, PASSWORD, by=made)
        return made.id


def browser(app, account_id: int):
    return sign_in(app.test_client(), db.session.get_one(Account, account_id))


def change(client, present: str, new: str):
    data = {"present": present, "password": new, "again": new}
    return client.post("/account/password", data=data)


def test_it_lists_the_own_browsers_and_ends_one(app, account):
    here, there = browser(app, account), app.test_client()
    there.post("/login", data={"login": "bai.xue", "password": PASSWORD}, headers={"User-Agent": WINDOWS})
    page = here.get("/account").text
    assert "Edge · Windows" in page
    assert "127.0.0.1" in page
    other = db.session.query(BrowserSession).order_by(BrowserSession.id.desc()).first().id
    assert here.post(f"/account/browsers/{other}/end").location == "/account"
    assert there.get("/desk").location.startswith("/login")
    assert here.get("/desk").status_code == 200


def test_nobody_ends_the_browser_of_somebody_else(app, account):
    browser(app, account)
    theirs = db.session.query(BrowserSession).one().id
    with transaction():
        stranger = make_account(Role.OFFICE, make_unit()).id
    assert browser(app, stranger).post(f"/account/browsers/{theirs}/end").status_code == 404
    assert db.session.get_one(BrowserSession, theirs).ended_at is None


def test_signing_out_everywhere_ends_every_browser(app, account):
    both = browser(app, account), browser(app, account)
    assert both[0].post("/account/browsers/end").location == "/login"
    assert [client.get("/desk").status_code for client in both] == [303, 303]


def test_the_last_sign_in_is_shown(app, account):
    with clock.frozen(NOW):
        browser(app, account)
    with clock.frozen(NOW + timedelta(days=1)):
        client = browser(app, account)
        assert "11月16日" in client.get("/account").text
        assert "上次登录" in client.get("/desk").text


def test_a_new_password_wants_the_present_one_and_ends_the_other_browsers(app, account):
    here, there = browser(app, account), browser(app, account)
    assert change(here, "完全不对的一句话", PASSWORD + "再回来").status_code == 422
    assert change(here, PASSWORD, "1234567890").status_code == 422
    assert change(here, PASSWORD, PASSWORD + "再回来").status_code == 303
    assert here.get("/desk").status_code == 200
    assert there.get("/desk").location.startswith("/login")


# --- 等保 ----------------------------------------------------------------------------


@pytest.mark.parametrize(("password", "fits"), [
    ("Zou-Dao1he", True), ("zoudaohebian1", False), ("Zoudaohebian", False), ("ZOUDAOHE2026!", True),
    ("zou-dao-1he", True), ("Zd1-aohe7", False), (PASSWORD, False),
])  # fmt: skip
def test_three_of_four_kinds_of_sign_and_ten_of_them(password, fits):
    assert (rules.password_flaw(password, "bai.xue", "白雪", rules="dengbao") is None) == fits


def test_the_last_five_passwords_are_not_taken_again(make_app, account):
    app = make_app(password_rules="dengbao")
    words = [f"Zou-Dao-He-{n}x" for n in "abcdef"]
    with app.app_context():
        for word in words[:5]:
            with transaction():
                me = db.session.get_one(Account, account)
                services.set_password(me, word, by=me)
        for word in words[:5]:
            assert change(browser(app, account), words[4], word).status_code == 422
        assert change(browser(app, account), words[4], words[5]).status_code == 303
        # The first one is six back now.
        assert change(browser(app, account), words[5], words[0]).status_code == 303
        assert db.session.query(OldPassword).count() <= rules.NOT_AGAIN


def test_without_the_rule_no_old_password_is_kept(app, account):
    assert change(browser(app, account), PASSWORD, PASSWORD + "再回来").status_code == 303
    assert db.session.query(OldPassword).count() == 0


@pytest.mark.parametrize(("days", "duty"), [(90, False), (91, True)])
def test_a_password_lasts_ninety_days(make_app, account, days, duty):
    app = make_app(password_rules="dengbao")
    with transaction():
        db.session.get_one(Account, account).password_set_at = NOW
    with clock.frozen(NOW + timedelta(days=days)):
        client = browser(app, account)
        reply = client.get("/desk")
        assert (reply.location == "/account/password") == duty
        if duty:
            assert change(client, PASSWORD, "Zou-Dao1-hebian").status_code == 303
            assert client.get("/desk").status_code == 200


def test_a_password_that_somebody_else_chose_is_changed_at_the_first_sign_in(make_app, account):
    with transaction():
        services.set_password(db.session.get_one(Account, account), PASSWORD, by=None)
    assert browser(make_app(), account).get("/desk").status_code == 200
    client = browser(make_app(password_rules="dengbao"), account)
    assert client.get("/desk").location == "/account/password"
    assert client.get("/account/password").status_code == 200


# --- the lock ---------------------------------------------------------------------------


def test_the_wait_grows_with_each_failure():
    waits = [rules.wait_after(failures) // timedelta(minutes=1) for failures in range(4, 12)]
    assert waits == [0, 15, 30, 60, 120, 240, 240, 240]


def test_a_failure_after_the_wait_makes_the_next_wait_longer(client, account):
    wrong = {"login": "bai.xue", "password": "完全不对的一句话"}
    with clock.frozen(NOW):
        for _ in range(rules.ATTEMPTS_PER_PAIR):
            client.post("/login", data=wrong)
    with clock.frozen(NOW + timedelta(minutes=16)):
        assert "账号或密码不对" in client.post("/login", data=wrong).text
        assert "请 30 分钟以后再试" in client.post("/login", data=wrong).text
    with clock.frozen(NOW + timedelta(minutes=47)):
        assert client.post("/login", data={**wrong, "password": PASSWORD}).status_code == 303
    assert db.session.query(SignInAttempt).count() == 0


def test_a_security_administrator_unlocks(app, client, account):
    for _ in range(rules.ATTEMPTS_PER_PAIR):
        client.post("/login", data={"login": "bai.xue", "password": "完全不对的一句话"})
    with transaction():
        unit = db.session.get_one(Account, account).grants[0].unit
        boss = make_account(Role.SECURITY_ADMIN, unit).id
    boss = browser(app, boss)
    assert "一天里 5 次" in boss.get(f"/accounts/{account}").text
    assert boss.post(f"/accounts/{account}/unlock").status_code == 303
    assert client.post("/login", data={"login": "bai.xue", "password": PASSWORD}).status_code == 303
    assert "accounts:account:unlock" in {entry.action for entry in db.session.query(Entry)}
