"""Every link that is offered, followed as each role through a district where every typed text is an attack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from icalendar import Calendar
from sqlalchemy import select

from liaison_app.access.permissions import Role
from liaison_app.audit.models import Entry
from liaison_app.core.db import db
from liaison_app.messages.models import Message
from tests.parts.databases import ENGINES
from tests.security.hostile import EVIL, ONLINE, PHONES, Hostile
from tests.security.pages import formulas, read

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# What nginx or a browser may keep; everything else is no-store.
KEPT = re.compile(r"/(static/.*|htmx\.js|calendar\.ics|stations/\d+/calendar\.ics|bureaus/\d+/calendar\.ics|"
                  r"m/[a-z0-9]+(\.ics|/qr\.png)?|feeds/[^/]+\.ics)")  # fmt: skip
SHARED = re.compile(r"/(static/.*|htmx\.js|(stations/\d+/|bureaus/\d+/)?calendar\.ics|m/[a-z0-9]+/qr\.png)")
MAIL_HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "References",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
}  # fmt: skip
# Of one shape of address so many are opened; calendars lead on for ever.
SAME = 2
MOST = 250


def seeds(world: Hostile, role: Role | None) -> list[str]:
    """Return where a walk begins: the front doors, and what only a link in a mail leads to."""
    if role is not None:
        return ["/desk", "/", "/nope", "/meetings/999999"]
    own = [
        "/", "/login", "/nope", "/calendar.ics", "/m/{code}", "/m/{code}.ics", "/m/{code}/received",
        "/m/{off_code}", "/m/{moved_code}", "/m/{online_code}", "/stations/{station}/calendar.ics",
        "/bureaus/{bureau}/calendar.ics", "/a/{answer}", "/a/{head_answer}", "/a/{moved_answer}",
        "/a/{answer}/invite.ics", "/t/{ticket}", "/t/{ticket}/withdraw", "/t/{left_ticket}", "/setup/{setup}",
        "/feeds/{feed}.ics",
    ]  # fmt: skip
    return [one.format(**world.places) for one in own]


def shape(address: str) -> str:
    parts = urlsplit(address)
    names = ",".join(sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)))
    return re.sub(r"\d+", "N", parts.path) + "?" + names


def walk(world: Hostile, role: Role | None) -> Iterator[tuple[str, str]]:
    """Yield (address, fault); at the end the number of pages that were looked at stands in `walk.seen`."""
    browser, base = world.browser(role), world.database.settings.base_url
    waiting, met, shapes = seeds(world, role), set(), Counter[str]()
    forms = 0
    while waiting and len(met) < MOST:
        address = waiting.pop(0) or "/"
        if not address.startswith("/") or address in met:
            continue
        shapes[shape(address)] += 1
        if shapes[shape(address)] > SAME:
            continue
        met.add(address)
        reply = browser.get(address)
        yield from ((address, fault) for fault in look(world, address, reply))
        if reply.mimetype == "text/html":
            page = read(reply.text, base, abroad=ONLINE)
            forms += page.posts
            yield from ((address, fault) for fault in page.faults)
            waiting += page.leads
            # Nor does anybody read a whole number before asking for it, not even in the source of a page.
            yield from ((address, f"says {one}") for one in PHONES if one in reply.text)
        elif reply.status_code in (302, 303):
            waiting.append((reply.location or "").removeprefix(base))
    walk.seen, walk.forms = len(met), forms  # type: ignore[attr-defined]


def look(world: Hostile, address: str, reply) -> Iterator[str]:
    """Yield what is wrong with an answer apart from its page."""
    if reply.status_code >= 400 and not address.startswith(("/nope", "/meetings/999999")):
        yield f"{reply.status_code}"
    for name, value in HEADERS.items():
        if reply.headers.get(name) != value:
            yield f"{name}: {reply.headers.get(name)}"
    kept = reply.headers.get("Cache-Control", "")
    path = urlsplit(address).path
    if "no-store" not in kept and not (KEPT.fullmatch(path) and reply.status_code < 400):
        yield f"may be kept: {kept}"
    if "public" in kept and ("Set-Cookie" in reply.headers or not SHARED.fullmatch(path)):
        yield f"is public, with {'a cookie' if 'Set-Cookie' in reply.headers else 'nothing that is'}"
    if any(ord(sign) < 32 or ord(sign) > 126 for value in reply.headers.values() for sign in str(value)):
        yield "a header with strange signs"
    if "X-Evil" in reply.headers:
        yield "a header that somebody typed"
    if reply.mimetype == "text/csv":
        yield from (f"runs in a spreadsheet: {cell[:30]}" for cell in formulas(reply.text))
    if reply.mimetype == "text/calendar":
        yield from _calendar_faults(address, reply)


def _calendar_faults(address: str, reply) -> Iterator[str]:
    calendar = Calendar.from_ical(reply.data)
    for event in calendar.walk("VEVENT"):
        if "ATTENDEE" in event:
            yield "names somebody who comes"
        if "ORGANIZER" in event and not address.endswith(("invite.ics",)) and not address.startswith("/m/"):
            yield "names an organizer"
        if str(event["STATUS"]) not in ("CONFIRMED", "CANCELLED", "TENTATIVE"):
            yield f"STATUS {event['STATUS']}"
        if event["DTSTART"].dt.tzinfo is None:
            yield "a time without zone"
    yield from (f"says {one}" for one in PHONES if one.encode() in reply.data)
    if b"\r" in reply.data.replace(b"\r\n", b""):
        yield "a bare CR"


CASES = [("sqlite", role) for role in (*Role, None)] + [("postgresql", role) for role in (Role.OFFICE, None)]


@pytest.mark.parametrize(
    ("engine", "role"), [case for case in CASES if case[0] in ENGINES], ids=lambda one: str(one or "nobody")
)
def test_no_link_leads_to_a_fault(hostile_on, engine, role):
    world = hostile_on(engine)
    faults = sorted({f"{address}: {fault}" for address, fault in walk(world, role)})
    assert not faults, "\n".join(faults)
    assert walk.seen > (25 if role is None else 8)
    assert walk.forms > 0


def test_a_walk_leaves_no_number_and_no_token_in_the_trail(hostile_on):
    world = hostile_on(ENGINES[0])
    browser = world.browser(Role.OFFICE)
    list(walk(world, Role.LIAISON))
    # What somebody types, and addresses that are secrets, by whoever may see them and by whoever may not.
    for address in (
        f"/meetings.csv?q={PHONES[0]}",
        f"/meetings.csv?q={world.places['answer']}",
        f"/meetings/{world.places['meeting']}/signups",
        f"/meetings/{world.places['meeting']}/signups.csv",
        f"/a/{world.places['answer']}",
        f"/t/{world.places['ticket']}",
        f"/audit?q={PHONES[1]}",
        "/meetings/999999",
    ):
        browser.get(address)
    with world.database.app.app_context():
        entries = list(db.session.scalars(select(Entry)))
    assert {"access:request:refuse", "scheduling:meetings:export", "signups:roster:export"} <= {
        one.action for one in entries
    }
    said = "\n".join(f"{one.sentence} {one.actor_name} {one.thing_kind}" for one in entries)
    secrets = [str(world.places[name]) for name in ("answer", "head_answer", "moved_answer", "ticket", "left_ticket",
                                                    "setup", "feed")]  # fmt: skip
    assert [one for one in (*PHONES, *secrets) if one in said] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_mails_hold_the_headers_that_we_write_and_no_other(hostile_on, engine):
    world = hostile_on(engine)
    with world.database.app.app_context():
        raws = list(db.session.scalars(select(Message.raw).where(Message.raw.is_not(None))))
    assert len(raws) >= 4
    for raw in raws:
        mail = BytesParser(policy=policy.default).parsebytes(raw)
        assert set(mail.keys()) <= MAIL_HEADERS
        assert len(mail["To"].addresses) == 1
        assert mail["To"].addresses[0].domain == "example.test"
        parts = {
            part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()
        }
        assert "xssmark" in parts["text/plain"]
        if "text/html" in parts:
            # A mail brings its styles along; no program of mail runs them.
            faults = read(parts["text/html"], world.database.settings.base_url, abroad=ONLINE).faults
            assert [fault for fault in faults if "style" not in fault] == []


@pytest.mark.parametrize(
    ("page", "word"),
    [
        (f"<p>{EVIL}</p>", "became"),
        (f'<input value="{EVIL}">', "became"),
        (f"<p title='{EVIL}'>x</p>", "became"),
        ("<p>1337</p>", "template"),
        ("<p onclick=x>x</p>", "onclick"),
        ("<script>let a = 1</script>", "script"),
        ('<img src="https://evil.test/a.png">', "outside"),
        ('<a href="//evil.test">x</a>', "outside"),
        ('<a href="javascript:alert(1)">x</a>', "outside"),
        ('<form method="post" action="/x"><button>x</button></form>', "lacks"),
        ('<form action="/x"><input name="csrf_token" value="x"></form>', "shows"),
        ('<button hx-post="/x">x</button>', "outside a form"),
    ],
)
def test_a_planted_fault_is_seen(page, word):
    """The control: each of the reader's complaints can be heard."""
    assert any(word in fault for fault in read(page, "http://here.test").faults)


def test_a_planted_formula_is_seen():
    assert list(formulas(f'a,"{EVIL.replace(chr(34), "")}"\r\n')) != []


def test_no_template_marks_typed_text_as_safe():
    """`|safe` stands where the text is a constant of the program, and nowhere else."""
    folder = Path(__file__).resolve().parents[2] / "templates"
    found = [
        line.strip()
        for file in sorted(folder.rglob("*.html"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"\|\s*safe\b|Markup|autoescape", line)
    ]
    assert all('"·<wbr>" | safe' in line for line in found), found
