"""What we write is read by programs that share nothing with ours, and all find the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
import recurring_ical_events
import vobject
from icalendar import Alarm

from liaison_app.core.text import clean_line, clean_text
from liaison_app.scheduling import ics
from tests.parts.calendars import HOSTILE, facts, lines_of_file

Seen = list[dict[str, Any]]
TEXTS = ("summary", "description", "location")
ATTENDEE = "mailto:head@example.test"


def by_vobject(raw: bytes) -> Seen:
    found = vobject.readOne(raw.decode()).vevent_list
    return [
        {
            "uid": one.uid.value,
            "start": one.dtstart.value.astimezone(UTC),
            "end": one.dtend.value.astimezone(UTC),
            "attendees": [guest.value for guest in one.contents.get("attendee", [])],
            **{name: one.contents[name][0].value if name in one.contents else "" for name in TEXTS},
        }
        for one in found
    ]


def by_recurring_ical_events(raw: bytes) -> Seen:
    calendar = icalendar.Calendar.from_ical(raw.decode())
    return [
        {
            "uid": str(one["uid"]),
            "start": one.start.astimezone(UTC),
            "end": one.end.astimezone(UTC),
            "attendees": [str(guest) for guest in _listed(one.get("attendee", []))],
            **{name: str(one.get(name, "")) for name in TEXTS},
        }
        for one in recurring_ical_events.of(calendar).between(datetime(2026, 1, 1), datetime(2027, 12, 31))
    ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def by_ical_js(said: dict[str, Any]) -> Seen:
    return [
        {
            "uid": one["uid"],
            "start": datetime.fromisoformat(one["start"]),
            "end": datetime.fromisoformat(one["end"]),
            "attendees": one["attendees"],
            **{name: one[name] or "" for name in TEXTS},
        }
        for one in said["events"]
    ]


def meant(told: ics.MeetingFacts, *attendees: str) -> dict[str, Any]:
    """Return what everybody should find."""
    prefix = ics.CANCELLED_PREFIX if told.state == "cancelled" else ""
    return {
        "uid": told.uid,
        "start": told.starts_at,
        "end": told.ends_at,
        "attendees": list(attendees),
        "summary": prefix + clean_line(told.summary),
        "description": clean_text(told.description),
        "location": clean_line(told.location),
    }


def invitation(told: ics.MeetingFacts, method: str) -> bytes:
    """Return an object as it is mailed to one person."""
    event = ics.event_of(told, stamped_at=told.revised_at)
    event.add("organizer", ics.cal_address(told.organizer_email, told.organizer_name))
    event.add("attendee", ics.cal_address("head@example.test", "程建业"))
    ics.add_alarm(event, told, 60)
    return ics.calendar_object(method, event)


FILES: dict[str, Callable[[ics.MeetingFacts], bytes]] = {
    "public feed": lambda told: ics.calendar_file([ics.vevent_public(told)], name="面对面"),
    "own feed": lambda told: ics.calendar_file([ics.vevent_private(told, remind_minutes=60)], name="面对面"),
    "download": ics.download,
    "request": lambda told: invitation(told, "REQUEST"),
    "cancel": lambda told: invitation(told, "CANCEL"),
}


@pytest.mark.parametrize("state", ["confirmed", "tentative", "cancelled"])
@pytest.mark.parametrize("kind", FILES)
def test_three_readers_of_three_houses_find_what_was_meant(kind, state, ical_js):
    told = facts(
        state=state,
        summary='供暖; 专场, “第 1 场” \\ 完 "引号"',
        description="一、通报\n二、提问; 答复, \\n 完",
    )
    raw = FILES[kind](told)
    lines_of_file(raw)
    wanted = [meant(told, *([ATTENDEE] if kind in {"request", "cancel"} else []))]
    said = ical_js(raw)
    assert by_ical_js(said) == wanted
    assert by_vobject(raw) == wanted
    assert by_recurring_ical_events(raw) == wanted
    assert said["events"][0]["status"] == state.upper()
    assert said["events"][0]["sequence"] == told.sequence
    method = {"download": "PUBLISH", "request": "REQUEST", "cancel": "CANCEL"}.get(kind)
    assert said["method"] == method


def test_texts_that_try_to_break_a_file_are_read_as_what_is_left_of_them(ical_js):
    """All in one file, so that Node starts once."""
    told = [
        facts(uid=f"uid-{number}", summary=text, description=text, location=text)
        for number, text in enumerate(HOSTILE)
    ]
    raw = ics.calendar_file([ics.vevent_public(one) for one in told], name="面对面")
    lines_of_file(raw)
    wanted = [meant(one) for one in told]
    assert by_ical_js(ical_js(raw)) == wanted
    assert by_recurring_ical_events(raw) == wanted


def test_moments_around_midnight_and_the_end_of_the_year_are_the_same_for_all(ical_js):
    starts = [datetime(2026, 12, 31, hour, tzinfo=UTC) for hour in (0, 15, 16, 23)]
    told = [facts(uid=f"uid-{one:%H}", starts_at=one, ends_at=one + timedelta(hours=2)) for one in starts]
    raw = ics.calendar_file([ics.vevent_public(one) for one in told], name="面对面")
    wanted = [meant(one) for one in told]
    assert by_ical_js(ical_js(raw)) == by_vobject(raw) == wanted


def test_busy_times_are_read_by_another_house(ical_js):
    since = datetime(2026, 11, 19, 16, tzinfo=UTC)
    taken = [(since + timedelta(hours=hour), since + timedelta(hours=hour + 2)) for hour in (14, 38)]
    told = ics.BusyFacts(
        uid="busy", name="程建业", since=since, until=since + timedelta(days=92), organizer_name="办公室",
        organizer_email="office@example.test",
    )  # fmt: skip
    said = ical_js(ics.free_busy(taken, told))
    assert [tuple(map(datetime.fromisoformat, one)) for one in said["busy"]] == taken
    assert said["method"] == "PUBLISH"


def test_the_reader_would_notice_an_hour(ical_js):
    """The control: another zone in the file, and it finds another moment."""
    raw = ics.download(facts()).replace(b"TZOFFSETTO:+0800", b"TZOFFSETTO:+0900")
    assert by_ical_js(ical_js(raw))[0]["start"] == facts().starts_at - timedelta(hours=1)


def test_an_alarm_is_one_and_only_where_somebody_comes():
    for state, number in (("confirmed", 1), ("cancelled", 0)):
        event = icalendar.Event.from_ical(ics.vevent_private(facts(state=state), remind_minutes=60))
        assert len([part for part in event.subcomponents if isinstance(part, Alarm)]) == number
