"""Single sign-on with a provider in its own process: who comes in, and what is refused.

The provider is made to lie, one claim at a time; the honest answer beside each gets in.
"""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from joserfc import jwt
from joserfc.jws import extract_compact
from playwright.sync_api import Page, expect

from liaison_app.access.permissions import Role
from liaison_app.accounts import second_factor, services, sso
from liaison_app.accounts.models import Account, BrowserSession, SignInLink, SsoIdentity
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.operations import checks
from liaison_app.settings import SettingsRefused
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.parts.identity_provider import CLIENT
from tests.parts.mailbox import SmtpServer

PASSWORD = "早上六点去河边走一走"
LOGIN = {"login": "bai.xue", "password": PASSWORD}
WHO = "e-10086"


@pytest.fixture
def app(app, make_app, provider):
    trusting = make_app(**provider.settings())
    with trusting.app_context():
        yield trusting


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def account(app) -> int:
    with transaction():
        made = make_account(Role.OFFICE, make_unit(), login="bai.xue")
        services.set_password(made, PASSWORD, by=made)
        return made.id


@pytest.fixture
def linked(app, account) -> int:
    with transaction():
        sso.link(account, WHO, by=db.session.get_one(Account, account))
    return account


def go(client, next: str = "") -> str:
    """Return where the button leads."""
    reply = client.get("/login/sso", query_string={"next": next} if next else None)
    assert reply.status_code == 303
    return reply.location


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def come(client, provider, who: str = WHO, next: str = ""):
    return client.get(path_of(provider.send_back(go(client, next), who)))


def is_in(client) -> bool:
    return client.get("/desk").status_code == 200


def actions() -> list[str]:
    db.session.rollback()
    return [one.action for one in db.session.query(Entry).order_by(Entry.id)]


# --- who comes in ---------------------------------------------------------------------


def test_whom_the_provider_names_comes_in_as_the_linked_account(client, provider, linked):
    reply = come(client, provider)
    assert (reply.status_code, reply.location) == (303, "/desk")
    assert is_in(client)
    assert "单点登录" in client.get("/account").text
    assert db.session.query(SsoIdentity).one().used_at


def test_the_question_has_state_nonce_and_a_hashed_verifier_and_comes_back_to_the_settings_address(
    app, client, linked
):
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    asked = parse_qs(urlsplit(client.get("/login/sso", headers=forged).location).query)
    assert asked["redirect_uri"] == [app.config["LIAISON"].base_url + "/login/sso/back"]
    assert asked["code_challenge_method"] == ["S256"]
    assert {len(asked[name][0]) for name in ("state", "nonce")} == {64}
    assert asked["response_type"] == ["code"]
    again = parse_qs(urlsplit(go(client)).query)
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))


def test_it_is_off_unless_it_is_set(app, make_app):
    without = make_app().test_client()
    assert "/login/sso" not in without.get("/login").text
    assert without.get("/login/sso").location == "/login"
    assert without.get("/login/sso/back?code=x&state=y").location == "/login"
    assert "统一认证" in app.test_client().get("/login").text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"oidc_issuer": "http://sso.example.test"}, "https"),
        ({"oidc_client_id": ""}, "CLIENT_ID"),
        ({"oidc_client_secret_file": "/nowhere/at/all"}, "SECRET_FILE"),
    ],
)
def test_settings_that_are_not_safe_are_refused(make_app, provider, changes, says):
    with pytest.raises(SettingsRefused, match=says):
        make_app(**{**provider.settings(), **changes})


def test_the_secret_may_stand_in_a_file(make_app, provider, linked, tmp_path):
    settings = provider.settings()
    (tmp_path / "secret").write_text(settings.pop("oidc_client_secret") + "\n", encoding="utf-8")
    client = make_app(**settings, oidc_client_secret_file=str(tmp_path / "secret")).test_client()
    assert come(client, provider).location == "/desk"


def test_it_leads_on_to_where_one_wanted_to_go_and_never_to_another_site(app, provider, linked):
    assert come(app.test_client(), provider, next="/meetings?q=1").location == "/meetings?q=1"
    for target in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert come(app.test_client(), provider, next=target).location == "/"


def test_a_closed_account_stays_out(client, provider, linked):
    with transaction():
        db.session.get_one(Account, linked).is_active = False
    assert come(client, provider).status_code == 403
    assert not is_in(client)


def test_an_unknown_subject_is_told_whom_to_ask_and_nobody_is_found_by_name_or_mail(
    client, provider, account
):
    with transaction():
        db.session.get_one(Account, account).email = "bai@example.test"
    provider.behave(
        claims={"email": "bai@example.test", "email_verified": True, "preferred_username": "bai.xue"}
    )
    for who in ("bai.xue", WHO):
        reply = come(client, provider, who)
        assert reply.status_code == 403
        assert "管理员" in reply.text
        assert who in reply.text
        assert not is_in(client)
    assert "accounts:sso:unknown" in actions()


def test_a_subject_is_compared_sign_by_sign(client, provider, linked):
    for who in (WHO.upper(), WHO + " ", " " + WHO, WHO + "\n"):
        assert come(client, provider, who).status_code == 403, who


def test_the_same_subject_at_another_issuer_is_somebody_else(client, provider, linked):
    with transaction():
        db.session.query(SsoIdentity).one().issuer = "https://other.example.test"
    assert come(client, provider).status_code == 403


# --- what is refused ------------------------------------------------------------------------


LIES = {
    "the nonce of another": {"claims": {"nonce": "0" * 64}},
    "no nonce": {"without": ["nonce"]},
    "for another audience": {"claims": {"aud": "another-app"}},
    "for another audience, by us": {"claims": {"aud": "another-app", "azp": CLIENT}},
    "no audience": {"without": ["aud"]},
    "by another issuer": {"claims": {"iss": "https://other.example.test"}},
    "no issuer": {"without": ["iss"]},
    "expired": {"claims": {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}},
    "without an end": {"without": ["exp"]},
    "of tomorrow": {"claims": {"iat": int(time.time()) + 86400, "nbf": int(time.time()) + 86400}},
    "about nobody": {"claims": {"sub": ""}},
    "about a number": {"claims": {"sub": 10086}},
    "to another party": {"claims": {"azp": "another-app"}},
    "with another access token": {"claims": {"at_hash": "AAAA"}},
    "not signed": {"signed": "not at all"},
    "signed with our secret": {"signed": "with our secret"},
    "signed with the public key as a secret": {"signed": "with the public key"},
    "signed by a stranger": {"signed": "by a stranger"},
    "changed after it was signed": {"signed": "then changed"},
}


@pytest.mark.parametrize("lie", LIES)
def test_what_does_not_hold_is_refused_and_the_honest_answer_is_not(app, provider, linked, lie):
    provider.behave(**LIES[lie])
    client = app.test_client()
    assert come(client, provider).location == "/login"
    assert "单点登录没有成功" in client.get("/login").text
    assert not is_in(client)
    assert "accounts:sso:failed" in actions()
    provider.behave()
    assert come(client, provider).location == "/desk"


def unverified(text: str) -> jwt.Token:
    """Read a token as who does not look at its signature."""
    read = extract_compact(text.encode())
    return jwt.Token(read.headers(), json.loads(read.payload))


@pytest.mark.parametrize("lie", ["signed by a stranger", "signed with our secret"])
def test_control_without_the_signature_the_lie_gets_in(app, provider, linked, monkeypatch, lie):
    provider.behave(**LIES[lie])
    monkeypatch.setattr(sso, "_decoded", unverified)
    assert come(app.test_client(), provider).location == "/desk"


@pytest.mark.parametrize(
    "lie", ["the nonce of another", "for another audience", "expired", "by another issuer"]
)
def test_control_without_the_checks_of_claims_the_lie_gets_in(app, provider, linked, monkeypatch, lie):
    provider.behave(**LIES[lie])
    monkeypatch.setattr(sso.CodeIDToken, "validate", lambda self, **how: None)
    assert come(app.test_client(), provider).location == "/desk"


def come_twice(app, provider) -> list[str]:
    """Return where the answer leads, and where it leads again with the cookie of before."""
    client = app.test_client()
    back = provider.send_back(go(client), WHO)
    with client.session_transaction() as cookie:
        kept = dict(cookie)
    told = [client.get(path_of(back)).location]
    # Another code under the state of before: the provider takes a code only once itself.
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie.update(kept)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(back).query).items()}
    first = parse_qs(urlsplit(go(app.test_client())).query)
    address = f"{provider.issuer}/authorize?" + "&".join(
        f"{name}={value[0]}"
        for name, value in first.items()
        if name not in {"state", "nonce", "code_challenge"}
    )
    state = asked["state"]
    with app.test_request_context():
        challenge = sso.OAuth2Session(
            code_challenge_method="S256", client_id=CLIENT
        ).create_authorization_url(
            address, state=state, nonce=sso._nonce(state), code_verifier=sso._verifier(state)
        )[0]
    return [*told, client.get(path_of(provider.send_back(challenge, WHO))).location]


def test_a_state_is_taken_once(app, provider, linked):
    assert come_twice(app, provider) == ["/desk", "/login"]


def test_control_without_spent_questions_a_state_is_taken_again(app, provider, linked, monkeypatch):
    monkeypatch.setattr(services, "spend", lambda question: None)
    assert come_twice(app, provider) == ["/desk", "/desk"]


def test_the_answer_to_another_browser_is_none_here(app, client, provider, linked):
    """Nobody can be signed in as somebody else by a link (login CSRF)."""
    back = provider.send_back(go(app.test_client()), WHO)
    assert client.get(path_of(back)).location == "/login"
    go(client)
    assert client.get(path_of(back)).location == "/login"
    assert not is_in(client)


def test_a_state_lasts_five_minutes(app, provider, linked):
    now = clock.now()
    for late, target in ((timedelta(minutes=5), "/desk"), (timedelta(minutes=5, seconds=2), "/login")):
        client = app.test_client()
        with clock.frozen(now):
            back = provider.send_back(go(client), WHO)
        with clock.frozen(now + late):
            assert client.get(path_of(back)).location == target


def test_a_code_that_was_made_up_is_refused(client, provider, linked):
    state = parse_qs(urlsplit(go(client)).query)["state"][0]
    assert client.get(f"/login/sso/back?code=made-up&state={state}").location == "/login"
    assert client.get("/login/sso/back?error=access_denied&state=x").location == "/login"
    assert not is_in(client)


# --- asking the issuer -------------------------------------------------------------------------


@pytest.mark.parametrize("fact", ["token_endpoint", "jwks_uri"])
def test_nobody_but_the_issuers_host_is_asked(app, make_app, provider, linked, fact):
    with_other = {"facts": {fact: "http://127.0.0.1:9/elsewhere"}}
    provider.behave(**with_other)
    client = make_app(**provider.settings()).test_client()
    assert come(client, provider).location == "/login"
    assert "现在连不上" in client.get("/login").text


def test_an_issuer_that_calls_itself_otherwise_is_not_believed(make_app, app, provider, linked):
    provider.behave(facts={"issuer": "https://other.example.test"})
    client = make_app(**provider.settings()).test_client()
    assert client.get("/login/sso").location == "/login"


def test_nobody_is_sent_to_an_address_that_can_be_read_on_the_way(make_app, app, provider):
    provider.behave(facts={"authorization_endpoint": "http://sso.example.test/authorize"})
    client = make_app(**provider.settings()).test_client()
    assert client.get("/login/sso").location == "/login"


def test_what_the_issuer_says_of_itself_is_kept_for_ten_minutes(app, provider, linked):
    now = clock.now()
    with clock.frozen(now):
        for _ in range(3):
            come(app.test_client(), provider)
    assert provider.asked().count("/.well-known/openid-configuration") == 1
    assert provider.asked().count("/jwks") == 1
    with clock.frozen(now + timedelta(minutes=11)):
        go(app.test_client())
    assert provider.asked().count("/.well-known/openid-configuration") == 2


def test_while_the_provider_is_down_the_password_still_opens(make_app, app, provider, linked):
    """X43: the local account with its second factor is the way in, and the trail says so."""
    provider.behave(is_down=True)
    with transaction():
        second_factor.begin(linked)
    secret = db.session.get_one(Account, linked).totp_secret
    with transaction():
        second_factor.turn_on(linked, pyotp.TOTP(secret).at(clock.now() - timedelta(seconds=30)))
    client = make_app(**provider.settings()).test_client()
    assert client.get("/login/sso").location == "/login"
    assert "现在连不上" in client.get("/login").text
    assert client.post("/login", data=LOGIN).location == "/login/code"
    assert client.post("/login/code", data={"code": pyotp.TOTP(secret).at(clock.now())}).location == "/desk"
    assert actions()[-1] == "accounts:account:sign_in"
    assert db.session.query(Entry).order_by(Entry.id.desc()).first().sentence == "密码"
    assert "accounts:sso:down" in actions()


def test_a_provider_that_falls_over_on_the_way_back_is_told_in_words(client, provider, linked):
    back = provider.send_back(go(client), WHO)
    provider.behave(is_down=True)
    assert client.get(path_of(back)).location == "/login"
    assert not is_in(client)


# --- the second factor ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "is_enough"),
    [
        ({"amr": ["pwd", "otp"]}, True), ({"acr": "urn:two"}, True), ({"amr": ["pwd"]}, False), ({}, False),
        ({"acr": "0"}, False),
    ],
)  # fmt: skip
def test_it_is_a_second_factor_only_where_the_provider_says_so_in_the_words_of_the_setting(
    make_app, app, provider, linked, claims, is_enough
):
    settings = {"second_factor_roles": ("office",), "oidc_second_factor": ("otp", "urn:two")}
    client = make_app(**provider.settings(), **settings).test_client()
    provider.behave(claims=claims)
    assert come(client, provider).location == "/desk"
    assert client.get("/desk").status_code == (200 if is_enough else 303)
    assert is_enough or client.get("/desk").location == "/account/second-factor"
    assert db.session.query(BrowserSession).order_by(BrowserSession.id.desc()).first().is_strong == is_enough


def test_codes_that_are_switched_on_are_asked_for_after_the_provider(client, provider, linked):
    with transaction():
        second_factor.begin(linked)
    secret = db.session.get_one(Account, linked).totp_secret
    with transaction():
        second_factor.turn_on(linked, pyotp.TOTP(secret).at(clock.now() - timedelta(seconds=30)))
    assert come(client, provider).location == "/login/code"
    assert not is_in(client)
    assert client.post("/login/code", data={"code": pyotp.TOTP(secret).at(clock.now())}).location == "/desk"
    assert db.session.query(BrowserSession).order_by(BrowserSession.id.desc()).first().way == "sso"


# --- linking ----------------------------------------------------------------------------------------


def own(app, account_id: int):
    return sign_in(app.test_client(), db.session.get_one(Account, account_id))


def test_an_owner_links_the_own_account_by_a_yes_after_coming_back(app, client, provider, account):
    owner = own(app, account)
    back = provider.send_back(owner.get("/account/sso/start").location, WHO)
    assert owner.get(path_of(back)).location == "/account/sso"
    # Coming back alone links nothing: whoever lured the browser there may have chosen the name.
    assert db.session.query(SsoIdentity).count() == 0
    assert WHO in owner.get("/account/sso").text
    assert owner.post("/account/sso").location == "/account/sso"
    assert come(client, provider).location == "/desk"
    assert "accounts:sso:link" in actions()
    owner.post("/account/sso", data={"do": "unlink"})
    assert come(app.test_client(), provider).status_code == 403
    assert "accounts:sso:unlink" in actions()


def test_a_yes_without_coming_back_links_nothing(app, provider, account):
    owner = own(app, account)
    owner.post("/account/sso")
    owner.post("/account/sso", data={"subject": WHO})
    assert db.session.query(SsoIdentity).count() == 0


def test_linking_asks_for_the_password_again(app, provider, account):
    now = clock.now()
    with clock.frozen(now):
        owner = own(app, account)
    with clock.frozen(now + timedelta(minutes=11)):
        for path in ("/account/sso", "/account/sso/start"):
            assert owner.get(path).location.startswith("/confirm?next=")


def test_one_subject_is_one_account(app, provider, linked):
    with transaction():
        other = make_account(Role.OFFICE, make_unit()).id
    owner = own(app, other)
    back = provider.send_back(owner.get("/account/sso/start").location, WHO)
    owner.get(path_of(back))
    owner.post("/account/sso")
    assert "已经对应了别的账号" in owner.get("/account").text
    assert db.session.query(SsoIdentity).one().account_id == linked


def test_a_security_administrator_writes_the_subject(app, client, provider, account):
    with transaction():
        boss = make_account(Role.SECURITY_ADMIN, db.session.get_one(Account, account).grants[0].unit).id
    boss = own(app, boss)
    assert boss.post(f"/accounts/{account}/sso", data={"subject": f" {WHO} "}).status_code == 303
    assert come(client, provider).location == "/desk"
    assert "已对应" in boss.get(f"/accounts/{account}").text
    assert boss.post(f"/accounts/{account}/sso", data={"subject": ""}).status_code == 303
    assert come(app.test_client(), provider).status_code == 403


def test_nobody_writes_the_subject_of_an_account_that_is_not_theirs_to_manage(app, account):
    with transaction():
        unit = db.session.get_one(Account, account).grants[0].unit
        admin, stranger = make_account(Role.ADMIN, unit).id, make_account(Role.OFFICE, make_unit()).id
    assert own(app, account).post(f"/accounts/{admin}/sso", data={"subject": "x"}).status_code == 404
    assert own(app, account).post(f"/accounts/{account}/sso", data={"subject": "x"}).status_code == 422
    assert own(app, stranger).post(f"/accounts/{account}/sso", data={"subject": "x"}).status_code == 404
    assert db.session.query(SsoIdentity).count() == 0


# --- out again ------------------------------------------------------------------------------------------


def test_signing_out_ends_ours_and_leads_to_the_way_out_of_the_provider(app, client, provider, linked):
    come(client, provider)
    reply = client.post("/logout")
    assert reply.location == "/signed-out"
    assert reply.headers["Clear-Site-Data"] == '"cache", "storage"'
    page = client.get("/signed-out").text
    assert f"{provider.issuer}/end-session?client_id={CLIENT}" in page
    assert not is_in(client)
    client.post("/login", data=LOGIN)
    assert client.post("/logout").location == "/"


def test_without_a_way_out_there_is_no_page_of_it(make_app, app, provider, linked):
    provider.behave(facts={"end_session_endpoint": None})
    client = make_app(**provider.settings()).test_client()
    come(client, provider)
    client.post("/logout")
    assert client.get("/signed-out").location == "/"


# --- in a browser --------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_browser_goes_there_and_back_and_out_again(open_server, provider, app, account, page: Page):
    server = open_server(**provider.settings())
    page.goto(f"{server.url}/login")
    page.locator("#login").fill("bai.xue")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto(f"{server.url}/account")
    page.get_by_role("link", name="统一认证").click()
    page.get_by_role("link", name="去登录一次").click()
    page.get_by_label("工号").fill(WHO)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_text("测试的人")).to_be_visible()
    page.get_by_role("button", name="是我，对应上").click()
    expect(page.get_by_text("已经对应")).to_be_visible()
    page.get_by_role("button", name="退出", exact=True).click()
    page.goto(f"{server.url}/login?next=/account")
    page.get_by_role("link", name="统一认证").click()
    page.get_by_label("工号").fill(WHO)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"{server.url}/account")
    page.get_by_role("button", name="退出", exact=True).click()
    page.get_by_role("link", name="也退出统一认证").click()
    page.wait_for_url(f"{server.url}/")
    page.goto(f"{server.url}/desk")
    page.wait_for_url(f"{server.url}/login?next=**")


# --- instead of passwords ------------------------------------------------------------------


@pytest.fixture
def strict(make_app, provider, linked):
    """The same house, where nothing but the single sign-on counts."""
    app = make_app(**provider.settings(), sso_only=True)
    with app.app_context():
        yield app


def test_where_it_replaces_passwords_none_is_offered_and_none_is_taken(strict, app, provider):
    browser = strict.test_client()
    page = browser.get("/login").text
    assert 'type="password"' not in page
    assert "/login/sso" in page
    refused = browser.post("/login", data=LOGIN)
    assert (refused.status_code, is_in(browser)) == (422, False)
    assert "这里不用密码登录" in refused.text
    assert "accounts:account:sign_in_failed" not in actions()
    assert come(browser, provider).location == "/desk"
    assert browser.get("/account/password").status_code == 404
    assert "改密码" not in browser.get("/account").text
    # The control: without the setting the same password opens.
    assert app.test_client().post("/login", data=LOGIN).location == "/desk"


def test_a_password_does_not_confirm_a_grave_step_there(strict, provider):
    browser = strict.test_client()
    come(browser, provider)
    with clock.frozen(clock.now() + timedelta(minutes=20)):
        page = browser.post("/confirm", data={"password": PASSWORD})
        assert page.status_code == 422
        assert "请退出，再重新登录一次" in page.text
        assert 'type="password"' not in page.text


def test_no_link_sets_a_password_there(strict, linked):
    with transaction():
        token = services.make_setup_link(db.session.get_one(Account, linked))
    refused = strict.test_client().get(f"/setup/{token}")
    assert refused.status_code == 422
    assert "这里不用密码登录" in refused.text


def test_nobody_is_shut_out_by_a_setting_without_an_issuer(make_app):
    with pytest.raises(SettingsRefused, match="LIAISON_OIDC_ISSUER"):
        make_app(sso_only=True)


def emergency(app, login: str = "bai.xue", code: int = 0) -> str:
    done = app.test_cli_runner().invoke(args=["sign-in-link", login])
    assert done.exit_code == code, done.output
    return urlsplit(done.output.split()[-1]).path


def test_on_the_machine_itself_a_link_is_made_for_the_day_on_which_the_provider_is_down(strict, provider):
    """X43: for one use within minutes, and the trail says so."""
    provider.behave(is_down=True)
    link = emergency(strict)
    browser = strict.test_client()
    assert browser.get(link).status_code == 200
    assert not is_in(browser)
    assert browser.post(link).location == "/desk"
    assert is_in(browser)
    assert actions()[-2:] == ["accounts:sign_in_link:emergency", "accounts:account:sign_in"]
    assert db.session.query(Entry).order_by(Entry.id.desc()).first().sentence == "应急链接"
    assert strict.test_client().post(link).status_code == 404


def test_such_a_link_is_for_minutes_and_for_open_accounts_and_asks_for_the_second_factor(strict, linked):
    late = emergency(strict)
    with transaction():
        second_factor.begin(linked)
    secret = db.session.get_one(Account, linked).totp_secret
    with transaction():
        second_factor.turn_on(linked, pyotp.TOTP(secret).at(clock.now()))
    assert strict.test_client().post(emergency(strict)).location == "/login/code"
    emergency(strict, "nobody", code=1)
    held = emergency(strict)
    with transaction():
        db.session.get_one(Account, linked).is_active = False
    assert strict.test_client().post(held).status_code == 404
    emergency(strict, code=1)
    with transaction():
        db.session.get_one(Account, linked).is_active = True
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        assert strict.test_client().post(late).status_code == 404


def test_a_link_that_was_mailed_does_not_open_an_office(strict, linked):
    """The control of the two tests above: it is the mark that lets an office in, not the link."""
    link = emergency(strict)
    with transaction():
        db.session.query(SignInLink).one().is_emergency = False
    assert strict.test_client().post(link).status_code == 404


# --- flask check ----------------------------------------------------------------------------


def test_the_check_asks_the_provider_and_compares_the_clocks(app, make_app, strict, provider):
    """I12."""
    with make_app().app_context():
        assert checks._sso() == ("单点登录", True, "没有配置，用密码登录")
    with strict.app_context():
        _name, well, words = checks._sso()
        assert well
        assert "不收密码" in words
        with clock.frozen(clock.now() + timedelta(seconds=90)):
            _name, well, words = checks._sso()
        assert not well
        assert re.search(r"相差 (89|90|91) 秒：请校准", words)
        provider.behave(is_down=True)
        assert checks._sso()[1] is False


@pytest.mark.parametrize(("seconds", "well"), [(0, True), (90, False)])
def test_the_check_reads_the_time_in_the_greeting_of_a_mail_server(make_app, seconds, well):
    told = format_datetime(clock.now() + timedelta(seconds=seconds))
    server = SmtpServer(f"Microsoft ESMTP MAIL Service ready at {told}")
    try:
        with make_app(smtp_url=server.url).app_context():
            found = checks._mail()
    finally:
        server.stop()
    assert found[1] is well
    assert "时钟相差" in found[2]


def test_a_mail_server_that_tells_no_time_is_not_asked_for_it(make_app, smtp_server):
    with make_app(smtp_url=smtp_server.url).app_context():
        assert checks._mail() == ("发信", True, "邮件服务器有应答")
