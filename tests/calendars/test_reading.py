"""When somebody is busy, out of calendars as programs write them (CALENDAR 5.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.calendars import apart, reading
from liaison_app.calendars.errors import CutOff, NotACalendar, TooMuch, Unreadable
from liaison_app.calendars.reading import Busy, Stretch, merged, read

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
YEAR = Stretch(SINCE, SINCE + timedelta(days=365), frozenset({"head@example.test"}))
ZONED = ";TZID=Asia/Shanghai:"
OWN_ZONE = (
    "BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0200\n"
    "TZOFFSETTO:+0200\nEND:STANDARD\nEND:VTIMEZONE\n"
)
MORNING = "DTSTART:20261120T013000Z\nDTEND:20261120T023000Z"


def calendar(*events: str, head: str = "") -> bytes:
    """Return a calendar of these events; one that names no UID gets its own."""
    body = ""
    for number, event in enumerate(events):
        uid = "" if "UID:" in event else f"UID:{number}\n"
        body += f"BEGIN:VEVENT\n{uid}DTSTAMP:20261101T000000Z\n{event}\nEND:VEVENT\n"
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def spans(raw: bytes, stretch: Stretch = YEAR) -> list[str]:
    """Return the blocks as “day start–end” by UTC, with ? where tentative."""
    return [
        f"{one.starts_at:%m-%d %H:%M}–{one.ends_at:%m-%d %H:%M}{'?' if one.is_tentative else ''}"
        for one in read(raw, stretch).busy
    ]


HALF_TEN = ["11-20 01:30–11-20 02:30"]


@pytest.mark.parametrize(
    ("event", "head"),
    [
        (MORNING, ""),
        (f"DTSTART{ZONED}20261120T093000\nDTEND{ZONED}20261120T103000", ""),
        ("DTSTART:20261120T093000\nDTEND:20261120T103000", ""),
        ("DTSTART:20261119T203000\nDTEND:20261119T213000", "X-WR-TIMEZONE:America/New_York\n"),
        ("DTSTART:20261119T203000\nDTEND:20261119T213000", "X-WR-TIMEZONE:Eastern Standard Time\n"),
        ("DTSTART:20261120T093000\nDTEND:20261120T103000", "X-WR-TIMEZONE:Nowhere\n"),
        (MORNING, "X-WR-TIMEZONE:America/New_York\n"),
        ("DTSTART;TZID=China Standard Time:20261120T093000\nDURATION:PT1H", ""),
        ("DTSTART;TZID=Eastern Standard Time:20261119T203000\nDURATION:PT1H", ""),
        ("DTSTART;TZID=TZ08:20261120T093000\nDTEND;TZID=TZ08:20261120T103000", ""),
        ("DTSTART;TZID=TZ08:20261120T093000\nDURATION:PT1H", "X-WR-TIMEZONE:America/New_York\n"),
        ("DTSTART;TZID=Xmail Custome Time:20261120T093000\nDURATION:PT1H", ""),
        ("DTSTART;TZID=UTC+08:00:20261120T093000\nDURATION:PT1H", ""),
        ('DTSTART;TZID="UTC+08:00":20261120T093000\nDURATION:PT1H', ""),
        (
            "DTSTART;TZID=+8:20261120T093000\nDURATION:PT1H",
            "BEGIN:VTIMEZONE\nTZID:+8\nBEGIN:STANDARD\nTZOFFSETFROM: +0800\nTZOFFSETTO:+0800\nEND:STANDARD\nEND:VTIMEZONE\n",
        ),
        (
            "DTSTART;TZID=Own:20261120T033000\nDURATION:PT1H",
            OWN_ZONE,
        ),
    ],
)
def test_a_time_is_read_in_the_zone_that_was_meant(event, head):
    assert spans(calendar(event, head=head)) == HALF_TEN


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ("DTSTART;VALUE=DATE:20261120", ["11-19 16:00–11-20 16:00"]),
        ("DTSTART;VALUE=DATE:20261120\nDTEND;VALUE=DATE:20261122", ["11-19 16:00–11-21 16:00"]),
        ("DTSTART;VALUE=DATE:20261120\nTRANSP:TRANSPARENT", []),
        ("DTSTART:20261120T013000Z", []),
        ("DTSTART:20261120T013000Z\nDURATION:PT1H", HALF_TEN),
        (f"{MORNING}\nTRANSP:TRANSPARENT", []),
        (f"{MORNING}\nTRANSP:OPAQUE", HALF_TEN),
        (f"{MORNING}\nSTATUS:CANCELLED", []),
        (f"{MORNING}\nSTATUS:TENTATIVE", [f"{HALF_TEN[0]}?"]),
        (f"{MORNING}\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", []),
        (f"{MORNING}\nX-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", []),
        (f"{MORNING}\nX-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", [f"{HALF_TEN[0]}?"]),
        (f"{MORNING}\nX-MICROSOFT-CDO-BUSYSTATUS:OOF", HALF_TEN),
        (f"{MORNING}\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\nTRANSP:TRANSPARENT", HALF_TEN),
        (f"{MORNING}\nATTENDEE;PARTSTAT=DECLINED:MAILTO:Head@example.test", []),
        (f"{MORNING}\nATTENDEE;PARTSTAT=TENTATIVE:mailto:head@example.test", [f"{HALF_TEN[0]}?"]),
        (f"{MORNING}\nATTENDEE:mailto:head@example.test", [f"{HALF_TEN[0]}?"]),
        (f"{MORNING}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:head@example.test", HALF_TEN),
        (f"{MORNING}\nATTENDEE;PARTSTAT=DECLINED:mailto:other@example.test", HALF_TEN),
        (f"{MORNING}\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nEND:VALARM", HALF_TEN),
    ],
)
def test_what_keeps_somebody_and_what_does_not(event, found):
    assert spans(calendar(event)) == found


FROM_NOW_ON = (
    f"UID:w\nRECURRENCE-ID;RANGE=THISANDFUTURE{ZONED}20261116T093000\n"
    f"DTSTART{ZONED}20261117T093000\nDTEND{ZONED}20261117T103000"
)
WEEKLY = f"UID:w\nDTSTART{ZONED}20261102T093000\nDTEND{ZONED}20261102T103000\nRRULE:FREQ=WEEKLY;COUNT=4"


@pytest.mark.parametrize("head", ["", "X-WR-TIMEZONE:Asia/Shanghai\n"])
@pytest.mark.parametrize(
    ("exceptions", "days"),
    [
        ((), ["11-02", "11-09", "11-16", "11-23"]),
        ((f"UID:w\nRECURRENCE-ID{ZONED}20261116T093000\n{MORNING}",), ["11-02", "11-09", "11-20", "11-23"]),
        (
            (f"UID:w\nRECURRENCE-ID{ZONED}20261116T093000\nDTSTART{ZONED}20261116T093000\nSTATUS:CANCELLED",),
            ["11-02", "11-09", "11-23"],
        ),
        (
            (FROM_NOW_ON,),
            ["11-02", "11-09", "11-17", "11-24"],
        ),
    ],
)
def test_repetitions_and_their_exceptions_are_worked_out(exceptions, days, head):
    found = spans(calendar(WEEKLY, *exceptions, head=head))
    assert [one[:5] for one in found] == days


def test_the_same_repetition_without_zones_keeps_its_exceptions():
    """The library that gives zones forgets RANGE; this must not."""
    raw = calendar(
        WEEKLY.replace(ZONED, ":"), FROM_NOW_ON.replace(ZONED, ":"), head="X-WR-TIMEZONE:Asia/Shanghai\n"
    )
    assert [one[:5] for one in spans(raw)] == ["11-02", "11-09", "11-17", "11-24"]


def test_left_out_and_added_days_are_worked_out():
    event = f"{WEEKLY}\nEXDATE{ZONED}20261109T093000\nRDATE{ZONED}20261112T093000"
    assert [one[:5] for one in spans(calendar(event))] == ["11-02", "11-12", "11-16", "11-23"]


def test_a_repetition_without_an_end_is_worked_out_as_far_as_is_looked():
    endless = WEEKLY.replace(";COUNT=4", "")
    found = read(calendar(endless), YEAR).busy
    assert len(found) == 52
    assert found[-1].ends_at <= YEAR.until


def test_what_began_before_the_stretch_is_cut_to_it():
    event = "DTSTART:20261031T000000Z\nDTEND:20261102T000000Z"
    assert read(calendar(event), YEAR).busy == [Busy(SINCE, datetime(2026, 11, 2, tzinfo=UTC))]


def test_blocks_that_touch_are_put_together_and_tentative_ones_apart():
    def at(start: int, end: int, maybe: bool = False) -> Busy:
        return Busy(SINCE + timedelta(hours=start), SINCE + timedelta(hours=end), maybe)

    blocks = [at(3, 4), at(1, 2), at(2, 3), at(6, 7), at(1, 5, True), at(6, 7), at(4, 6, True)]
    assert merged(blocks) == [at(1, 4), at(1, 6, True), at(6, 7)]


def test_a_calendar_of_busy_times_alone_is_read():
    raw = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VFREEBUSY\r\nUID:1\r\nDTSTAMP:20261101T000000Z\r\n"
        "FREEBUSY:20261120T013000Z/20261120T023000Z,20261121T013000Z/PT1H\r\n"
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261122T013000Z/PT1H\r\nFREEBUSY;FBTYPE=FREE:20261123T013000Z/PT1H\r\n"
        "END:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    )
    assert spans(raw.encode()) == [*HALF_TEN, "11-21 01:30–11-21 02:30", "11-22 01:30–11-22 02:30?"]


@pytest.mark.parametrize(
    "raw",
    [
        calendar(f"SUMMARY:会议\n{MORNING}").decode().encode("gbk"),
        b"\xef\xbb\xbf" + calendar(MORNING),
        calendar(MORNING).replace(b"\r\n", b"\n"),
        b"\r\n" + calendar(MORNING) + b"\r\n\r\n",
        calendar("DTSTART:20261121T013000Z\nDTEND:20261121T023000Z") + calendar(MORNING),
    ],
)
def test_other_signs_line_ends_and_two_calendars_in_one_file_are_read(raw):
    assert HALF_TEN[0] in spans(raw)


@pytest.mark.parametrize(
    "broken",
    [
        "SUMMARY:no time at all",
        f"{MORNING}\nRRULE:FREQ=NEVER",
        f"{MORNING}\nRRULE:FREQ=DAILY;INTERVAL=0",
        "DTSTART:yesterday",
        f"DTSTART:20261121T013000Z\nDTEND:soon{''}",
        f"{MORNING}\nEXDATE:never",
    ],
)
def test_an_entry_that_nobody_can_read_is_counted_and_the_others_are_read(broken):
    assert spans(calendar(broken, MORNING)) == HALF_TEN
    assert read(calendar(broken, MORNING), YEAR).broken == 1


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"<!doctype html><title>login</title>", NotACalendar),
        (b"", NotACalendar),
        (b"PK\x03\x04", NotACalendar),
        (calendar(MORNING).removesuffix(b"END:VCALENDAR\r\n"), CutOff),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR", Unreadable),
    ],
)
def test_what_is_no_calendar_is_an_error_and_not_an_empty_one(raw, refusal):
    with pytest.raises(refusal):
        read(raw, YEAR)
    with pytest.raises(refusal):
        apart.read(raw, YEAR)


def test_an_empty_calendar_is_one():
    assert read(calendar(), YEAR) == reading.Reading([])


def test_the_process_apart_says_the_same_and_no_title():
    raw = calendar(f"SUMMARY:机密\n{WEEKLY}", f"{MORNING}\nSTATUS:TENTATIVE", "SUMMARY:no time")
    assert apart.read(raw, YEAR) == read(raw, YEAR)


def test_whoever_is_busy_every_second_for_ever_is_given_up(monkeypatch):
    """And the reader is not: the process apart is ended, this one goes on."""
    monkeypatch.setattr(apart, "LONGEST_SECONDS", 2)
    raw = calendar("DTSTART:20261101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY")
    with pytest.raises(TooMuch):
        apart.read(raw, YEAR)


def test_the_process_apart_knows_nothing_of_the_installation(monkeypatch, tmp_path):
    told = tmp_path / "environment"
    (tmp_path / "python").write_text(f"#!/bin/sh\nenv > {told}\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setenv("LIAISON_SECRET_KEY", "a secret of this installation")
    monkeypatch.setattr(apart.sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ValueError):
        apart.read(calendar(), YEAR)
    assert "LIAISON" not in told.read_text()
