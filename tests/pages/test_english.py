"""With English chosen, no page shows a Chinese text but what people entered and what goes out in Chinese."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import StringIO

import pytest
from babel.messages.mofile import read_mo
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.demo import loader
from tests.architecture.source import PRODUCT
from tests.pages.addresses import list_addresses
from tests.parts.databases import ENGINES, Database

# A Wednesday, ten o'clock in Beijing.
NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
CHINESE = re.compile("[\u3400-\u9fff]+")
# Punctuation and letters of full width; the ideographic space that stands between facts is none.
FULL_WIDTH = re.compile("[\u3001-\u303f\uff01-\uffef]")
SPOKEN = ("alt", "aria-label", "data-failed", "data-lost", "data-slow", "data-th", "placeholder", "title")
EMPTY = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
# A page is seen as the first of them who may see it; "" has no account.
READERS = ("", "office", "shenhe", "admin", "security", "auditor", "daibiao", "chengguan")
WRONG = {"mobile": "12", "day": "x", "answer": "declined", "role": "none"}
CATALOGUE = PRODUCT / "translations" / "en" / "LC_MESSAGES" / "messages.mo"


class Texts(HTMLParser):
    """What a page says: its text and its spoken attributes, without what is marked as Chinese."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._open: list[bool] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        chinese = tag != "html" and (given.get("lang") or "").startswith("zh")
        marked = chinese or (self._open and self._open[-1])
        if not marked:
            self.said += [given[name] or "" for name in SPOKEN if name in given]
        if tag not in EMPTY:
            self._open.append(bool(marked))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Say nothing of the shapes of a drawing."""

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag not in EMPTY:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1]):
            self.said.append(data)


class Entered:
    """The whole texts that stand in the database; a word of ours is no such text of its own."""

    def __init__(self, more: str):
        texts = {more, *_cells()}
        found = {" ".join(text.split()) for text in texts if CHINESE.search(text) and len(text) > 1}
        self._any = re.compile("|".join(map(re.escape, sorted(found, key=len, reverse=True))))

    def what_is_ours(self, text: str) -> str:
        """Return `text` where it is Chinese without what was entered, else nothing."""
        left = self._any.sub("", " ".join(text.split()))
        return left if CHINESE.search(left) or FULL_WIDTH.search(left) else ""


def _cells() -> Iterator[str]:
    with CATALOGUE.open("rb") as file:
        ours = {message.id for message in read_mo(file)}
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            for value in row:
                if isinstance(value, str) and value[:1] in ("{", "["):
                    yield from set(_strings(json.loads(value))) - ours
                elif isinstance(value, str):
                    yield value


def _strings(value: object) -> Iterator[str]:
    """Return the texts of a list of rows that was kept as JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


@pytest.fixture
def english(database: Database) -> Iterator[Callable[..., FlaskClient]]:
    """The loaded demo and a browser that wants English: `english()`, or `english("office")` signed in."""
    with database.app.app_context(), clock.frozen(NOW):
        loader.load(NOW)
        passwords = {one["login"]: one["password"] for one in loader.read_accounts()}

        def browser(login: str = "") -> FlaskClient:
            client = database.app.test_client()
            client.set_cookie("lang", "en")
            if login:
                client.post("/login", data={"login": login, "password": passwords[login]})
                reply = client.get("/desk", follow_redirects=True)
                assert (reply.status_code, "/login" in reply.request.path) == (200, False), login
            return client

        yield browser


@pytest.mark.parametrize("database", ENGINES[:1], indirect=True)
def test_no_page_shows_a_chinese_text_of_ours(database: Database, english: Callable[..., FlaskClient]):
    readers = {login: english(login) for login in READERS}
    pages = list_addresses()
    entered = Entered(database.settings.office_name)
    faults = []
    for endpoint, paths in pages.items():
        guard = database.app.view_functions[endpoint].liaison_guard
        for path in paths:
            logins = ("",) if guard == "public" else READERS[1:]
            seen = (readers[login].get(path, follow_redirects=True) for login in logins)
            reply = next((one for one in seen if one.status_code == 200), None)
            faults += _faults(path, reply, 200, entered) if reply else [f"{path}: nobody sees it"]
    meeting = pages["scheduling.meeting"][0]
    for login, path, status in (
        ("office", f"{meeting}/signups.csv", 200),
        ("auditor", "/audit.csv", 200),
        ("chengguan", "/accounts", 403),
        ("", "/nothing", 404),
        ("", "/desk", 303),
    ):
        faults += _faults(path, readers[login].get(path), status, entered)
    for login, path in (
        ("", "/login"),
        ("", pages["signups_public.page"][0]),
        ("", pages["invitations_public.answer"][0]),
        ("office", "/meetings/new"),
        ("office", f"{meeting}/signups/new"),
        ("office", f"{meeting}/postpone"),
        ("office", "/imports"),
    ):
        faults += _faults(path, readers[login].post(path, data=WRONG), 422, entered)
    assert not faults, "\n".join(faults)
    in_chinese = database.app.test_client().get("/help")
    assert len(list(_faults("/help", in_chinese, 200, entered))) > 20, "what else would be found"


def _faults(path: str, reply: TestResponse, status: int, entered: Entered) -> Iterator[str]:
    if path.startswith("/audit"):
        # What was looked at and refused on the way here stands in the trail by now.
        entered = Entered("")
    if reply.status_code != status:
        yield f"{path}: {reply.status_code}"
    if reply.mimetype == "text/csv":
        said = [cell for row in csv.reader(StringIO(reply.text)) for cell in row]
    else:
        said = Texts(reply.text).said
    for left in dict.fromkeys(filter(None, map(entered.what_is_ours, said))):
        yield f"{path}: {left}"
    if "Project-Id-Version" in reply.text:
        yield f"{path}: an empty text was translated, into the head of the catalogue"
