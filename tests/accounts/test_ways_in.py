"""The door as an attacker meets it: names, time, cookies planted and kept, shared machines (SECURITY 3 C)."""

import json
import re
import stat
from datetime import timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from http.cookies import SimpleCookie

import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts import rules, services
from liaison_app.accounts.errors import NotYours
from liaison_app.accounts.models import BrowserSession
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.settings import Settings, SettingsRefused
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit

PASSWORD = "早上六点去河边走一走"
WRONG = "完全不对的一句话"
SAFE = "https://mdm.example.test"


@pytest.fixture
def account(app):
    with transaction():
        made = make_account(Role.OFFICE, make_unit(), login="bai.xue")
        services.set_password(made, PASSWORD, by=None)
        boss = make_account(Role.ADMIN, made.grants[0].unit, login="boss")
        closed = make_account(Role.OFFICE, made.grants[0].unit, login="closed")
        services.set_password(closed, PASSWORD, by=None)
        services.set_active(closed.id, False, by=boss)
    return made


@pytest.fixture
def looks(monkeypatch) -> list[str]:
    """The hashes that a password was compared with: the slow step, which is done all the same."""
    seen: list[str] = []
    compare = services._is_password

    def look(password_hash: str, password: str) -> bool:
        seen.append(password_hash)
        return compare(password_hash, password)

    monkeypatch.setattr(services, "_is_password", look)
    return seen


def attempt(client, password: str, login: str = "bai.xue", **more):
    return client.post("/login", data={"login": login, "password": password}, **more)


def cookies(reply) -> dict[str, object]:
    found: SimpleCookie = SimpleCookie()
    for line in reply.headers.getlist("Set-Cookie"):
        found.load(line)
    return dict(found)


def browsers() -> list[int]:
    return [one.id for one in db.session.query(BrowserSession).order_by(BrowserSession.id)]


# --- C1, C5, B12, K5: what an attempt costs, and what it tells --------------------------


@pytest.mark.parametrize("login", ["bai.xue", "nobody", "closed", "boss"])
def test_every_name_costs_one_look_whether_there_is_such_an_account_or_not(client, account, looks, login):
    reply = attempt(client, WRONG, login)
    assert reply.status_code == 422
    assert "账号或密码不对" in reply.text
    assert len(looks) == 1


def test_names_differ_in_nothing_but_themselves(client, account):
    said = {
        re.sub(r'name="csrf_token" value="[^"]*"', "", attempt(client, WRONG, login).text).replace(login, "")
        for login in ("bai.xue", "nobody", "closed", "boss")
    }
    assert len(said) == 1


def test_whoever_is_locked_out_costs_no_look_any_more(client, account, looks):
    for _ in range(rules.ATTEMPTS_PER_PAIR):
        attempt(client, WRONG)
    del looks[:]
    for _ in range(20):
        assert "分钟以后再试" in attempt(client, PASSWORD).text
    assert looks == []


def test_a_name_that_is_tried_from_everywhere_waits_and_the_others_do_not(client, account, app):
    """SECURITY C4: thirty addresses against one name shut that one name for a quarter of an hour."""
    for number in range(rules.ATTEMPTS_PER_LOGIN):
        attempt(client, WRONG, environ_base={"REMOTE_ADDR": f"203.0.113.{number}"})
    assert "分钟以后再试" in attempt(client, PASSWORD).text
    with transaction():
        other = make_account(Role.OFFICE, make_unit("二街道"), login="other")
        services.set_password(other, PASSWORD, by=None)
    assert attempt(client, PASSWORD, "other").status_code == 303
    with clock.frozen(clock.now() + rules.ATTEMPT_WINDOW + timedelta(minutes=1)):
        assert attempt(app.test_client(), PASSWORD).status_code == 303


# --- C6, C7, C11, C12: cookies -------------------------------------------------------------


def test_a_cookie_that_somebody_planted_is_not_the_one_that_signs_in(app, client, account):
    with transaction():
        thief = make_account(Role.DEPUTY, make_unit("二街道"), login="thief")
    sign_in(client, thief)
    with client.session_transaction() as cookie:
        cookie["planted"] = "1"
        planted = dict(cookie)
    client.post("/logout")
    with client.session_transaction() as cookie:
        cookie.update(planted)
    assert attempt(client, PASSWORD).status_code == 303
    with client.session_transaction() as cookie:
        assert cookie["key"] != planted["key"]
        assert "planted" not in cookie
        key = cookie["key"]
    theirs = app.test_client()
    with theirs.session_transaction() as cookie:
        cookie.update(planted)
    assert theirs.get("/desk").location.startswith("/login")
    # The control: the cookie that was given opens the desk wherever it is.
    with theirs.session_transaction() as cookie:
        cookie["key"] = key
    assert theirs.get("/desk").status_code == 200


def test_each_sign_in_has_a_key_of_its_own(app, account):
    keys = set()
    for _ in range(3):
        browser = app.test_client()
        attempt(browser, PASSWORD)
        with browser.session_transaction() as cookie:
            keys.add(cookie["key"])
    assert len(keys) == 3
    assert min(map(len, keys)) * 6 >= 128


def test_the_cookie_is_for_this_house_over_https_and_not_for_scripts(make_app, account):
    browser = make_app(base_url=SAFE).test_client()
    given = cookies(attempt(browser, PASSWORD, base_url=SAFE))["__Host-liaison"]
    assert given["secure"]
    assert given["httponly"]
    assert (given["samesite"], given["path"], given["domain"]) == ("Lax", "/", "")
    switch = cookies(browser.get("/?display=elder-1", base_url=SAFE))["elder"]
    assert switch["secure"]
    assert switch["httponly"]


def test_no_cookie_remembers_anybody_beyond_the_day(client, account):
    """SECURITY C12: there is no “remember me”; the server's own limit is shown in test_sign_in."""
    reply = attempt(client, PASSWORD)
    assert "remember" not in client.get("/login").text.casefold()
    lasts = clock.now() + timedelta(hours=12, minutes=1)
    expires = parsedate_to_datetime(cookies(reply)["liaison"]["expires"])
    assert clock.now() < expires <= lasts


# --- C9: a machine that many share --------------------------------------------------------------


@pytest.mark.parametrize("path", ["/logout", "/account/browsers/end", "/account/browsers/{}/end"])
def test_every_end_of_a_session_clears_what_the_browser_kept(client, account, path):
    sign_in(client, account)
    reply = client.post(path.format(*browsers()))
    assert reply.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/desk").location.startswith("/login")


def test_ending_another_browser_leaves_this_one_alone(app, client, account):
    sign_in(app.test_client(), account)
    sign_in(client, account)
    reply = client.post(f"/account/browsers/{browsers()[0]}/end")
    assert "Clear-Site-Data" not in reply.headers
    assert client.get("/desk").status_code == 200


def test_htmx_keeps_no_page_runs_no_text_and_asks_no_other_host(client):
    page = client.get("/login").text
    settings = json.loads(unescape(re.search(r"name=\"htmx-config\" content='([^']*)'", page)[1]))
    assert settings["historyCacheSize"] == 0
    assert settings["selfRequestsOnly"] is True
    assert settings["allowEval"] is settings["allowScriptTags"] is False


# --- C10, I1: what may not start -----------------------------------------------------------------


@pytest.mark.parametrize("secret", ["dev", "changeme", "x" * 31])
def test_a_short_or_known_secret_does_not_start(tmp_path, secret):
    with pytest.raises(SettingsRefused, match="LIAISON_SECRET_KEY"):
        Settings.from_env({"LIAISON_DATA": str(tmp_path), "LIAISON_SECRET_KEY": secret})


def test_every_installation_makes_its_own_secret_and_shows_it_to_its_user_alone(tmp_path):
    made = [Settings.from_env({"LIAISON_DATA": str(tmp_path / name)}).secret_key for name in "ab"]
    assert made[0] != made[1]
    assert made[0] == Settings.from_env({"LIAISON_DATA": str(tmp_path / "a")}).secret_key
    assert min(map(len, made)) >= 48
    assert stat.S_IMODE((tmp_path / "a" / "secret-key").stat().st_mode) == 0o600


def test_production_starts_with_a_secret_and_an_address_only(tmp_path):
    given = {
        "LIAISON_DATA": str(tmp_path),
        "LIAISON_MODE": "production",
        "LIAISON_SECRET_KEY": "x1" * 20,
        "LIAISON_BASE_URL": SAFE,
    }
    assert Settings.from_env(given).secure
    for missing in ("LIAISON_SECRET_KEY", "LIAISON_BASE_URL"):
        with pytest.raises(SettingsRefused, match=missing):
            Settings.from_env({**given, missing: ""})


@pytest.mark.parametrize("mode", ["demo", "production"])
def test_nothing_starts_with_a_debugger(tmp_path, mode):
    given = {"LIAISON_DATA": str(tmp_path), "LIAISON_MODE": mode, "LIAISON_SECRET_KEY": "x1" * 20}
    given["LIAISON_BASE_URL"] = SAFE
    assert Settings.from_env(given).mode == mode
    with pytest.raises(SettingsRefused, match="FLASK_DEBUG"):
        Settings.from_env({**given, "FLASK_DEBUG": "1"})


def test_an_account_without_a_password_opens_by_none(client, account):
    assert db.session.merge(account).password_hash
    for password in ("", "None", "x" * 201):
        assert attempt(client, password, "boss").status_code == 422


def test_an_account_that_was_closed_and_opened_again_is_out_everywhere(client, account):
    """SECURITY A15: what was open before the closing stays ended."""
    sign_in(client, account)
    boss = db.session.query(type(account)).filter_by(login="boss").one().id
    for is_active in (False, True):
        with transaction():
            services.set_active(account.id, is_active, by=db.session.get_one(type(account), boss))
    assert client.get("/desk").location.startswith("/login")
    assert attempt(client, PASSWORD).status_code == 303


def test_an_account_that_is_closed_is_out_even_if_nothing_else_ended_its_browsers(client, account):
    sign_in(client, account)
    assert client.get("/desk").status_code == 200
    with transaction():
        db.session.merge(account).is_active = False
    assert client.get("/desk").location.startswith("/login")


def test_the_service_itself_gives_no_role_that_its_giver_may_not_give(account):
    """SECURITY A10, beside the choices that the form offers."""
    office = db.session.merge(account)
    with transaction():
        other, foreign = make_account(login="other").id, make_unit("邻区").id
    own = office.grants[0].unit_id
    for role, unit_id in ((Role.ADMIN, own), (Role.OFFICE, own), (Role.LIAISON, foreign)):
        with pytest.raises(NotYours), transaction():
            services.grant(
                db.session.get_one(type(office), other), role, unit_id, by=db.session.merge(account)
            )
    with transaction():
        services.grant(
            db.session.get_one(type(office), other), Role.LIAISON, own, by=db.session.merge(account)
        )
