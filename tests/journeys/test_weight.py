"""What a telephone on a weak net has to load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from tests.journeys.engines import on_one_engine
from tests.journeys.town import FRIDAY_HALF_PAST_TWO, Town

pytestmark = [pytest.mark.browser, on_one_engine]

ALLOWED = 100 * 1024


@contextmanager
def weighed(page: Page) -> Iterator[dict[str, int]]:
    """Give, per answer, the bytes that came over the wire, heads included."""
    weights: dict[str, int] = {}
    addresses: dict[str, str] = {}
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.responseReceived", lambda it: addresses.update({it["requestId"]: it["response"]["url"]}))
    wire.on(
        "Network.loadingFinished",
        lambda it: weights.update(
            {addresses.get(it["requestId"], it["requestId"]): int(it["encodedDataLength"])}
        ),
    )
    yield weights
    wire.detach()


@pytest.mark.parametrize("path", ["/", "/m/{code}"])
def test_the_first_page_of_a_citizen_weighs_less_than_100_kilobytes(town: Town, phone, path):
    code = town.add_meeting("供暖专场", FRIDAY_HALF_PAST_TWO, published=True)
    for day in range(1, 20):
        town.add_meeting(f"专场{day}", FRIDAY_HALF_PAST_TWO + timedelta(days=day), published=True)
    with weighed(phone) as weights:
        phone.goto(town.url + path.format(code=code), wait_until="networkidle")
    assert any(address.endswith(path.format(code=code)) for address in weights)
    assert any("/htmx.js" in address for address in weights)
    assert sum(weights.values()) <= ALLOWED, weights
