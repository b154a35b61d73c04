"""Personal links, feeds and the addresses in mails (SECURITY 3 B)."""

from __future__ import annotations

import logging
import re
from base64 import urlsafe_b64decode
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from liaison_app.access.permissions import Role
from liaison_app.accounts import services as accounts
from liaison_app.accounts.models import Account
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.invitations import queries as invitations
from liaison_app.invitations.letters import answer_token
from liaison_app.invitations.models import Invitation
from liaison_app.messages.models import Message
from liaison_app.people import services as people
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.models import Meeting
from tests.parts.databases import ENGINES
from tests.security.hostile import PHONES, Hostile
from tests.security.test_input import fields_of

LINKS = {"answer": "/a/{}", "ticket": "/t/{}", "feed": "/feeds/{}.ics", "setup": "/setup/{}"}
MORE = ("/a/{}/invite.ics", "/t/{}/withdraw", "/t/{}/qr.png")
EVIL_HOST = "forged.test"
PASSWORD = "Early train at 5, platform seven"
# What a public calendar may say of a meeting, and of itself.
OF_A_MEETING = {
    "UID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "CREATED", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION",
    "LOCATION", "URL", "STATUS", "TRANSP",
}  # fmt: skip
OF_ITSELF = {
    "VERSION", "PRODID", "CALSCALE", "NAME", "X-WR-CALNAME", "X-WR-TIMEZONE", "COLOR", "REFRESH-INTERVAL",
    "X-PUBLISHED-TTL", "SOURCE",
}  # fmt: skip


def rows(world: Hostile) -> dict[str, tuple]:
    """Return how many rows each table has, and what an answer, a withdrawal or a password changes."""
    with world.database.app.app_context():
        names = inspect(db.engine).get_table_names()
        counts = {
            name: tuple(db.session.execute(text(f'SELECT count(*) FROM "{name}"')).one()) for name in names
        }
        marks = select(Invitation.id, Invitation.answer, Invitation.answered_at).order_by(Invitation.id)
        words = select(Account.id, Account.password_hash, Account.last_seen_at).order_by(Account.id)
        counts["answers"] = tuple(map(tuple, db.session.execute(marks)))
        counts["passwords"] = tuple(map(tuple, db.session.execute(words)))
        db.session.rollback()
        return counts


def answer_fields(browser, page: str, **changes: str) -> dict[str, str]:
    return {**fields_of(browser, page), "answer": "accepted", "reason": "开会", **changes}


# --- B1, B5: guessing, and one link under another's address ---------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_a_token_is_long_kept_as_a_hash_and_opens_nothing_once_changed(hostile_on, engine):
    world, browser = hostile_on(engine), hostile_on(engine).browser()
    for name, path in LINKS.items():
        token = str(world.places[name])
        assert len(urlsafe_b64decode(token + "=" * (-len(token) % 4))) * 8 >= 128, name
        assert browser.get(path.format(token)).status_code == 200, name
        near = {
            token[:-1], token + "A", token + "=", token + "%00", token + " ", token.swapcase(), token[::-1],
            ("A" if token[0] != "A" else "B") + token[1:], token[:-1] + ("A" if token[-1] != "A" else "B"),
        }  # fmt: skip
        opened = [one for one in near - {token} if browser.get(path.format(one)).status_code != 404]
        assert opened == [], name
    with world.database.app.app_context():
        kept = _texts_at_rest()
    # In the bytes of mails they stand as well, and those are encrypted.
    assert [name for name in LINKS if str(world.places[name]) in kept] == []


def _texts_at_rest() -> str:
    """Return all that a thief of the database would read."""
    found = []
    for name in inspect(db.engine).get_table_names():
        for row in db.session.execute(text(f'SELECT * FROM "{name}"')):
            found += [
                bytes(one).decode("utf-8", "replace") if isinstance(one, memoryview | bytes) else str(one)
                for one in row
            ]
    return "\n".join(found)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_thief_of_the_database_reads_no_number(hostile_on, engine):
    world = hostile_on(engine)
    with world.database.app.app_context():
        kept = _texts_at_rest()
    assert [one for one in PHONES if one in kept] == []
    assert "xssmark" in kept  # the control: names are read


@pytest.mark.parametrize("engine", ENGINES)
def test_a_link_opens_one_thing_only(hostile_on, engine):
    world, browser = hostile_on(engine), hostile_on(engine).browser()
    wrong = [
        path.format(world.places[other])
        for name, path in LINKS.items()
        for other in LINKS
        if other != name and browser.get(path.format(world.places[other])).status_code != 404
    ]
    assert wrong == []
    assert browser.get("/desk").status_code == 303


# --- B2: a look changes nothing --------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_no_look_at_a_link_writes(hostile_on, engine):
    world, browser = hostile_on(engine), hostile_on(engine).browser()
    pages = [path.format(world.places[name]) for name, path in LINKS.items()]
    pages += [
        MORE[0].format(world.places["answer"]),
        *(one.format(world.places["ticket"]) for one in MORE[1:]),
    ]
    pages += [f"/a/{world.places['answer']}?choice={one}" for one in ("accepted", "declined", "delegated")]
    before = rows(world)
    for page in pages:
        for method in ("HEAD", "GET", "OPTIONS"):
            for headers in ({}, {"HX-Request": "true"}, {"Purpose": "prefetch"}):
                assert browser.open(page, method=method, headers=headers).status_code in (200, 303), page
        for method in ("PUT", "PATCH", "DELETE", "TRACE"):
            assert browser.open(page, method=method).status_code == 405, page
        for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            assert browser.get(page, headers={header: "POST"}).status_code in (200, 303), page
    assert rows(world) == before


@pytest.mark.parametrize("engine", ENGINES)
def test_the_button_does(hostile_on, engine):
    """The control of the test above: what a POST writes is seen."""
    world, browser = hostile_on(engine), hostile_on(engine).browser()
    before, page = rows(world), f"/a/{world.places['head_answer']}"
    assert browser.post(page, data=answer_fields(browser, page)).status_code == 303
    assert rows(world) != before


# --- B3, B4: where a link must not stand -------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_a_page_behind_a_link_is_kept_nowhere_and_named_to_nobody(hostile_on, engine):
    world, browser = hostile_on(engine), hostile_on(engine).browser()
    for name, path in LINKS.items():
        reply = browser.get(path.format(world.places[name]))
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        if name == "feed":
            assert "public" not in reply.headers["Cache-Control"]
            assert reply.headers["X-Robots-Tag"] == "noindex"
            continue
        assert reply.headers["Cache-Control"] == "no-store"
        assert not re.search(r"[?&][^\"' ]*" + re.escape(str(world.places[name])), reply.text), name
        if name != "setup":
            assert '<meta name="robots" content="noindex">' in reply.text


def test_what_fails_behind_a_link_leaves_no_token_in_the_log(hostile_on, monkeypatch, caplog):
    world = hostile_on("sqlite")

    def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(invitations, "list_stand_ins", fail)
    with caplog.at_level(logging.DEBUG):
        reply = world.browser().get(f"/a/{world.places['answer']}")
    assert reply.status_code == 500
    assert "planted" in caplog.text
    assert str(world.places["answer"]) not in caplog.text
    assert "Traceback" not in reply.text
    assert reply.headers["X-Request-ID"] in reply.text
    caplog.clear()
    # The control: what Flask logs of its own.
    with world.app.test_request_context(f"/a/{world.places['answer']}"):
        Flask.log_exception(world.app, (None, None, None))  # type: ignore[arg-type]
    assert str(world.places["answer"]) in caplog.text


def test_an_error_of_the_database_names_nobody(hostile_on):
    world = hostile_on("sqlite")
    broken, whose = text("SELECT :mobile FROM nowhere"), {"mobile": PHONES[0]}
    with world.database.app.app_context(), pytest.raises(SQLAlchemyError) as error:
        db.session.execute(broken, whose)
    assert PHONES[0] not in str(error.value)
    # The control: an engine as it comes.
    with create_engine("sqlite://").connect() as plain, pytest.raises(SQLAlchemyError) as error:
        plain.execute(broken, whose)
    assert PHONES[0] in str(error.value)


# --- B6, B7: links that came too late ----------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_an_answer_to_an_older_time_is_asked_anew(hostile_on, engine):
    world, browser = hostile_on(engine), hostile_on(engine).browser()
    token = _asked(world, "online")
    page = f"/a/{token}"
    old = answer_fields(browser, page)
    with world.database.app.app_context(), transaction():
        meeting = db.session.get_one(Meeting, world.places["online"])
        plan = scheduling.as_plan(meeting)
        later = timedelta(days=20)
        moved = replace(plan, starts_at=plan.starts_at + later, ends_at=plan.ends_at + later)
        scheduling.revise(meeting.id, moved, version=meeting.version, by=None)
    before = rows(world)
    assert browser.post(page, data=old).status_code == 422
    for sequence in ("-1", "", "NaN", str(-(2**63))):
        assert browser.post(page, data={**old, "sequence": sequence}).status_code == 422
    assert rows(world) == before
    # The control: the same answer to the time as it stands now.
    assert browser.post(page, data=answer_fields(browser, page)).status_code == 303


def _asked(world: Hostile, meeting: str) -> str:
    with world.database.app.app_context():
        asked = invitations.list_of_meeting(world.places[meeting])
        return answer_token(next(one for one in asked if one.withdrawn_at is None))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", ["off", "postponed", "over", "withdrawn"])
def test_a_link_that_is_of_no_use_any_more_shows_it_and_changes_nothing(hostile_on, engine, case):
    world, browser = hostile_on(engine), hostile_on(engine).browser()
    meeting = {"off": "off", "postponed": "moved"}.get(case, "meeting")
    live = f"/a/{_asked(world, 'online')}"
    fields = answer_fields(browser, live, sequence="99")
    token = _withdrawn(world) if case == "withdrawn" else _asked(world, meeting)
    before = rows(world)
    with clock.frozen(clock.now() + timedelta(days=30 * (case == "over"))):
        assert browser.get(f"/a/{token}").status_code == 200
        assert browser.post(f"/a/{token}", data=fields).status_code == 422
    assert rows(world) == before


def _withdrawn(world: Hostile) -> str:
    """Take somebody off the list of a meeting, once, and return that person's link."""
    with world.database.app.app_context():
        asked = invitations.list_of_meeting(world.places["meeting"])
        if not any(one.withdrawn_at for one in asked):
            used = {world.places["answer"], world.places["head_answer"]}
            gone = next(one for one in asked if answer_token(one) not in used)
            with transaction():
                meeting = db.session.get_one(Meeting, world.places["meeting"])
                plan = scheduling.as_plan(meeting)
                left = tuple(one for one in plan.people if one.person_id != gone.participant.person_id)
                scheduling.revise(meeting.id, replace(plan, people=left), version=meeting.version, by=None)
        asked = invitations.list_of_meeting(world.places["meeting"])
        return answer_token(next(one for one in asked if one.withdrawn_at is not None))


# --- B9, B10: feeds ----------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_a_feed_that_was_reset_or_revoked_is_no_page(hostile_on, engine):
    world, browser = hostile_on(engine), hostile_on(engine).browser()
    with world.database.app.app_context():
        office = db.session.scalars(select(Account).where(Account.login == "role-office")).one()
        with transaction():
            first = people.issue_feed(world.places["person"], by=office)
        assert browser.get(f"/feeds/{world.places['feed']}.ics").status_code == 404
        assert browser.get(f"/feeds/{first}.ics").status_code == 200
        with transaction():
            people.revoke_feed(world.places["person"], by=office)
        assert browser.get(f"/feeds/{first}.ics").status_code == 404
        with transaction():
            world.places["feed"] = people.issue_feed(world.places["person"], by=office)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_public_feed_says_what_is_on_the_list_and_no_more(hostile_on, engine):
    world, browser = hostile_on(engine), hostile_on(engine).browser()
    paths = ("/calendar.ics", "/stations/{station}/calendar.ics", "/bureaus/{bureau}/calendar.ics")
    for path in paths:
        reply = browser.get(path.format(**world.places))
        calendar = Calendar.from_ical(reply.data)
        assert set(calendar.keys()) <= OF_ITSELF
        events = calendar.walk("VEVENT")
        assert events
        assert {name for event in events for name in event} <= OF_A_MEETING
        assert not calendar.walk("VALARM")
        with world.database.app.app_context():
            hidden = db.session.get_one(Meeting, world.places["draft"]).uid
        assert hidden not in {str(event["UID"]) for event in events}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_proxy_may_keep_takes_no_cookie_along(hostile_on, engine):
    """SECURITY E7: not even the end of a cookie that nobody knows any more."""
    world = hostile_on(engine)
    stale = world.browser()
    with stale.session_transaction() as cookie:
        cookie["key"] = "nobody-knows"
    shared = (
        "/calendar.ics",
        "/stations/{station}/calendar.ics",
        "/m/{code}/qr.png",
        "/htmx.js",
        "/static/app.css",
    )
    for browser in (stale, world.browser(Role.OFFICE)):
        for path in shared:
            reply = browser.get(path.format(**world.places))
            assert "public" in reply.headers["Cache-Control"], path
            assert "Set-Cookie" not in reply.headers, path
    # The control: a page does take it back.
    assert "Set-Cookie" in stale.get("/").headers


# --- B11: addresses ------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_no_page_and_no_mail_takes_its_address_from_the_request(hostile_on, engine):
    world, browser = hostile_on(engine), hostile_on(engine).browser(Role.OFFICE)
    forged = {
        "HTTP_HOST": EVIL_HOST,
        "HTTP_X_FORWARDED_HOST": EVIL_HOST,
        "HTTP_FORWARDED": f"host={EVIL_HOST}",
    }
    paths = (
        "/", "/meetings", "/meetings/", "/stations//{station}", "/m/{code}", "/m/{code}.ics",
        "/calendar.ics", "/t/{ticket}", "/a/{answer}", "/a/{answer}/invite.ics", "/people/{person}", "/login",
        "/meetings/{meeting}/invitations?answer={invitation}", "/nope", "/?display=elder-1",
    )  # fmt: skip
    for reader in (browser, world.browser()):
        for path in paths:
            reply = reader.get(path.format(**world.places), environ_overrides=forged)
            said = f"{reply.headers}{reply.get_data(as_text=True)}"
            assert EVIL_HOST not in said, path
    page = f"/meetings/{world.places['online']}/invitations"
    token = fields_of(browser, page)["csrf_token"]
    with browser.session_transaction() as cookie:
        kept = dict(cookie)
    with world.database.app.app_context():
        before = db.session.scalar(select(func.max(Message.id))) or 0
    with browser.session_transaction(environ_overrides=forged) as cookie:
        cookie.update(kept)
    reply = browser.post(f"{page}/remind", data={"csrf_token": token}, environ_overrides=forged)
    assert reply.status_code == 303
    with world.database.app.app_context():
        new = list(db.session.scalars(select(Message).where(Message.id > before)))
        assert new
        assert all(EVIL_HOST not in one.body and EVIL_HOST.encode() not in (one.raw or b"") for one in new)
        assert all(world.database.settings.base_url in one.body for one in new)


# --- B13: links that set a password -----------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_a_link_for_a_password_is_good_once_and_for_a_day(hostile_on, engine):
    world = hostile_on(engine)
    with world.database.app.app_context():
        recorder = db.session.scalars(select(Account).where(Account.login == "role-recorder")).one()
        with transaction():
            first = accounts.make_setup_link(recorder)
            second = accounts.make_setup_link(recorder)
    browser = world.browser()
    assert browser.get(f"/setup/{first}").status_code == 404
    with clock.frozen(clock.now() + timedelta(hours=24, minutes=1)):
        assert browser.get(f"/setup/{second}").status_code == 404
    inside = world.browser(Role.RECORDER)
    assert inside.get("/desk").status_code == 200
    fields = {
        **fields_of(browser, f"/setup/{second}"),
        "password": PASSWORD,
        "again": PASSWORD,
    }
    assert browser.post(f"/setup/{second}", data=fields).status_code == 303
    assert browser.post(f"/setup/{second}", data=fields).status_code == 404
    assert inside.get("/desk").location.startswith("/login")
    with world.database.app.app_context(), transaction():
        recorder = db.session.scalars(select(Account).where(Account.login == "role-recorder")).one()
        world.places["setup"] = accounts.make_setup_link(recorder)
        world.keys[Role.RECORDER] = accounts.open_browser(recorder.id, "127.0.0.1")[1]
