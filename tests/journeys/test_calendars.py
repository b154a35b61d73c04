"""The calendar files over real HTTP, read by three programs that know nothing of each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import icalendar
import pytest
import recurring_ical_events
import vobject

from tests.journeys.town import FRIDAY_HALF_PAST_TWO, Town

Spans = set[tuple[datetime, datetime]]


def fetch(url: str, **headers: str) -> HTTPResponse:
    request = Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return urlopen(request, timeout=10)


def by_icalendar(text: str) -> Spans:
    events = icalendar.Calendar.from_ical(text).walk("VEVENT")
    return {(one["dtstart"].dt.astimezone(UTC), one["dtend"].dt.astimezone(UTC)) for one in events}


def by_vobject(text: str) -> Spans:
    events = vobject.readOne(text).vevent_list
    return {(one.dtstart.value.astimezone(UTC), one.dtend.value.astimezone(UTC)) for one in events}


def by_recurring_ical_events(text: str) -> Spans:
    """Return what falls into the week; only this reader asks the calendar for a span."""
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(
        FRIDAY_HALF_PAST_TWO - timedelta(days=5), FRIDAY_HALF_PAST_TWO + timedelta(days=5)
    )
    return {(one["dtstart"].dt.astimezone(UTC), one["dtend"].dt.astimezone(UTC)) for one in found}


READERS: list[Callable[[str], Spans]] = [by_icalendar, by_vobject, by_recurring_ical_events]


@pytest.fixture
def spans(town: Town) -> Spans:
    """Two public meetings and a draft, which is nobody's business."""
    starts = [FRIDAY_HALF_PAST_TWO, FRIDAY_HALF_PAST_TWO - timedelta(days=1)]
    for number, start in enumerate(starts):
        town.add_meeting(f"供暖专场，第{number}场；\\n", start, published=True)
    town.add_meeting("草稿", FRIDAY_HALF_PAST_TWO + timedelta(days=3))
    return {(start, start + timedelta(hours=2)) for start in starts}


@pytest.mark.parametrize(
    "path", ["/calendar.ics", "/stations/{station}/calendar.ics", "/bureaus/{chengguan}/calendar.ics"]
)
def test_three_readers_find_the_same_moments_in_a_feed(town: Town, spans, path):
    with fetch(town.url + path.format(**town.ids)) as answer:
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        text = answer.read().decode()
    assert [read(text) for read in READERS] == [spans] * len(READERS)


def test_a_subscriber_is_sent_the_feed_once_and_again_only_after_a_change(town: Town, spans):
    feed = f"{town.url}/calendar.ics"
    with fetch(feed) as answer:
        mark = answer.headers["ETag"]
    with pytest.raises(HTTPError) as refused:
        fetch(feed, If_None_Match=mark)
    assert (refused.value.code, refused.value.read()) == (304, b"")
    town.add_meeting("又一场", FRIDAY_HALF_PAST_TWO + timedelta(days=4), published=True)
    with fetch(feed, If_None_Match=mark) as answer:
        assert answer.status == 200
        assert "又一场" in answer.read().decode().replace("\r\n ", "")
