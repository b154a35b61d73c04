"""Calendar files by their raw bytes, and as independent readers understand them."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
import vobject
from hypothesis import given
from hypothesis import strategies as st

from liaison_app.core.text import clean_line, clean_text
from liaison_app.scheduling.ics import VTIMEZONE, calendar_file, download, vevent_private, vevent_public
from tests.parts.calendars import HOSTILE, facts, lines_of, lines_of_file, names_of

NAMES_OF_A_PUBLIC_EVENT = [
    "BEGIN", "SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "UID", "SEQUENCE", "DESCRIPTION", "LAST-MODIFIED",
    "LOCATION", "STATUS", "TRANSP", "URL", "END",
]  # fmt: skip
any_text = st.text(max_size=120) | st.sampled_from(HOSTILE)


def only_event(raw):
    (event,) = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    return event


def wrapped(vevent):
    return calendar_file([vevent], name="面对面")


def test_a_public_event_says_what_when_and_where():
    lines = lines_of(vevent_public(facts()))
    assert names_of(lines) == NAMES_OF_A_PUBLIC_EVENT
    for line in (
        "UID:3f0c0f3e-8d0f-4c0e-9a4e-5f3f6c1f2a10",
        "SEQUENCE:2",
        "DTSTAMP:20261102T010203Z",
        "LAST-MODIFIED:20261102T010203Z",
        "DTSTART;TZID=Asia/Shanghai:20261120T143000",
        "DTEND;TZID=Asia/Shanghai:20261120T163000",
        "SUMMARY:供暖专场",
        r"DESCRIPTION:一、区城管局通报\n二、提问\; 答复\, \\ 完",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "URL:https://mdm.example.gov.cn/m/gn4x8k2p",
    ):
        assert line in lines


def test_a_public_event_names_nobody_and_rings_no_bell():
    raw = vevent_public(facts(organizer_name="白雪", organizer_email="bai@example.test"))
    assert not any(word in raw.decode() for word in ("ORGANIZER", "ATTENDEE", "mailto", "白雪", "VALARM"))


@pytest.mark.parametrize(
    ("state", "status", "transp", "summary"),
    [
        ("confirmed", "CONFIRMED", "OPAQUE", "供暖专场"),
        ("tentative", "TENTATIVE", "OPAQUE", "供暖专场"),
        ("cancelled", "CANCELLED", "TRANSPARENT", "【已取消】供暖专场"),
    ],
)
def test_the_state_is_shown_in_three_ways(state, status, transp, summary):
    event = only_event(wrapped(vevent_public(facts(state=state))))
    assert (event["status"], event["transp"], event["summary"]) == (status, transp, summary)


def test_the_same_facts_give_the_same_bytes():
    again = replace(facts(), starts_at=facts().starts_at.astimezone(ZoneInfo("America/New_York")))
    assert vevent_public(facts()) == vevent_public(again)
    assert download(facts()) == download(again)
    assert wrapped(vevent_public(facts())) == wrapped(vevent_public(again))


def test_fractions_of_a_second_never_show():
    late = timedelta(microseconds=900_000)
    exact = facts(created_at=datetime(2026, 11, 1, tzinfo=UTC))
    vague = replace(exact, revised_at=exact.revised_at + late, created_at=exact.created_at + late)
    assert vevent_public(exact) == vevent_public(vague)


def test_the_day_of_making_is_told_where_known():
    assert "CREATED:20261101T000000Z" in lines_of(
        vevent_public(facts(created_at=datetime(2026, 11, 1, tzinfo=UTC)))
    )


@pytest.mark.parametrize("name", ["starts_at", "ends_at", "revised_at", "created_at"])
def test_a_moment_without_a_zone_is_refused(name):
    with pytest.raises(ValueError, match="time zone"):
        vevent_public(facts(**{name: datetime(2026, 11, 20, 14, 30)}))


def test_a_private_event_has_one_alarm_unless_cancelled():
    raw = vevent_private(facts(), remind_minutes=90)
    assert lines_of(raw)[-6:] == [
        "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:供暖专场", "TRIGGER:-PT1H30M", "END:VALARM", "END:VEVENT",
    ]  # fmt: skip
    assert b"VALARM" not in vevent_private(facts(state="cancelled"), remind_minutes=90)
    assert b"mailto" not in raw


def test_a_download_is_published_by_the_role_address():
    lines = lines_of_file(download(facts()))
    assert lines[:5] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Deputy Liaison Stations//Face to Face//ZH",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ]
    assert "ORGANIZER;CN=代表工作委员会:mailto:liaison@example.test" in lines
    assert "ATTENDEE" not in names_of(lines)
    assert not {"REFRESH-INTERVAL", "X-PUBLISHED-TTL", "SOURCE"} & set(names_of(lines))


def test_a_feed_says_its_name_and_when_to_look_again():
    raw = calendar_file(
        [vevent_public(facts())],
        name="上街区，面对面",
        description="公开场次",
        url="https://mdm.example.gov.cn/calendar.ics",
    )
    lines = lines_of_file(raw)
    for line in (
        "NAME:上街区，面对面",
        "X-WR-CALNAME:上街区，面对面",
        "DESCRIPTION:公开场次",
        "X-WR-CALDESC:公开场次",
        "X-WR-TIMEZONE:Asia/Shanghai",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "SOURCE;VALUE=URI:https://mdm.example.gov.cn/calendar.ics",
        "COLOR:brown",
    ):
        assert line in lines
    assert "METHOD" not in names_of(lines)


def test_a_file_to_import_does_not_ask_to_be_fetched_again():
    raw = calendar_file([vevent_public(facts())], name="面对面", url="https://x.example/a.ics", refresh=False)
    assert not {"REFRESH-INTERVAL", "X-PUBLISHED-TTL", "SOURCE"} & set(names_of(lines_of_file(raw)))


def test_many_events_are_joined_as_they_are():
    events = [vevent_public(facts(uid=f"uid-{number}")) for number in range(50)]
    raw = calendar_file(events, name="面对面")
    lines_of_file(raw)
    assert b"".join(events) in raw
    assert len(icalendar.Calendar.from_ical(raw).walk("VEVENT")) == 50


def test_an_empty_feed_is_a_whole_calendar():
    raw = calendar_file([], name="面对面")
    assert lines_of_file(raw)[-2] == "END:VTIMEZONE"
    assert icalendar.Calendar.from_ical(raw).walk("VEVENT") == []


def test_the_zone_holds_no_summer_time():
    raw = download(facts())
    assert VTIMEZONE in raw
    assert b"DAYLIGHT" not in raw
    assert b"RDATE" not in raw


def test_independent_readers_agree_on_the_time():
    raw = download(facts())
    starts = datetime(2026, 11, 20, 14, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert only_event(raw)["dtstart"].dt == starts
    assert vobject.readOne(raw.decode()).vevent.dtstart.value.astimezone(UTC) == starts
    (found,) = recurring_ical_events.of(icalendar.Calendar.from_ical(raw)).at(date(2026, 11, 20))
    assert found["dtstart"].dt == starts
    assert vobject.readOne(raw.decode()).vevent.summary.value == "供暖专场"


def test_an_address_with_chinese_or_spaces_becomes_a_uri():
    assert "URL:https://x.example/m/%E4%BE%9B%20a?b=1;c&d=%20%22" in lines_of(
        vevent_public(facts(url='https://x.example/m/供 a?b=1;c&d=%20"'))
    )


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "name", ["uid", "summary", "description", "location", "url", "organizer_name", "organizer_email"]
)
def test_no_text_can_break_a_line(name, text):
    names = Counter(names_of(lines_of_file(download(facts(**{name: text})))))
    usual = Counter(names_of(lines_of_file(download(facts()))))
    assert not names - usual
    assert set(usual - names) <= {name.upper()}  # an empty text leaves its line out


@given(summary=any_text, description=any_text, location=any_text, url=any_text, name=any_text, email=any_text)
def test_whatever_is_typed_the_file_stays_one_event(summary, description, location, url, name, email):
    given_facts = facts(
        summary=summary, description=description, location=location, url=url,
        organizer_name=name, organizer_email=email,
    )  # fmt: skip
    raw = download(given_facts)
    assert not Counter(names_of(lines_of_file(raw))) - Counter(names_of(lines_of_file(download(facts()))))
    assert "ATTENDEE" not in only_event(raw)
    assert vobject.readOne(raw.decode()).vevent.sequence.value == "2"


@given(text=any_text)
def test_a_title_that_is_clean_comes_back_as_it_was(text):
    event = only_event(wrapped(vevent_public(facts(summary=text, description=text))))
    assert event.get("summary", "") == clean_line(text)
    assert event.get("description", "") == clean_text(text)
