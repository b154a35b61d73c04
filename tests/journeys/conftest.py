"""Journeys go through the whole product in a real browser; each stands in a town of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.journeys.people import PATIENCE
from tests.journeys.town import Town, found
from tests.parts.mailbox import SmtpServer
from tests.parts.servers import LiveServer

expect.set_options(timeout=PATIENCE)


@pytest.fixture
def town(
    app, make_app: Callable, live_server: LiveServer, smtp_server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    config = live_server.app.config
    monkeypatch.setitem(config, "LIAISON", replace(config["LIAISON"], smtp_url=smtp_server.url))
    return found(live_server, make_app(smtp_url=smtp_server.url), smtp_server)
