"""A real browser, which sees only what this machine serves."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from tests.parts.report import do_without, note

# No looking for updates, no profile sync: a browser in a test speaks to the server under test alone.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {
    "viewport": {"width": 375, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
HERE = re.compile(r"https?://(127\.0\.0\.1|localhost)[:/]|(data|blob|about):")
PICTURES = Path("test-results")
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of the machine, or the one that TEST_BROWSER names."""
    program = os.environ.get("TEST_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        do_without("no browser: install chromium, or name one in TEST_BROWSER")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        note(f"Chromium {browser.version}")
        yield browser
        browser.close()


class Visitor:
    """One person's browser. It refuses other hosts and remembers what a page did wrong."""

    def __init__(self, context: BrowserContext):
        self.context = context
        self.faults: list[str] = []
        context.route("**/*", self._only_here)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("console", self._hear)

    def _only_here(self, route: Route) -> None:
        if HERE.match(route.request.url):
            route.continue_()
        else:
            self.faults.append(f"asked another host: {route.request.url}")
            route.abort()

    def _hear(self, message: Any) -> None:
        # An answer of 4xx is no fault of a page: a form came back.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Open a page as a new visitor: `visit(**PHONE)`, `visit(java_script_enabled=False)`.

    The test fails where a page has a script error, breaks the content policy or asks another host.
    """
    visitors: list[Visitor] = []

    def open_page(**options: Any) -> Page:
        wanted = {**DESKTOP, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", **options}
        visitors.append(Visitor(browser.new_context(**wanted)))
        return visitors[-1].context.new_page()

    yield open_page
    for number, visitor in enumerate(visitors):
        if request.node.stash.get(FAILED, False) and visitor.context.pages:
            name = re.sub(r"[^\w.-]+", "-", request.node.name)
            PICTURES.mkdir(exist_ok=True)
            visitor.context.pages[-1].screenshot(path=PICTURES / f"{name}-{number}.png")
        visitor.context.close()
    faults = [fault for visitor in visitors for fault in visitor.faults]
    assert not faults, faults


@pytest.fixture
def page(visit: Callable[..., Page]) -> Page:
    """A desktop browser, 1280 px wide."""
    return visit()


@pytest.fixture
def phone(visit: Callable[..., Page]) -> Page:
    """A phone, 375 px wide."""
    return visit(**PHONE)


@pytest.fixture
def scriptless(visit: Callable[..., Page]) -> Page:
    """A phone whose browser runs no script."""
    return visit(**PHONE, java_script_enabled=False)
