"""Ways round a guard that stands: parts of pages, errors, methods, fields that nobody asked for, fields sent twice."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, select, text

from liaison_app.access.permissions import Role
from liaison_app.accounts.models import Account
from liaison_app.app import create_app
from liaison_app.core.db import Model, db, transaction
from liaison_app.invitations import queries as invitations
from liaison_app.invitations.letters import answer_token
from liaison_app.limits import requests as limits
from liaison_app.people import services as people
from liaison_app.scheduling.models import Meeting
from liaison_app.settings import Settings
from tests.access.test_canaries import AS_FRAGMENT, addresses, text_of
from tests.access.test_matrix import ROWS, guarded
from tests.access.worlds import World, no_writes
from tests.parts.databases import ENGINES

# What differs between two answers to the same question: form tokens, and the address in the links of the switches.
PASSING = re.compile(r'name="csrf_token" value="[^"]*"|href="[^"]*display=[^"]*"')
# The id of a unit, an account and a meeting.
TAKEN = "3"


@pytest.fixture(scope="module")
def product(tmp_path_factory) -> Flask:
    return create_app(Settings(data=tmp_path_factory.mktemp("data")))


def rows(world: World) -> dict[str, list[str]]:
    """Return all rows of all tables but those that a request itself leaves."""
    with world.database.app.app_context():
        names = set(inspect(db.engine).get_table_names()) - {"allowance", "browser_session", "audit_link"}
        found = {
            name: sorted(map(str, db.session.execute(text(f'SELECT * FROM "{name}"')))) for name in names
        }
        db.session.rollback()
    return found


# --- A3, E8: parts of pages ----------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_a_part_of_a_page_is_as_closed_as_the_page(product, world_on, engine):
    """Nobody, and who has no business there, gets no part either: by the header of htmx or without it."""
    world, wrong, asked = world_on(engine), [], 0
    stranger, deputy = world.browser(None), world.browser(Role.DEPUTY)
    for endpoint, (guard, methods) in guarded(product).items():
        if guard == "public" or "GET" not in methods:
            continue
        path = ROWS[endpoint].path.format(**world.own.places)
        whole, part = (stranger.get(path, headers=headers) for headers in ({}, AS_FRAGMENT))
        asked += 1
        if (whole.status_code, part.status_code, part.data) != (303, 401, b""):
            wrong.append(f"{path}: {whole.status_code}, in part {part.status_code}")
        if not part.headers.get("HX-Redirect", "").startswith("/login"):
            wrong.append(f"{path}: leads to {part.headers.get('HX-Redirect')}")
        theirs = [deputy.get(path, headers=headers).status_code for headers in ({}, AS_FRAGMENT)]
        if (theirs[0] < 400) != (theirs[1] < 400):
            wrong.append(f"{path}: a deputy gets {theirs}")
    assert wrong == []
    assert asked > 30


@pytest.mark.parametrize("engine", ENGINES)
def test_an_answer_that_depends_on_htmx_says_so(product, world_on, engine, monkeypatch):
    """Else a browser would show a part, kept under the same address, in place of the page."""
    # Each file is asked for three times; how often is no matter here.
    monkeypatch.setattr(limits, "expect", lambda limit, who: None)
    browser = world_on(engine).browser(Role.OFFICE)
    differing = 0
    for path in addresses(product, world_on(engine)):
        whole, part = (browser.get(path, headers=headers) for headers in ({}, AS_FRAGMENT))
        if b"<html" in whole.data and b"<html" not in part.data:
            differing += 1
            assert "HX-Request" in whole.headers["Vary"], path
            assert "HX-Request" in part.headers["Vary"], path
        # What htmx puts back out of the history is a whole page.
        back = browser.get(path, headers={**AS_FRAGMENT, "HX-History-Restore-Request": "true"})
        assert (b"<html" in back.data) == (b"<html" in whole.data), path
    assert differing > 5


# --- A1, A17: errors -------------------------------------------------------------------


@pytest.mark.parametrize(
    "role", [Role.OFFICE, Role.STREET, Role.AUDITOR, Role.ADMIN, Role.BUREAU_CONTACT, None]
)
def test_what_is_foreign_looks_exactly_like_what_does_not_exist(world_on, role):
    world = world_on(ENGINES[0])
    browser, places = world.browser(role), world.foreign.places
    pages = {
        f"/meetings/{places['meeting']}": "/meetings/999999",
        f"/meetings/{places['draft']}/edit": "/meetings/999999/edit",
        f"/meetings/{places['meeting']}/signups": "/meetings/999999/signups",
        f"/messages/{places['message']}": "/messages/999999",
        f"/accounts/{places['account']}": "/accounts/999999",
        f"/imports/{places['run']}": "/imports/999999",
        f"/invitations/{places['invitation']}/invite.ics": "/invitations/999999/invite.ics",
    }
    for foreign, none in pages.items():
        for headers in ({}, AS_FRAGMENT):
            said = [browser.get(path, headers=headers) for path in (foreign, none)]
            assert said[0].status_code == said[1].status_code, foreign
            bodies = [
                PASSING.sub("", reply.text).replace(path, "")
                for reply, path in zip(said, (foreign, none), strict=True)
            ]
            if role is not None:
                assert said[0].status_code in (403, 404), foreign
                assert bodies[0] == bodies[1], foreign


@pytest.mark.parametrize("role", [*Role, None])
def test_an_error_says_nothing_of_what_the_account_sees(world_on, role):
    """SECURITY A17: neither of the own street nor of the other; and nobody keeps the page."""
    world = world_on(ENGINES[0])
    browser = world.browser(role)
    for path in ("/nope", "/static/nope.css", "/meetings/999999", "/m/nope"):
        reply = browser.get(path)
        assert reply.status_code in (303, 403, 404), path
        said = [one for side in (world.own, world.foreign) for one in side.secrets if str(one) in reply.text]
        assert said == [], path
        assert reply.headers["Cache-Control"] == "no-store", path


# --- A18: methods ------------------------------------------------------------------------


def test_only_the_methods_of_a_route_do_anything(product, world_on):
    world = world_on(ENGINES[0])
    browser, wrong = world.browser(Role.OFFICE), []
    for endpoint, (_, methods) in guarded(product).items():
        path = ROWS[endpoint].path.format(**world.own.places)
        with no_writes():
            asked = browser.open(path, method="OPTIONS")
            if asked.status_code != 200 or asked.data:
                wrong.append(f"OPTIONS {path}: {asked.status_code}")
            if not methods <= set(asked.headers["Allow"].split(", ")):
                wrong.append(f"{path} allows {asked.headers['Allow']}")
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - methods:
                if (status := browser.open(path, method=method).status_code) not in (404, 405):
                    wrong.append(f"{method} {path}: {status}")
            for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
                if "GET" in methods and "POST" in methods:
                    plain = browser.get(path).status_code
                    tricked = browser.get(f"{path}?_method=POST", headers={header: "POST"}).status_code
                    if plain != tricked:
                        wrong.append(f"{path} with {header}: {tricked}, not {plain}")
    assert wrong == []


# --- A6, A8, A9, A19: fields -----------------------------------------------------------------


def columns() -> list[str]:
    """Return the names of all columns of all tables: what somebody would send to have them set."""
    return sorted({one.key for mapper in Model.registry.mappers for one in mapper.column_attrs} - {"id"})


def new_account(world: World) -> dict[str, str]:
    return {
        "login": "fresh-clerk",
        "name": "田试新",
        "role": "liaison",
        "unit_id": str(world.own.places["unit"]),
    }


def meeting_form(world: World) -> dict[str, object]:
    places = world.own.places
    return {
        "kind": "face_bureau", "title": "供暖专场", "unit_id": places["unit"], "day": "2031-01-05", "starts": "9:00",
        "ends": "10:00", "place_kind": "room", "room_id": places["room"], "chair": 0,
        "lead": f"{places['bureau']}:{places['official']}", "deputies": [places["person"]], "do": "save",
        "is_public": "y",
    }  # fmt: skip


@pytest.fixture
def office(world_on) -> tuple[World, FlaskClient]:
    """The office of the first street, whose role reaches no further."""
    world = world_on(ENGINES[0])
    return world, world.browser(Role.OFFICE)


def test_a_new_account_is_what_its_form_says_and_nothing_that_is_sent_along(office):
    """SECURITY A9, with every column of every table as a field beside those of the form."""
    world, browser = office
    wanted = new_account(world)
    extra = {name: TAKEN for name in columns() if name not in wanted}
    assert (
        browser.post("/accounts/new", data={**extra, **wanted, "starts_on": "", "ends_on": ""}).status_code
        == 200
    )
    with world.database.app.app_context():
        made = db.session.scalars(select(Account).where(Account.login == "fresh-clerk")).one()
        assert (made.name, made.person_id, made.email, made.totp_since) == ("田试新", None, "", None)
        assert (made.is_active, made.generation, made.password_hash) == (True, 0, None)
        assert [(one.role, one.unit_id) for one in made.grants] == [(Role.LIAISON, world.own.places["unit"])]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_own_page_changes_more_than_it_is_about(world_on, engine):
    """What somebody sends to the pages of the own account makes nobody anything."""
    world = world_on(engine)
    browser, before = world.browser(Role.DEPUTY), rows(world)
    extra = dict.fromkeys(columns(), TAKEN)
    extra |= {"role": "admin", "unit_id": str(world.own.places["unit"]), "login": "root", "is_active": "1"}
    for path in ("/account", "/account/password", "/confirm", "/invitations/mine", "/account/second-factor"):
        for address in (path, f"{path}?role=admin&unit_id=1"):
            assert browser.post(address, data=extra).status_code in (200, 303, 404, 405, 422), path
    after = rows(world)
    changed = {name for name in before if before[name] != after[name]} - {"sign_in_attempt", "audit_entry"}
    assert changed == set()


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_field_that_is_sent_twice_the_one_that_was_checked_counts(office, order):
    """SECURITY A19: one's own unit to the check and a foreign one to the database, or the other way round."""
    world, browser = office
    own, foreign = world.own.places["unit"], world.foreign.places["unit"]
    fields = {
        **new_account(world),
        "login": f"twice-{order + 1}",
        "unit_id": [str(own), str(foreign)][::order],
    }
    browser.post("/accounts/new", data=fields)
    meeting = {**meeting_form(world), "day": f"2027-0{order + 2}-05", "unit_id": [own, foreign][::order]}
    browser.post(
        "/meetings/new",
        data={**meeting, "room_id": [meeting["room_id"], world.foreign.places["room"]][::order]},
    )
    with world.database.app.app_context():
        made = db.session.scalar(select(Account).where(Account.login == f"twice-{order + 1}"))
        assert made is None or [one.unit_id for one in made.grants] == [own]
        units = set(db.session.scalars(select(Meeting.unit_id).where(Meeting.title == "供暖专场")))
        assert units <= {own}
        if order == 1:
            assert made is not None
            assert units == {own}


def test_a_foreign_thing_among_the_own_ones_spoils_the_whole(office):
    """SECURITY A6: a list of ids is checked one by one, and nothing is done where one of them is not to be had."""
    world, browser = office
    own, foreign = world.own.places, world.foreign.places
    tries = [
        {"room_id": foreign["room"]},
        {"unit_id": foreign["unit"]},
        {"deputies": [own["person"], 999999]},
        {"deputies": [own["person"], foreign["official"]]},
        {"others": [f"{own['bureau']}:{own['official']}", f"{own['bureau']}:{foreign['official']}"]},
        {"lead": f"{own['bureau']}:{foreign['official']}"},
    ]
    before = rows(world)["meeting"]
    for one in tries:
        reply = browser.post("/meetings/new", data={**meeting_form(world), "day": "2027-06-05", **one})
        assert reply.status_code == 422, one
    assert rows(world)["meeting"] == before
    # The control: the same form without the foreign thing.
    assert browser.post("/meetings/new", data={**meeting_form(world), "day": "2027-06-05"}).status_code == 303


@pytest.mark.parametrize("engine", ENGINES)
def test_a_copy_or_a_check_of_a_foreign_meeting_is_refused_as_the_meeting_is(world_on, engine):
    """SECURITY A8: the other doors to a meeting ask the same question as its own page."""
    world = world_on(engine)
    browser, places = world.browser(Role.OFFICE), world.foreign.places
    for id in (places["meeting"], places["hidden"], places["draft"]):
        assert browser.get(f"/meetings/new?from={id}").status_code == 404
        assert (
            browser.get(f"/meetings/check?meeting={id}&day=2027-01-05&starts=9:00&ends=10:00").status_code
            == 404
        )
        for step in ("publish", "postpone", "cancel", "hold", "close", "edit"):
            assert (
                browser.post(f"/meetings/{id}/{step}", data={"version": "1", "reason": "x"}).status_code
                == 404
            )
    # The control: the own one.
    assert browser.get(f"/meetings/new?from={world.own.places['hidden']}").status_code == 200


# --- A12: what people at one table learn of each other ------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_a_deputy_learns_no_reason_number_or_link_of_another(product, world_on, engine):
    """Of those invited to the same meeting: neither by account, nor by the personal link, nor by the own calendar."""
    world = world_on(engine)
    places = world.own.places
    with world.database.app.app_context():
        asked = invitations.list_of_meeting(places["meeting"])
        mine = next(one for one in asked if one.participant.person_id == places["official"])
        other = next(one for one in asked if one.participant.person_id == places["person"])
        token, theirs = answer_token(mine), answer_token(other)
        with transaction():
            account = db.session.get_one(Account, world.logins[Role.DEPUTY])
            was, account.person_id = account.person_id, mine.participant.person_id
            feed = people.issue_feed(mine.participant.person_id, by=account)
    hidden = ["要住院", theirs, "13900001001", "13800001002", "13700001003", places["ticket"]]
    browser = world.browser(Role.DEPUTY)
    pages = [
        one
        for one in addresses(product, world)
        if not one.startswith(("/t/", "/setup/", "/sign-in/", "/feeds/"))
    ]
    pages += [f"/a/{token}", f"/a/{token}/invite.ics", f"/feeds/{feed}.ics", "/invitations/mine"]
    leaks, read = [], 0
    for page in pages:
        for headers in ({}, AS_FRAGMENT):
            reply = browser.get(page, headers=headers)
            if reply.status_code == 200:
                read += 1
                leaks += [f"{page} says {one}" for one in hidden if str(one) in text_of(reply)]
    assert leaks == []
    assert read > 20
    # The control: whoever may answer for the meeting reads the reason.
    board = f"/meetings/{places['meeting']}/invitations"
    assert "要住院" in world.browser(Role.STREET).get(board).text
    with world.database.app.app_context(), transaction():
        db.session.get_one(Account, world.logins[Role.DEPUTY]).person_id = was
