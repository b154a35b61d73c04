"""Every page that can be opened, as everybody who could open it, in the demo district and a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page

from liaison_app.access.permissions import GRANTS, Role
from liaison_app.core import clock
from liaison_app.demo import loader
from tests.pages.addresses import NO_PAGES, SEEN_AT, list_addresses
from tests.parts import postgres
from tests.parts.databases import ENGINES, Database, PostgresDatabase, SqliteDatabase
from tests.parts.report import do_without
from tests.parts.servers import LiveServer

pytestmark = pytest.mark.browser

# A Wednesday, ten o'clock in Beijing.
NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
WIDTHS = (1280, 375, 320)

# Who looks, and with which account of the demo; None has none.
READERS: dict[str, Role | None] = {
    "": None,
    "office": Role.OFFICE,
    "zhonganjie": Role.LIAISON,
    "chengguan": Role.BUREAU_CONTACT,
    "daibiao": Role.DEPUTY,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMIN,
}

LOOK = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class District:
    """The loaded demo, its server, the passwords of its accounts, and addresses for each page.

    The first address of each belongs to the station whose clerk is among the readers.
    """

    server: LiveServer
    passwords: dict[str, str]
    addresses: dict[str, list[str]]


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[District]:
    database = _database(tmp_path_factory, worker_id)
    with database.app.app_context(), clock.frozen(NOW):
        loader.load(NOW)
        passwords = {one["login"]: one["password"] for one in loader.read_accounts()}
        addresses = list_addresses()
    server = LiveServer(database.settings, database.door)
    server.at = NOW
    yield District(server, passwords, addresses)
    server.stop()
    database.close()


def _database(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Database:
    if "sqlite" in ENGINES:
        return SqliteDatabase(tmp_path_factory.mktemp("pages"))
    try:
        return PostgresDatabase(tmp_path_factory.mktemp("pages"), f"liaison_pages_{os.getpid()}_{worker_id}")
    except postgres.NoServer as reason:
        do_without(str(reason))


def test_every_page_is_looked_at(district: District):
    routes = district.server.app.url_map.iter_rules()
    pages = {rule.endpoint for rule in routes if "GET" in (rule.methods or ())} - NO_PAGES
    assert pages == district.addresses.keys(), "tests/pages/addresses.py says where each is"


@pytest.mark.parametrize("login", READERS, ids=[login or "nobody" for login in READERS])
def test_every_page_keeps_the_house_rules(district: District, visit, login: str):
    page, role = visit(), READERS[login]
    if role:
        _sign_in(page, district, login)
    faults = []
    for endpoint, paths in district.addresses.items():
        if not _is_open(district.server.app.view_functions[endpoint].liaison_guard, role):
            continue
        # What the others see differently, the office and strangers see all of.
        place = SEEN_AT.get((login, endpoint), 0)
        own = [] if place is None else paths[place : place + 1]
        for path in paths if own and login in {"", "office"} else own:
            faults += [f"{path}: {fault}" for fault in _look(page, district.server.url + path)]
    assert not faults, "\n".join(faults)


def test_every_page_fits_in_english_and_in_large_print(district: District, visit):
    page = visit()
    _sign_in(page, district, "office")
    switches = [
        {"name": name, "value": value, "url": district.server.url}
        for name, value in (("lang", "en"), ("elder", "1"))
    ]
    page.context.add_cookies(switches)  # type: ignore[arg-type]
    faults = []
    for paths in district.addresses.values():
        page.goto(district.server.url + paths[0])
        faults += [f"{paths[0]} at {width}: {fault}" for width in WIDTHS for fault in _too_wide(page, width)]
    assert not faults, "\n".join(faults)


def _is_open(guard: str, role: Role | None) -> bool:
    """Return whether a page's guard lets a role in."""
    if guard in {"public", "signed_in"}:
        return guard == "public" or role is not None
    return role is not None and not GRANTS[role].isdisjoint(guard.removeprefix("requires ").split(" | "))


def _look(page: Page, address: str) -> Iterator[str]:
    answer = page.goto(address)
    assert answer
    if answer.status != 200:
        yield f"{answer.status} at {page.url}"
    yield from _ask(page, "faults")
    for width in WIDTHS:
        for fault in _too_wide(page, width):
            yield f"at {width}: {fault}"
        if width == 375:
            yield from _ask(page, "small")
            page.evaluate("document.documentElement.classList.toggle('elder')")
            for fault in _ask(page, "overflow"):
                yield f"at {width} in large print: {fault}"
            page.evaluate("document.documentElement.classList.toggle('elder')")


def _too_wide(page: Page, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 900})
    return _ask(page, "overflow")


def _ask(page: Page, question: str) -> list[str]:
    return page.evaluate(f"{LOOK.strip()}.{question}()")


def _sign_in(page: Page, district: District, login: str) -> None:
    page.goto(f"{district.server.url}/login")
    page.fill("#login", login)
    page.fill("#password", district.passwords[login])
    page.press("#password", "Enter")
    page.wait_for_url(lambda address: "/login" not in address)
