"""What nobody should send, into every form and every question of a list: an answer in words, and nothing written."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from liaison_app.access.permissions import Role
from liaison_app.accounts.models import Account
from liaison_app.core.db import Model, db, transaction
from liaison_app.core.sheets import csv_file
from liaison_app.dashboards import calendars
from liaison_app.imports.models import ImportRun
from liaison_app.invitations.models import Invitation
from liaison_app.scheduling.models import Meeting
from liaison_app.signups.models import SignUp
from tests.factories.people import make_person
from tests.parts.databases import ENGINES
from tests.security.hostile import TAG, Hostile
from tests.security.pages import formulas, read

SOURCE = Path(__file__).resolve().parents[2] / "liaison_app"
# Whatever of these is kept bears the mark, so that it is found again.
MARK = "zqx"
VALUES = {
    "nothing": "",
    "blanks": "\u3164\u2800\u200b",
    "NUL": f"{MARK}\0",
    "line ends": f"{MARK}\r\nX-Evil: 1\u2028\x85\r",
    "turned": f"{MARK}\u202egnp\u200b\u2066",
    "no characters": f"{MARK}\uffff\ufdd0",
    "a surrogate": b"zqx\xed\xa0\x80",
    "markup": f"{MARK}\"'><{TAG}>{{{{7*191}}}}%(q)s{{q}}",
    "an encoded word": f"{MARK}=?UTF-8?Q?=0D=0AX-Evil:_1?=",
    "one that grows": "\ufdfa" * 50,
    "long": "9" * 100_000,
    "2^63": str(2**63),
    "less than nothing": "-1",
    "no number": "NaN",
    "no day": "2026-02-30",
    "the last moment": "9999-12-31T23:59:59+00:00",
    "no time": "25:61",
}
# What another database might stumble over.
FOR_DATABASES = ("NUL", "no characters", "a surrogate", "one that grows", "long", "2^63", "the last moment")
# Two forms of strangers get all of them, the others these: the editor alone has thirty fields.
FEW = ("nothing", "NUL", "turned", "markup", "long", "2^63", "no day", "the last moment")
# (who, page with the form, what a good answer would be)
FORMS = {
    "sign-up": (None, "/m/{code}", {"name": "程试", "mobile": "13700000011", "role": "citizen", "consent": "y"}),
    "answer": (None, "/a/{head_answer}", {"answer": "delegated", "reason": "开会", "stand_in_text": "何试"}),
    "give back": (None, "/t/{ticket}/withdraw", {}),
    "password": (None, "/setup/{setup}", {"password": "short", "again": "short"}),
    "login": (None, "/login", {"login": "nobody", "password": "wrong-wrong"}),
    "by telephone": (
        Role.OFFICE,
        "/meetings/{meeting}/signups/new",
        {"name": "程试", "mobile": "12", "role": "citizen", "consent": "y"},
    ),
    "editor": (
        Role.OFFICE,
        "/meetings/new",
        {"title": "程试", "day": "2026-02-30", "starts": "9:00", "ends": "10:00", "place_kind": "outside",
         "use_time": "", "use_room": "", "deputies": "", "lead": "", "others": ""},
    ),
    "reason": (Role.OFFICE, "/meetings/{online}/postpone", {"reason": "", "version": "0"}),
    "taking off": (Role.OFFICE, "/meetings/{meeting}/signups/{signup}/withdraw", {"reason": ""}),
    "account": (Role.OFFICE, "/accounts/new", {"login": "x", "name": "程试"}),
    "grant": (Role.OFFICE, "/accounts/{account}/grants/new", {"role": "admin", "unit_id": "1"}),
    "owner": (Role.OFFICE, "/accounts/{account}/owner", {"email": "x", "find": "程试"}),
    "list": (Role.OFFICE, "/imports", {"kind": "deputies", "unit_id": "1"}),
}  # fmt: skip
# Every question that an address may hold, and what else has to be asked with it.
TRAIL = ("q", "who", "action", "result", "thing", "id", "unit", "since", "since_time", "until", "until_time")
ASKED = {
    "/": ({"display"}, ""),
    "/login": ({"next"}, ""),
    "/calendar": ({"view", "month", "week", "station", "kind"}, ""),
    "/calendar?view=week": ({"week"}, ""),
    "/stations": ({"q"}, ""),
    "/login/sso/back": ({"state", "code"}, ""),
    "/personal-data/requests": ({"found"}, "office"),
    "/a/{answer}": ({"choice"}, ""),
    "/desk/calendar": ({"month", "station", "kind"}, "office"),
    "/meetings": ({"q", "when", "state", "kind", "page", "station"}, "office"),
    "/meetings/new": ({"from", "room", "day", "starts", "ends", "kind", "find", "deputies"}, "office"),
    "/meetings/check?day=2027-01-05&starts=9:00&ends=10:00": (
        {"meeting", "room_id", "deputies", "lead", "others", "chair", "find", "version", "seats_citizen", "day",
         "closes_day", "opens_time"}, "office",
    ),
    "/meetings/deputies": ({"find", "deputies", "room_id"}, "office"),
    "/meetings/{meeting}/signups": ({"show"}, "office"),
    "/meetings/{meeting}/invitations": ({"answer"}, "office"),
    "/invitations": ({"answer"}, "office"),
    "/messages": ({"state", "channel", "kind", "meeting", "q", "page"}, "office"),
    "/messages/1/drop": ({"back"}, "office"),
    "/people": ({"q", "page", "station", "level", "all"}, "office"),
    "/messages?meeting=1": ({"thread"}, "office"),
    "/meetings/{meeting}/sheets/seats": ({"layout", "even", "row"}, "office"),
    "/messages/inbox/{letter}": ({"invitation"}, "office"),
    "/timeline": ({"day"}, "office"),
    "/timeline/people": ({"day", "station"}, "office"),
    "/find-time?minutes=120&part=office&first_day=2027-01-05&last_day=2027-01-08": (
        {"bureaus", "station", "group", "needed", "minutes", "part", "first_day", "last_day", "with_seconds"}, "office",
    ),
    "/meetings/{meeting}/series?repeat=weekly&weekdays=0&last_day=2027-06-01": (
        {"repeat", "weekdays", "weeks_apart", "month_days", "nth", "months", "dates", "last_day", "policy"}, "office",
    ),
    "/meetings/{meeting}/series?repeat=dates&last_day=2027-06-01": ({"dates"}, "office"),
    "/meetings/{meeting}/series?repeat=month_days&last_day=2027-06-01": ({"month_days", "months"}, "office"),
    "/imports": ({"kind"}, "office"),
    "/imports/{run}": ({"show", "page"}, "office"),
    "/accounts": ({"q", "show"}, "office"),
    "/access/who?permission=audit:trail:read": ({"unit", "permission"}, "office"),
    "/audit": ({*TRAIL, "page"}, "auditor"),
    "/audit.csv": (set(TRAIL), "auditor"),
}  # fmt: skip
TABLES = (SignUp, Meeting, Account, ImportRun)
PAGE_TOO_FAR = "0000001" + "9" * 30
NUMBERS = count(1)
QUESTIONS = ("NUL", "a surrogate", "turned", "markup", "2^63", "less than nothing", "no number", "no day")


def fields_of(browser: FlaskClient, page: str) -> dict[str, str]:
    """Return the fields of the first form of a page that posts, with what stands in them."""
    reply = browser.get(page)
    assert reply.status_code == 200, f"{page}: {reply.status_code}"
    main = reply.text[reply.text.find("<main") :]
    form = re.search(r'<form[^>]*method="post".*?</form>', main, re.S)
    assert form, page
    fields = dict.fromkeys(re.findall(r'\sname="([^"]+)"', form[0]), "")
    for tag in re.findall(r"<input[^>]*>", form[0]):
        name, value = re.search(r'\sname="([^"]+)"', tag), re.search(r'\svalue="([^"]*)"', tag)
        if name and value and 'type="hidden"' in tag:
            fields[name[1]] = unescape(value[1])
    for name, options in re.findall(r'<select[^>]*\sname="([^"]+)"[^>]*>(.*?)</select>', form[0], re.S):
        chosen = re.search(r'selected[^>]*value="([^"]*)"', options) or re.search(r'value="([^"]*)"', options)
        fields[name] = unescape(chosen[1]) if chosen else ""
    return fields


def state(world: Hostile) -> tuple:
    """Return what changes when something is written that a form brings."""
    with world.database.app.app_context():
        return tuple(
            db.session.execute(
                select(
                    *(select(func.count()).select_from(table).scalar_subquery() for table in TABLES),
                    select(func.sum(Meeting.version)).scalar_subquery(),
                    select(func.max(Invitation.answered_at)).scalar_subquery(),
                    select(func.count()).where(SignUp.withdrawn_at.is_not(None)).scalar_subquery(),
                )
            ).one()
        )  # fmt: skip


def dirty_texts() -> Iterator[str]:
    """Yield what was kept of our values with a sign in it that no text may hold."""
    for mapper in Model.registry.mappers:
        columns = [one.key for one in mapper.column_attrs]
        for thing in db.session.scalars(select(mapper.class_)):
            for name in columns:
                text = getattr(thing, name)
                if isinstance(text, str) and MARK in text and any(map(is_dirty, text)):
                    yield f"{mapper.class_.__name__}.{name}: {text[:40]!r}"


def is_dirty(sign: str) -> bool:
    return sign != "\n" and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", FORMS)
def test_a_form_answers_in_words_whatever_it_gets(hostile_on, engine, name):
    world = hostile_on(engine)
    role, page, good = FORMS[name]
    browser, address = world.browser(role), page.format(**world.places)
    fields = {**fields_of(browser, address), **good}
    kinds = VALUES if name in ("sign-up", "answer") else FEW
    if engine != "sqlite":
        kinds = FOR_DATABASES
    faults, before = [], state(world)
    for field in sorted(fields.keys() - {"csrf_token"}):
        for kind in kinds:
            if "mobile" in good:
                # Somebody new each time: a number may bring few people, and nobody twice.
                fields["mobile"] = f"137{next(NUMBERS):08}"
            reply = browser.post(address, data={**fields, field: VALUES[kind]})
            where, after = f"{field} = {kind}: {reply.status_code}", state(world)
            if reply.status_code not in (200, 303, 400, 404, 409, 413, 422):
                faults.append(where)
            if reply.status_code >= 400 and after != before:
                faults.append(f"{where}, and something was written")
            before = after
            if kind == "markup":
                faults += [
                    f"{where}, {fault}" for fault in read(reply.text, world.database.settings.base_url).faults
                ]
    with world.database.app.app_context():
        faults += dirty_texts()
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_list_answers_in_words_whatever_is_asked(hostile_on, engine):
    world = hostile_on(engine)
    browsers = {
        "": world.browser(),
        "office": world.browser(Role.OFFICE),
        "auditor": world.browser(Role.AUDITOR),
    }
    faults = []
    for page, (names, who) in ASKED.items():
        address = page.format(**world.places)
        address += "&" if "?" in address else "?"
        for name in sorted(names):
            kinds = QUESTIONS if engine == "sqlite" else ("NUL", "a surrogate", "2^63")
            for value in [*(VALUES[kind] for kind in kinds), PAGE_TOO_FAR]:
                reply = browsers[who].get(f"{address}{name}={quote(value)}")
                where = f"{address}{name}={value[:30]!r}: {reply.status_code}"
                if reply.status_code not in (200, 303, 404, 422):
                    faults.append(where)
                if reply.status_code == 303 and not (reply.location or "").startswith("/"):
                    faults.append(f"{where} to {reply.location}")
                if value == VALUES["markup"] and reply.mimetype == "text/html":
                    faults += [
                        f"{where}, {one}" for one in read(reply.text, world.database.settings.base_url).faults
                    ]
    assert not faults, "\n".join(faults)


def test_every_question_that_the_source_reads_is_asked():
    read_by_views = {
        name
        for file in SOURCE.rglob("*.py")
        for name in re.findall(r'args(?:\.get\(|\[)"([a-z_]+)"', file.read_text(encoding="utf-8"))
    }
    assert read_by_views - {name for names, _ in ASKED.values() for name in names} == set()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sign_that_stands_for_anything_is_looked_for_as_it_stands(hostile_on, engine):
    """SECURITY D9: neither a wildcard of SQL nor a quote that would end the statement finds a thing."""
    world = hostile_on(engine)
    office, auditor = world.browser(Role.OFFICE), world.browser(Role.AUDITOR)
    lists = {
        "/meetings?when=all&q=": office,
        "/messages?q=": office,
        "/people?q=": office,
        "/audit?q=": auditor,
    }
    for address, browser in lists.items():
        empty = browser.get(f"{address}nobody-typed-this").text
        for words in ("_____________________", "%nobody%", "zqx' OR '1'='1", "zqx%' OR 1=1 --", "\\"):
            found = browser.get(address + quote(words))
            assert found.status_code == 200, words
            assert found.text.count("<tr") == empty.count("<tr"), (address, words)
        assert TAG in unescape(browser.get(f"{address}").text)  # the control


@pytest.mark.parametrize("engine", ENGINES)
def test_no_other_origin_is_let_in(hostile_on, engine):
    world = hostile_on(engine)
    asks = {
        "Origin": "https://evil.test",
        "Access-Control-Request-Method": "POST",
        "Sec-Fetch-Site": "cross-site",
    }
    for browser, page in ((world.browser(), "/calendar.ics"), (world.browser(Role.OFFICE), "/desk")):
        for method in ("GET", "HEAD", "OPTIONS"):
            reply = browser.open(page, method=method, headers=asks)
            assert [name for name, _ in reply.headers if name.lower().startswith("access-control")] == []
            assert "evil.test" not in str(reply.headers)


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "\ufeff=", " =", " \ufeff@"]
)
def test_no_cell_of_a_file_runs(start):
    """SECURITY D10, as a spreadsheet reads it: behind a separator or a quote inside a cell nothing begins anew."""
    typed = [f"{start}1+1", f"a,{start}1+1", f'a"{start}1+1', f"a;{start}1+1", "plain"]
    content = csv_file([["one"], *[[one] for one in typed]]).decode("utf-8-sig")
    assert list(formulas(content)) == []
    assert [row[0].removeprefix("'") for row in csv.reader(io.StringIO(content, newline=""))][1:] == typed


@pytest.mark.parametrize("engine", ENGINES)
def test_an_address_that_nothing_bears_is_no_page(hostile_on, engine):
    world = hostile_on(engine)
    office, stranger = world.browser(Role.OFFICE), world.browser()
    odd = ["%00", "%ED%A0%80", "%E2%80%AE", "..%2f..%2fetc", "9" * 3000, "%22%3E%3Cxssmark%3E", "{{7*191}}"]
    numbers = [str(2**31), str(2**63), "-1", "1e3", "NaN", "0", "%00", "1%00", "9" * 5000]
    addresses = [
        f"{place}{one}" for place in ("/m/", "/t/", "/a/", "/setup/", "/feeds/", "/static/") for one in odd
    ]
    addresses += [f"/m/{one}.ics" for one in odd] + [f"/feeds/{one}.ics" for one in odd]
    addresses += [f"/stations/{one}" for one in numbers] + [f"/bureaus/{one}/calendar.ics" for one in numbers]
    addresses += [f"/meetings/{one}" for one in numbers] + [f"/people/{one}" for one in numbers]
    addresses += [f"/meetings/{{meeting}}/signups/{one}/withdraw" for one in numbers]
    addresses += [f"/accounts/{{account}}/grants/{one}" for one in numbers]
    addresses += ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/.git/config", "/.env",
                  "/liaison.sqlite3", "/secret-key", "/m/{code}/x.css", "/t/{ticket}/x.css", "/stations//1"]  # fmt: skip
    wrong = []
    for address in addresses:
        reply = office.get(address.format(**world.places) if "{7" not in address else address)
        if reply.status_code != 404 or read(reply.text, world.database.settings.base_url).faults:
            wrong.append(f"{address}: {reply.status_code}")
        if stranger.get("/m/%00").status_code != 404:
            wrong.append("a stranger's")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("engine", ENGINES)
def test_too_much_is_refused_before_it_is_read(hostile_on, engine):
    world = hostile_on(engine)
    browser, page = world.browser(), f"/m/{world.places['code']}"
    token = fields_of(browser, page)["csrf_token"]
    assert browser.post(page, data={"csrf_token": token, "question": "x" * 2_000_000}).status_code == 413
    many = "&".join([f"csrf_token={token}", *(f"needs={number}" for number in range(20_000))])
    form = "application/x-www-form-urlencoded"
    assert browser.post(page, data=many, content_type=form).status_code == 422
    parts = {"csrf_token": token, **{f"f{number}": "x" for number in range(3_000)}}
    assert browser.post(page, data=parts, content_type="multipart/form-data").status_code == 413
    office = world.browser(Role.OFFICE)
    token = fields_of(office, "/imports")["csrf_token"]
    file = (io.BytesIO(b"x" * 13 * 1024 * 1024), "x.csv")
    assert office.post("/imports", data={"csrf_token": token, "file": file}).status_code == 413
    people = "&".join([f"csrf_token={token}", *(f"deputies={number}" for number in range(1, 70_000))])
    assert office.post("/meetings/new", data=people, content_type=form).status_code == 422


@pytest.mark.parametrize("engine", ENGINES)
def test_a_post_without_the_token_of_its_browser_does_nothing(hostile_on, engine):
    """On every route that takes one; a request of htmx is no exception. What names another site: tests/core/test_web.py."""
    world = hostile_on(engine)
    foreign = fields_of(world.browser(), "/login")["csrf_token"]
    office = world.browser(Role.OFFICE)
    tries = (
        {"data": {"a": "b"}},
        {"data": {"csrf_token": foreign}},
        {"data": {}, "headers": {"HX-Request": "true"}},
        {"json": {"csrf_token": foreign}},
        {"data": f"csrf_token={foreign}", "content_type": "text/plain"},
    )
    before, wrong = state(world), []
    for rule in world.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()):
            continue
        values = {**dict.fromkeys(rule.arguments, 1), "kind": "deputies", "step": "cancel"}
        values |= {"code": world.places["code"], "token": world.places["ticket"]}
        address = world.app.url_map.bind("here").build(rule.endpoint, {n: values[n] for n in rule.arguments})
        for one in tries if rule.endpoint == "signups_public.page" else tries[:2]:
            for browser in (office, world.browser()):
                if (status := browser.post(address, **one).status_code) != 400:
                    wrong.append(f"{address}: {status}")
    assert not wrong, "\n".join(wrong)
    assert state(world) == before


@pytest.mark.parametrize("engine", ENGINES)
def test_a_role_or_a_unit_that_nobody_asked_for_is_not_taken(hostile_on, engine):
    """SECURITY A9: fields beside those of the form change nothing."""
    world = hostile_on(engine)
    browser, page = world.browser(), f"/m/{world.places['code']}"
    fields = {
        **fields_of(browser, page),
        "name": "程试多",
        "mobile": "13700000099",
        "role": "citizen",
        "consent": "y",
    }
    extra = {
        "state": "withdrawn",
        "entered_by_id": "1",
        "ticket_code": "1",
        "pool_id": "999",
        "id": "1",
        "meeting_id": "2",
    }
    assert browser.post(page, data={**fields, **extra}).status_code == 303
    with world.database.app.app_context():
        made = db.session.scalars(select(SignUp).where(SignUp.name == "程试多")).one()
        assert (made.meeting_id, made.pool_id) == (world.places["meeting"], world.places["pool"])
        assert made.entered_by_id is None
        assert made.state != "withdrawn"


UPLOADS = {
    "x.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "x.csv": b"<!DOCTYPE html><script>alert(1)</script>",
    "../../x.csv": b"\x00\x01\x02\x03",
    "x\r\nX-Evil: 1.xlsx": b"PK\x03\x04broken",
    "x.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    f"{'x' * 5000}.csv": b"",
    "x\0.csv": "姓名\n\0".encode(),
    "\u202evsc.exe": b"%PDF-1.7",
}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_no_list_is_refused_and_leaves_no_file(hostile_on, engine):
    world = hostile_on(engine)
    office, before = world.browser(Role.OFFICE), state(world)
    kept = sorted(world.database.data.rglob("*"))
    fields = {**fields_of(office, "/imports"), "kind": "deputies", "unit_id": "2"}
    for name, data in UPLOADS.items():
        reply = office.post("/imports", data={**fields, "file": (io.BytesIO(data), name)})
        assert reply.status_code == 422, name[:20]
        assert read(reply.text, world.database.settings.base_url).faults == []
    assert state(world) == before
    assert sorted(world.database.data.rglob("*")) == kept


# --- controls ----------------------------------------------------------------


def test_a_number_that_is_read_carelessly_is_seen(hostile_on, monkeypatch):
    monkeypatch.setattr(calendars, "row_id", int)
    assert hostile_on("sqlite").browser().get(f"/calendar?station={2**63}").status_code == 500


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_written_is_seen(hostile_on, engine):
    world = hostile_on(engine)
    browser, page = world.browser(), f"/m/{world.places['code']}"
    fields = {
        **fields_of(browser, page),
        "name": "程试真",
        "mobile": "13700000098",
        "role": "citizen",
        "consent": "y",
    }
    before = state(world)
    assert browser.post(page, data=fields).status_code == 303
    assert state(world) != before


@pytest.mark.parametrize("engine", ENGINES)
def test_a_text_that_was_kept_unclean_is_seen(hostile_on, engine):
    world = hostile_on(engine)
    with world.database.app.app_context():
        with transaction():
            person = make_person(f"{MARK}\u202e")
        assert list(dirty_texts()) != []
        with transaction():
            db.session.delete(db.session.merge(person))
