"""Passkeys through HTTP, with a key that signs for real: what opens, what does not, and what is left in the trail.

Each refusal has its control beside it: the defence is taken away, and the same attempt gets in.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts import passkeys, rules, services
from liaison_app.accounts.models import Account, Passkey, SpentQuestion
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.parts.keys import SoftKey

NOW = datetime(2026, 11, 16, 1, 0, 10, tzinfo=UTC)
PASSWORD = "早上六点去河边走一走"
LOGIN = {"login": "bai.xue", "password": PASSWORD}
ORIGIN = "https://mdm.example.test"
HOUSE = "mdm.example.test"


@pytest.fixture
def app(app, make_app):
    """The application as at an office: HTTPS, under a name."""
    return make_app(base_url=ORIGIN)


@pytest.fixture
def client(app):
    return browser(app)


@pytest.fixture
def account(app) -> int:
    with transaction():
        made = make_account(Role.OFFICE, make_unit(), login="bai.xue")
        services.set_password(made, PASSWORD, by=made)
        return made.id


@pytest.fixture
def key(app, account) -> SoftKey:
    return register(app, account)


def browser(app):
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    return client


def signed_in(app, account_id: int):
    return sign_in(browser(app), db.session.get_one(Account, account_id))


def register(app, account_id: int, *, counts: bool = True, name: str = "办公室电脑") -> SoftKey:
    client, key = signed_in(app, account_id), SoftKey(ORIGIN, HOUSE, counts=counts)
    assert add(client, key, name).status_code == 303
    return key


def add(client, key: SoftKey, name: str = "办公室电脑", **how):
    question = client.post("/account/passkeys", data={"for": "new"}).json
    return client.post("/account/passkeys/new", data={"name": name, "passkey": key.make(question, **how)})


def ask(client, purpose: str = "sign_in"):
    return client.post("/login/passkey", data={"for": purpose}).json


def answer(client, said: str, **more):
    return client.post("/login", data={"passkey": said}, **more)


def come(client, key: SoftKey, **how):
    return answer(client, key.prove(ask(client), **how))


def trail() -> list[str]:
    db.session.rollback()
    return [one.action for one in db.session.query(Entry).order_by(Entry.id)]


# --- making one, and coming in by it ------------------------------------------------


def test_a_passkey_is_made_on_the_own_page_and_opens_the_desk_without_a_password(app, client, key):
    reply = come(client, key)
    assert (reply.status_code, reply.location) == (303, "/desk")
    assert client.get("/desk").status_code == 200
    page = client.get("/account").text
    assert "办公室电脑" in page
    assert {"accounts:passkey:add", "accounts:account:sign_in"} <= set(trail())
    assert "通行密钥" in db.session.query(Entry).order_by(Entry.id.desc()).first().sentence


def test_the_browser_is_asked_to_verify_its_owner_and_to_keep_the_key(app, account, key):
    question = signed_in(app, account).post("/account/passkeys", data={"for": "new"}).json
    assert question["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert question["rp"]["id"] == HOUSE
    assert question["timeout"] <= 5 * 60 * 1000
    # The same device is not asked for a second key.
    assert len(question["excludeCredentials"]) == 1
    proof = ask(browser(app))
    assert proof["userVerification"] == "required"
    assert "allowCredentials" not in proof or proof["allowCredentials"] == []


def test_what_a_key_calls_its_account_says_nothing_of_a_person(app, account, key):
    assert len(key.handle) == 32
    assert b"bai" not in key.handle
    other = signed_in(app, account).post("/account/passkeys", data={"for": "new"}).json
    assert key.handle == passkeys.base64url_to_bytes(other["user"]["id"])


def test_it_counts_as_two_factors_where_a_role_needs_them(make_app, account, key):
    app = make_app(base_url=ORIGIN, second_factor_roles=("office",))
    client = browser(app)
    assert come(client, key).location == "/desk"
    assert client.get("/desk").status_code == 200
    # The password alone is asked for the key, and opens nothing until then.
    other = browser(app)
    assert other.post("/login", data=LOGIN).location == "/login/code"
    assert other.get("/desk").location.startswith("/login")
    page = other.get("/login/code").text
    assert "用通行密钥" in page
    assert 'name="code"' not in page
    assert other.post("/login/code", data={"code": "328482"}).status_code == 422
    said = key.prove(ask(other, "code"))
    assert other.post("/login/code", data={"passkey": said}).location == "/desk"
    assert other.get("/desk").status_code == 200


def test_making_one_does_the_duty_of_a_second_factor(make_app, account):
    client = browser(make_app(base_url=ORIGIN, second_factor_roles=("office",)))
    client.post("/login", data=LOGIN)
    assert client.get("/desk").location == "/account/second-factor"
    assert "登记通行密钥" in client.get("/account/second-factor").text
    assert add(client, SoftKey(ORIGIN, HOUSE)).location == "/account"
    assert client.get("/desk").status_code == 200


def test_making_one_asks_for_the_password_again_after_ten_minutes(app, account):
    with clock.frozen(NOW):
        client = signed_in(app, account)
        assert client.get("/account/passkeys/new").status_code == 200
    with clock.frozen(NOW + timedelta(minutes=11)):
        assert client.get("/account/passkeys/new").location.startswith("/confirm?next=")
        assert add(client, SoftKey(ORIGIN, HOUSE)).location.startswith("/confirm?next=")
        assert db.session.query(Passkey).count() == 0


def test_a_passkey_answers_the_question_before_a_grave_step(app, account, key):
    with clock.frozen(NOW):
        client = signed_in(app, account)
    with clock.frozen(NOW + timedelta(minutes=11)):
        asked = client.get("/accounts/new").location
        question = client.post("/account/passkeys", data={"for": "confirm"}).json
        assert [one["id"] for one in question["allowCredentials"]]
        assert client.post(asked, data={"passkey": key.prove(question)}).location == "/accounts/new"
        assert client.get("/accounts/new").status_code == 200


def test_it_is_taken_away_and_opens_nothing_any_more(app, account, client, key):
    owner = signed_in(app, account)
    one = db.session.query(Passkey).one().id
    assert "办公室电脑" in owner.get(f"/account/passkeys/{one}/remove").text
    assert owner.post(f"/account/passkeys/{one}/remove").status_code == 303
    assert come(client, key).status_code == 422
    assert "accounts:passkey:remove" in trail()


def test_nobody_takes_away_the_key_of_somebody_else(app, account, key):
    one = db.session.query(Passkey).one().id
    with transaction():
        stranger = make_account(Role.OFFICE, make_unit()).id
    assert signed_in(app, stranger).post(f"/account/passkeys/{one}/remove").location == "/account"
    assert db.session.query(Passkey).count() == 1


@pytest.mark.parametrize(
    "way", ["closed", "set by another", "by a link", "second factor dropped"], ids=lambda way: way
)
def test_what_an_administrator_does_to_an_account_ends_its_keys(app, account, client, key, way):
    with transaction():
        boss = make_account(Role.SECURITY_ADMIN, db.session.get_one(Account, account).grants[0].unit).id
    boss = signed_in(app, boss)
    if way == "closed":
        boss.post(f"/accounts/{account}/active", data={"active": "0"})
        boss.post(f"/accounts/{account}/active", data={"active": "1"})
    elif way == "set by another":
        with transaction():
            services.set_password(db.session.get_one(Account, account), PASSWORD + "好", by=None)
    elif way == "by a link":
        page = boss.post(f"/accounts/{account}/link").text
        path = "/setup/" + page.split("/setup/")[1][:43]
        assert come(browser(app), key).status_code == 303  # a link that was only made ends nothing
        client.post(path, data={"password": PASSWORD + "好", "again": PASSWORD + "好"})
    else:
        assert "1 把" in boss.get(f"/accounts/{account}").text
        boss.post(f"/accounts/{account}/second-factor")
    assert come(client, key).status_code == 422
    assert db.session.query(Passkey).count() == 0
    assert "accounts:passkey:remove" in trail()


def test_a_new_password_of_ones_own_leaves_the_keys(app, account, client, key):
    data = {"present": PASSWORD, "password": PASSWORD + "好", "again": PASSWORD + "好"}
    assert signed_in(app, account).post("/account/password", data=data).status_code == 303
    assert come(client, key).status_code == 303


# --- refusals --------------------------------------------------------------------------


@pytest.fixture
def telephone(app, account) -> SoftKey:
    """A key that never counts, so that no counter stops what the test tries."""
    return register(app, account, counts=False)


def get_in_twice(app, key: SoftKey) -> list[int]:
    """Return how a proof is answered, and how the same one is, with the browser's cookie put back."""
    client = browser(app)
    said = key.prove(ask(client))
    with client.session_transaction() as cookie:
        kept = dict(cookie)
    statuses = [answer(client, said).status_code]
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie.update(kept)
    return [*statuses, answer(client, said).status_code]


def test_a_proof_opens_once_even_with_the_cookie_of_before(app, telephone):
    assert get_in_twice(app, telephone) == [303, 422]


def test_control_without_spent_questions_the_same_proof_opens_again(app, telephone, monkeypatch):
    monkeypatch.setattr(services, "spend", lambda question: None)
    assert get_in_twice(app, telephone) == [303, 303]


def test_a_wrong_answer_spends_the_question_as_well(app, client, telephone):
    question = ask(client)
    with client.session_transaction() as cookie:
        kept = dict(cookie)
    assert answer(client, telephone.prove(question, origin="https://evil.example")).status_code == 422
    with client.session_transaction() as cookie:
        cookie.update(kept)
    assert answer(client, telephone.prove(question)).status_code == 422


@pytest.mark.parametrize(
    ("late", "status"), [(timedelta(minutes=5), 303), (timedelta(minutes=5, seconds=1), 422)]
)
def test_a_question_lasts_five_minutes(client, telephone, late, status):
    with clock.frozen(NOW):
        question = ask(client)
    with clock.frozen(NOW + late):
        assert answer(client, telephone.prove(question)).status_code == status


def test_the_question_of_another_browser_is_not_answered_here(app, client, telephone):
    other = browser(app)
    question = ask(other)
    ask(client)
    assert answer(client, telephone.prove(question)).status_code == 422
    assert answer(other, telephone.prove(question)).status_code == 303


def test_a_question_of_one_page_is_not_answered_on_another(app, account, client, telephone):
    owner = signed_in(app, account)
    question = owner.post("/account/passkeys", data={"for": "confirm"}).json
    said = telephone.prove(question)
    assert owner.post("/account/passkeys/new", data={"name": "别的", "passkey": said}).status_code == 422
    question = ask(client)
    client.post("/login", data=LOGIN)
    assert client.post("/login/code", data={"passkey": telephone.prove(question)}).location == "/login"


def test_a_foreign_origin_is_refused(app, client, telephone):
    reply = come(client, telephone, origin="https://mdm.example.test.evil.example")
    assert reply.status_code == 422
    assert "在这里不能用" in reply.text
    assert trail()[-1] == "accounts:passkey:failed"


def test_control_if_we_were_the_foreign_origin_it_would_open(app, client, telephone, monkeypatch):
    monkeypatch.setattr(passkeys, "origin", lambda: "https://evil.example")
    assert come(client, telephone, origin="https://evil.example").status_code == 303


def test_the_key_of_another_house_is_refused(client, telephone):
    assert come(client, telephone, house="evil.example").status_code == 422


def test_a_forged_host_changes_neither_house_nor_origin(app, client, telephone):
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    question = client.post("/login/passkey", data={"for": "sign_in"}, headers=headers).json
    assert question["rpId"] == HOUSE
    said = telephone.prove(question, origin="https://evil.example", house="evil.example")
    assert answer(client, said, headers=headers).status_code == 422


def test_an_owner_who_was_not_verified_is_refused(app, account, client, telephone):
    assert come(client, telephone, verified=False).status_code == 422
    assert add(signed_in(app, account), SoftKey(ORIGIN, HOUSE), verified=False).status_code == 422
    assert come(client, telephone).status_code == 303


def test_a_key_that_says_it_is_of_another_account_is_refused(app, account, client, telephone):
    with transaction():
        other = make_account(Role.OFFICE, make_unit()).id
    theirs = register(app, other)
    for handle in (theirs.handle, b"", b"x"):
        assert come(client, telephone, handle=handle).status_code == 422
    assert come(client, telephone).status_code == 303


def test_the_key_of_another_account_is_no_second_factor(make_app, app, account, telephone):
    with transaction():
        other = make_account(Role.OFFICE, make_unit()).id
    theirs = register(app, other, counts=False)
    client = browser(make_app(base_url=ORIGIN, second_factor_roles=("office",)))
    assert client.post("/login", data=LOGIN).location == "/login/code"
    for key, status in ((theirs, 422), (telephone, 303)):
        reply = client.post("/login/code", data={"passkey": key.prove(ask(client, "code"))})
        assert reply.status_code == status


def test_control_asked_of_nobody_the_key_of_another_account_opens_its_own(app, account):
    """The key is good; only whose it is stood in the way."""
    with transaction():
        other = make_account(Role.OFFICE, make_unit()).id
    assert come(browser(app), register(app, other, counts=False)).status_code == 303


def test_another_key_pair_under_the_same_name_is_refused(client, telephone):
    forged = SoftKey(ORIGIN, HOUSE, counts=False)
    forged.name, forged.handle = telephone.name, telephone.handle
    assert come(client, forged).status_code == 422


def test_a_closed_account_does_not_come_in_by_a_key(app, account, client, telephone):
    with transaction():
        db.session.get_one(Account, account).is_active = False
    assert come(client, telephone).status_code == 422


def copied(app, key: SoftKey) -> int:
    """Return how a copy of a key is answered that counts from where it was made, after the key was used again."""
    assert come(browser(app), key).status_code == 303
    before = key.count
    assert come(browser(app), key).status_code == 303
    key.count = before - 1
    return come(browser(app), key).status_code


def test_a_counter_that_goes_back_is_refused_and_named(app, key):
    assert copied(app, key) == 422
    entry = db.session.query(Entry).filter_by(action="accounts:passkey:copied").one()
    assert entry.sentence == "bai.xue　办公室电脑"
    assert "可能被复制过" in come(browser(app), key).text


def test_control_without_the_rule_the_copy_comes_in(app, key, monkeypatch):
    monkeypatch.setattr(rules, "counts_up", lambda before, now: True)
    assert copied(app, key) == 303


@pytest.mark.parametrize(
    ("before", "now", "fits"),
    [(0, 0, True), (0, 1, True), (1, 2, True), (2, 2, False), (2, 1, False), (1, 0, False)],
)
def test_a_counter_goes_up_or_was_never_there(before, now, fits):
    assert rules.counts_up(before, now) == fits


def test_an_unsigned_counter_does_not_slander_a_key(app, client, key):
    """Only who holds the key can say that it was copied."""
    assert come(client, key).status_code == 303
    forged = SoftKey(ORIGIN, HOUSE)
    forged.name, forged.handle, forged.count = key.name, key.handle, -1
    assert come(browser(app), forged).status_code == 422
    assert "accounts:passkey:copied" not in trail()


@pytest.mark.parametrize("said", [
    "x", "{}", "[]", "null", "1", '{"id": 1}', '{"id": "a", "response": []}', '{"id": "a", "response": {}}',
    '{"id": "é", "rawId": "=", "type": "public-key", "response": {"clientDataJSON": "!", "signature": 1}}',
    "[" * 30_000, '{"id": "' + "a" * 30_000, json.dumps({"id": "a" * 5000, "response": {"userHandle": 7}}),
])  # fmt: skip
def test_nonsense_is_refused_in_words(client, said):
    ask(client)
    assert answer(client, said).status_code == 422


def test_a_broken_answer_of_a_known_key_is_refused_in_words(app, account, client, key):
    good = json.loads(key.prove(ask(client)))
    for part in good["response"]:
        for value in ("", "AAAA", "!!!!", 7, None, [], "A" * 9999):
            said = json.dumps({**good, "response": {**good["response"], part: value}})
            fresh = browser(app)
            ask(fresh)
            with transaction():
                services.forget_attempts(db.session.get_one(Account, account))
            assert answer(fresh, said).status_code == 422, (part, value)


def test_a_broken_new_key_is_refused_in_words(app, account):
    client, key = signed_in(app, account), SoftKey(ORIGIN, HOUSE)
    good = json.loads(key.make(client.post("/account/passkeys", data={"for": "new"}).json))
    for part in good["response"]:
        for value in ("", "AAAA", "!!!!", 7, None, [], "o2NmbXQ"):
            client.post("/account/passkeys", data={"for": "new"})
            said = json.dumps({**good, "response": {**good["response"], part: value}})
            reply = client.post("/account/passkeys/new", data={"name": "x", "passkey": said})
            assert reply.status_code == 422, (part, value)
    assert db.session.query(Passkey).count() == 0


def test_a_key_is_made_once_and_for_one_account(app, account, key):
    with transaction():
        other = make_account(Role.OFFICE, make_unit()).id
    for who in (account, other):
        assert "已经登记过" in add(signed_in(app, who), key).text


def test_an_account_has_ten_keys_at_most(app, account):
    for number in range(rules.MOST_PASSKEYS):
        register(app, account, name=f"第{number}把")
    assert "最多登记 10 把" in add(signed_in(app, account), SoftKey(ORIGIN, HOUSE)).text


def test_a_key_without_a_name_is_not_taken(app, account):
    reply = add(signed_in(app, account), SoftKey(ORIGIN, HOUSE), name=" ")
    assert reply.status_code == 422
    assert "请写一个名字" in reply.text


def test_five_failures_of_a_key_lock_it_at_this_address_and_neither_passwords_nor_others(app, account, key):
    other = register(app, account)
    for _ in range(rules.ATTEMPTS_PER_PAIR):
        assert come(browser(app), key, origin="https://evil.example").status_code == 422
    assert "15 分钟以后再试" in come(browser(app), key).text
    assert come(browser(app), other).status_code == 303
    assert browser(app).post("/login", data=LOGIN).status_code == 303
    elsewhere = browser(app)
    elsewhere.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert come(elsewhere, key).status_code == 303


def test_asking_writes_nothing_and_what_was_spent_is_forgotten(app, client, telephone):
    rows = db.session.query(SpentQuestion).count()
    for _ in range(5):
        ask(client)
    assert db.session.query(SpentQuestion).count() == rows
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert come(client, telephone).status_code == 303
    db.session.rollback()
    assert db.session.query(SpentQuestion).count() == 1


def test_no_way_leads_to_another_site(app, client, telephone):
    said = telephone.prove(ask(client))
    reply = client.post("/login?next=//evil.example", data={"passkey": said})
    assert reply.location == "/"


@pytest.mark.parametrize(
    ("base_url", "offered"),
    [
        ("https://mdm.example.test", True),
        ("https://mdm.example.test/gateway", True),
        ("http://localhost:8000", True),
        ("http://mdm.example.test", False),
        ("http://127.0.0.1:8000", False),
        ("https://10.1.2.3", False),
        ("https://[::1]:8443", False),
    ],
)
def test_it_is_offered_where_browsers_give_one(make_app, account, base_url, offered):
    app = make_app(base_url=base_url)
    client = browser(app)
    assert ("data-passkey" in client.get("/login").text) == offered
    owner = signed_in(app, account)
    assert ("/account/passkeys/new" in owner.get("/account").text) == offered
    assert ("data-passkey" in owner.get("/account/passkeys/new").text) == offered
