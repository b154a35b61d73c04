"""Signing in by a link in a mail, for those who never keep a password."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts import rules, services
from liaison_app.accounts.models import Account, SignInLink
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.messages.models import Message
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
MAIL = "wang@example.test"


@pytest.fixture
def deputy(app) -> int:
    """A deputy's account, known by the mail address of its person."""
    with transaction():
        account = make_account(Role.DEPUTY, make_unit("一街道"))
        account.person_id = make_deputy("王试三", email="Wang@example.test").id
        return account.id


def ask(client, email: str = MAIL):
    reply = client.post("/sign-in-link", data={"email": email}, follow_redirects=True)
    assert reply.status_code == 200
    return re.sub(r'value="[^"]*"', "", reply.text)


def links() -> list[str]:
    return [re.search(r"/sign-in/\S+", one.body)[0] for one in db.session.query(Message).order_by(Message.id)]


def test_a_link_signs_in_once_by_its_button_and_not_by_being_opened(app, client, deputy):
    ask(client)
    (link,) = links()
    for _ in range(2):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200
    assert client.get("/desk").location.startswith("/login")
    assert client.post(link).location == "/desk"
    assert client.get("/desk", follow_redirects=True).request.path == "/invitations/mine"
    assert client.post(link).status_code == 404
    assert app.test_client().get(link).status_code == 404


def test_a_link_lasts_a_quarter_of_an_hour(client, deputy):
    with clock.frozen(NOW):
        ask(client)
    with clock.frozen(NOW + rules.SIGN_IN_LINK_LIFE + timedelta(seconds=1)):
        assert client.post(links()[0]).status_code == 404


def test_the_answer_tells_nobody_which_addresses_there_are(app, deputy):
    said = [ask(app.test_client(), email) for email in (MAIL, "nobody@example.test")]
    assert said[0] == said[1]
    # What was written for nobody, so that it takes as long, is gone.
    assert len(links()) == db.session.query(SignInLink).count() == 1


@pytest.mark.parametrize("role", [role for role in Role if role not in rules.LINK_ROLES])
def test_nobody_with_a_graver_role_gets_a_link(client, deputy, role):
    with transaction():
        account = db.session.get_one(Account, deputy)
        services.grant(account, role, account.grants[0].unit_id, by=None)
    ask(client)
    assert links() == []


def test_a_link_is_worth_nothing_to_who_was_given_a_graver_role_meanwhile(client, deputy):
    ask(client)
    with transaction():
        account = db.session.get_one(Account, deputy)
        services.grant(account, Role.OFFICE, account.grants[0].unit_id, by=None)
    assert client.post(links()[0]).status_code == 404


def test_a_closed_account_gets_none_and_an_old_link_is_dead(client, deputy):
    ask(client)
    with transaction():
        db.session.get_one(Account, deputy).is_active = False
    assert client.post(links()[0]).status_code == 404
    ask(client)
    assert len(links()) == 1


def test_somebody_who_asks_too_often_is_passed_over_in_silence(app, deputy):
    said = {ask(app.test_client()) for _ in range(rules.LINKS_PER_MAIL + 2)}
    assert len(said) == 1
    assert len(links()) == rules.LINKS_PER_MAIL


def test_only_the_hash_of_a_link_is_kept(client, deputy):
    ask(client)
    assert links()[0].rpartition("/")[2] not in {row.token_hash for row in db.session.query(SignInLink)}


def test_in_production_the_outbox_shows_the_link_to_nobody(make_app, deputy):
    app = make_app(mode="production", smtp_url="smtp://127.0.0.1:1")
    ask(app.test_client())
    with transaction():
        office = make_account(Role.OFFICE, db.session.get_one(Account, deputy).grants[0].unit)
    (link,) = links()
    message = db.session.query(Message).one()
    browser = sign_in(app.test_client(), office)
    for page in ("/messages", f"/messages/{message.id}", f"/messages/{message.id}.eml"):
        reply = browser.get(page)
        assert link not in reply.text
    assert reply.status_code == 404


def test_without_a_mail_server_there_are_none_in_production(make_app, deputy):
    client = make_app(mode="production").test_client()
    assert client.get("/sign-in-link").status_code == 404
    assert "用邮箱登录" not in client.get("/login").text


def test_a_second_factor_is_asked_for_after_a_link_as_well(client, deputy):
    ask(client)
    with transaction():
        account = db.session.get_one(Account, deputy)
        account.totp_secret, account.totp_since = "A" * 32, clock.now()
    assert client.post(links()[0]).location == "/login/code"
    assert client.get("/desk").location.startswith("/login")
