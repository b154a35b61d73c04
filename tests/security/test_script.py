"""Typed text in a real browser: whatever a page does with it, it runs nothing (SECURITY D1-D7)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from liaison_app.access.permissions import Role
from tests.parts import postgres
from tests.parts.databases import ENGINES, PostgresDatabase, SqliteDatabase
from tests.parts.report import do_without
from tests.parts.servers import LiveServer
from tests.security import hostile
from tests.security.pages import read
from tests.security.test_crawler import seeds, shape

# Calls a name of the page in each way that a browser knows; short, for many columns are.
RUNS = "\"'><img src=x onerror=ran()><svg onload=ran()>"
MOST = 45
SAME = 1


@pytest.fixture(scope="module", params=ENGINES)
def world(request, tmp_path_factory, worker_id) -> Iterator[hostile.Hostile]:
    """A district whose every text would run, and a server in front of it."""
    data = tmp_path_factory.mktemp("script")
    try:
        database: Any = (
            SqliteDatabase(data, limits=False)
            if request.param == "sqlite"
            else PostgresDatabase(data, f"liaison_script_{os.getpid()}_{worker_id}", limits=False)
        )
    except postgres.NoServer as reason:
        do_without(str(reason))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hostile, "EVIL", RUNS)
        made = hostile.build(database)
    yield made
    made.database.forget_connections(made.app)
    database.close()


@pytest.fixture
def serve(world) -> Iterator[Callable[..., LiveServer]]:
    """Serve the world; `is_safe=False` without the escaping of templates, for the control."""
    running: list[LiveServer] = []

    def start(*, is_safe: bool = True) -> LiveServer:
        server = LiveServer(world.database.settings, world.database.door)
        if not is_safe:
            server.app.jinja_env.autoescape = False
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


def reader(browser: Browser, world: hostile.Hostile, role: Role | None, ran: list[str]) -> Page:
    """Return a page whose policy of content is switched off, so that nothing but the escaping stands in the way."""
    context = browser.new_context(bypass_csp=True, locale="zh-CN")
    page = context.new_page()
    page.expose_function("ran", lambda: ran.append(page.url))
    if role is not None:
        client = world.browser(role)
        context.add_cookies([
            {"name": "liaison", "value": client.get_cookie("liaison").value, "url": world.database.settings.base_url}
        ])  # fmt: skip
    return page


def walk(page: Page, world: hostile.Hostile, role: Role | None) -> set[str]:
    base, waiting, met, shapes = world.database.settings.base_url, seeds(world, role), set(), set()
    while waiting and len(met) < MOST:
        address = waiting.pop(0)
        if (
            not address.startswith("/")
            or shape(address) in shapes
            or address.split("?")[0].endswith((".ics", ".csv", ".png", ".xlsx", ".eml"))
        ):
            continue
        shapes.add(shape(address))
        page.goto(base + address)
        met.add(address)
        waiting += read(page.content(), base, abroad=hostile.ONLINE).leads
    page.wait_for_timeout(300)
    return met


@pytest.mark.parametrize("role", [Role.OFFICE, Role.AUDITOR, None], ids=str)
def test_no_page_runs_what_somebody_typed(serve, browser, world, role):
    serve()
    ran: list[str] = []
    page = reader(browser, world, role, ran)
    met = walk(page, world, role)
    page.context.close()
    assert ran == []
    assert len(met) > (15 if role is None else 8)


def test_a_part_that_htmx_puts_in_runs_nothing_either(serve, browser, world):
    """SECURITY D3: a search whose words come back in the part, and the address that they were put into."""
    serve()
    ran: list[str] = []
    page = reader(browser, world, Role.OFFICE, ran)
    base = world.database.settings.base_url
    for path in ("/meetings", "/people", "/messages"):
        page.goto(f"{base}{path}")
        field = page.locator("input[name=q]").first
        field.fill(RUNS)
        field.press("Enter")
        page.wait_for_timeout(300)
        page.go_back()
        page.wait_for_timeout(100)
    page.context.close()
    assert ran == []


def test_without_the_escaping_it_would_run(serve, browser, world):
    """The control: the same walk through the same pages."""
    serve(is_safe=False)
    ran: list[str] = []
    page = reader(browser, world, Role.OFFICE, ran)
    page.goto(f"{world.database.settings.base_url}/desk")
    page.wait_for_timeout(500)
    page.context.close()
    assert ran != []
