"""Codes of a telephone, recovery codes, and the password again before grave steps."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts import rules, second_factor, services
from liaison_app.accounts.models import Account, RecoveryCode
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit

NOW = datetime(2026, 11, 16, 1, 0, 10, tzinfo=UTC)
PASSWORD = "早上六点去河边走一走"
LOGIN = {"login": "bai.xue", "password": PASSWORD}


@pytest.fixture
def account(app) -> int:
    with transaction():
        made = make_account(Role.OFFICE, make_unit(), login="bai.xue")
        services.set_password(made, PASSWORD, by=made)
        return made.id


@pytest.fixture
def secret(account) -> str:
    """The secret of the account's telephone, with the second factor switched on a while ago."""
    with clock.frozen(NOW - timedelta(days=1)):
        return switch_on(account)[0]


def switch_on(account_id: int) -> tuple[str, list[str]]:
    with transaction():
        second_factor.begin(account_id)
    secret = db.session.get_one(Account, account_id).totp_secret
    with transaction():
        codes = second_factor.turn_on(account_id, pyotp.TOTP(secret).at(clock.now()))
    return secret, codes


def code_at(secret: str, **ago) -> str:
    return pyotp.TOTP(secret).at(clock.now() - timedelta(**ago))


def first_step(client):
    reply = client.post("/login", data=LOGIN)
    assert reply.location == "/login/code"


def second_step(client, code: str):
    return client.post("/login/code", data={"code": code})


def test_the_password_alone_opens_nothing(client, secret):
    with clock.frozen(NOW):
        first_step(client)
        assert client.get("/desk").location.startswith("/login")
        assert second_step(client, code_at(secret)).location == "/desk"
        assert client.get("/desk").status_code == 200


def test_the_page_of_the_code_is_closed_without_the_password(client, secret):
    with clock.frozen(NOW):
        assert client.get("/login/code").location == "/login"
        assert second_step(client, code_at(secret)).location == "/login"


def test_the_first_step_lasts_five_minutes(client, secret):
    with clock.frozen(NOW):
        first_step(client)
    with clock.frozen(NOW + timedelta(minutes=5, seconds=1)):
        assert second_step(client, code_at(secret)).location == "/login"


@pytest.mark.parametrize(
    ("seconds", "opens"), [(0, True), (30, True), (-30, True), (60, False), (-60, False)]
)
def test_a_clock_may_be_wrong_by_one_step(client, secret, seconds, opens):
    with clock.frozen(NOW):
        first_step(client)
        assert (second_step(client, code_at(secret, seconds=seconds)).status_code == 303) == opens


def test_a_code_opens_once(app, secret):
    with clock.frozen(NOW):
        code = code_at(secret)
        for status in (303, 422):
            client = app.test_client()
            first_step(client)
            assert second_step(client, code).status_code == status
        # Nor does an older one that was never used.
        assert second_step(client, code_at(secret, seconds=30)).status_code == 422


def test_five_wrong_codes_lock_even_the_right_one_out_and_new_sign_ins_too(app, client, secret):
    with clock.frozen(NOW):
        first_step(client)
        for _ in range(rules.ATTEMPTS_PER_PAIR):
            assert second_step(client, "000000").status_code == 422
        other = app.test_client()
        first_step(other)
        assert "15 分钟以后再试" in second_step(other, code_at(secret)).text
    with clock.frozen(NOW + timedelta(minutes=15, seconds=1)):
        first_step(client)
        assert second_step(client, code_at(secret)).status_code == 303


def test_a_recovery_code_opens_once_in_any_spelling(app, account):
    with clock.frozen(NOW - timedelta(hours=1)):
        _, codes = switch_on(account)
    assert len(codes) == rules.RECOVERY_CODES
    with clock.frozen(NOW):
        for status in (303, 422):
            client = app.test_client()
            first_step(client)
            assert second_step(client, f" {codes[0].upper()} ").status_code == status
    plain = {code.replace("-", "") for code in codes}
    assert not plain & {row.code_hash for row in db.session.query(RecoveryCode)}


def test_the_secret_is_encrypted_at_rest(secret, account):
    with db.engine.connect() as connection:
        (kept,) = connection.exec_driver_sql(f"SELECT totp_secret FROM account WHERE id = {account}").one()
    assert secret.encode() not in bytes(kept)


def test_it_is_switched_on_in_the_browser_by_a_code(app, account):
    with clock.frozen(NOW):
        client = sign_in(app.test_client(), db.session.get_one(Account, account))
        client.post("/account/second-factor", data={"do": "begin"})
        page = client.get("/account/second-factor").text
        assert "<svg" in page
        secret = re.search(r'class="num">([A-Z2-7]{32})<', page)[1]
        assert client.post("/account/second-factor", data={"code": "000000"}).status_code == 422
        shown = client.post("/account/second-factor", data={"code": code_at(secret)})
        assert len(re.findall(r'class="num">[a-z2-9]{5}-[a-z2-9]{5}<', shown.text)) == rules.RECOVERY_CODES
        assert secret not in client.get("/account/second-factor").text
        # A half-begun setting demands nothing; a finished one cannot be begun anew over it.
        client.post("/account/second-factor", data={"do": "begin"})
    assert db.session.get_one(Account, account).totp_secret == secret


def test_a_secret_that_was_never_proved_demands_nothing(client, account):
    with transaction():
        second_factor.begin(account)
    assert client.post("/login", data=LOGIN).location == "/desk"


def test_a_role_that_must_have_it_does_nothing_else_first(make_app, account):
    client = make_app(second_factor_roles=("office",)).test_client()
    assert client.post("/login", data=LOGIN).location == "/desk"
    assert client.get("/desk").location == "/account/second-factor"
    assert client.get("/account").location == "/account/second-factor"
    assert (
        client.get("/desk", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/account/second-factor"
    )
    assert client.get("/account/second-factor").status_code == 200
    assert client.post("/logout").location == "/"


def test_an_unknown_role_in_the_setting_is_refused(make_app):
    from liaison_app.settings import SettingsRefused

    with pytest.raises(SettingsRefused, match="offcie"):
        make_app(second_factor_roles=("offcie",))


def test_a_security_administrator_switches_it_off_for_somebody_who_lost_the_telephone(
    app, client, secret, account
):
    with transaction():
        boss = make_account(Role.SECURITY_ADMIN, db.session.get_one(Account, account).grants[0].unit)
    boss = sign_in(app.test_client(), boss)
    assert boss.post(f"/accounts/{account}/second-factor").status_code == 303
    assert client.post("/login", data=LOGIN).location == "/desk"
    assert "accounts:second_factor:off" in {entry.action for entry in db.session.query(Entry)}


# --- the password again -----------------------------------------------------------


def test_a_grave_step_asks_for_the_password_again_after_ten_minutes(app, account):
    with transaction():
        clerk = make_account(Role.LIAISON, db.session.get_one(Account, account).grants[0].unit).id
    with clock.frozen(NOW):
        client = sign_in(app.test_client(), db.session.get_one(Account, account))
        assert client.get("/accounts/new").status_code == 200
    with clock.frozen(NOW + timedelta(minutes=11)):
        steps = [
            "/accounts/new",
            f"/accounts/{clerk}/grants/new",
            f"/accounts/{clerk}/link",
            "/account/second-factor/off",
        ]
        for step in steps:
            for ask in (client.get, client.post):
                assert ask(step).location.startswith("/confirm?next="), step
        assert client.get("/accounts").status_code == 200
        asked = client.get("/accounts/new").location
        assert client.post(asked, data={"password": "完全不对的一句话"}).status_code == 422
        reply = client.post(asked, data={"password": PASSWORD})
        assert reply.location == "/accounts/new"
        assert client.get("/accounts/new").status_code == 200


def test_the_question_leads_nowhere_else(app, account):
    client = sign_in(app.test_client(), db.session.get_one(Account, account))
    reply = client.post("/confirm?next=//evil.example", data={"password": PASSWORD})
    assert reply.location == "/"


def test_wrong_answers_to_the_question_lock_like_sign_in(app, account):
    client = sign_in(app.test_client(), db.session.get_one(Account, account))
    for _ in range(rules.ATTEMPTS_PER_PAIR):
        client.post("/confirm", data={"password": "完全不对的一句话"})
    assert "分钟以后再试" in client.post("/confirm", data={"password": PASSWORD}).text


def test_the_cookie_changes_when_the_password_was_given_again(app, account):
    client = sign_in(app.test_client(), db.session.get_one(Account, account))
    with client.session_transaction() as cookie:
        old = cookie["key"]
    client.post("/confirm", data={"password": PASSWORD})
    with client.session_transaction() as cookie:
        assert cookie["key"] != old
        cookie["key"] = old
    assert client.get("/desk").location.startswith("/login")
