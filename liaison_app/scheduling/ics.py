"""Meetings as calendar objects, for feeds, downloads and mails (RFC 5545, RFC 7986).

Pure: no database, no clock. The same facts give the same bytes, so a VEVENT may be stored once per
revision and joined into a file later without being parsed again. All text is cleaned on its way in;
no title, name or place can end a content line.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

from icalendar import Alarm, Calendar, Event, FreeBusy, vCalAddress, vPeriod, vText

from liaison_app.core.text import clean_line, clean_text, local

EventState = Literal["confirmed", "tentative", "cancelled"]

MIMETYPE = "text/calendar; charset=utf-8"
PRODID = "-//Deputy Liaison Stations//Face to Face//ZH"
ZONE = "Asia/Shanghai"
CANCELLED_PREFIX = "【已取消】"
REFRESH = timedelta(hours=1)
SEAL_RED = "brown"

# Written by hand: generators add the summer time of 1986–1991, at which Outlook and Exchange stumble.
VTIMEZONE = (
    b"BEGIN:VTIMEZONE\r\n"
    b"TZID:Asia/Shanghai\r\n"
    b"X-LIC-LOCATION:Asia/Shanghai\r\n"
    b"BEGIN:STANDARD\r\n"
    b"DTSTART:19700101T000000\r\n"
    b"TZOFFSETFROM:+0800\r\n"
    b"TZOFFSETTO:+0800\r\n"
    b"TZNAME:CST\r\n"
    b"END:STANDARD\r\n"
    b"END:VTIMEZONE\r\n"
)
_END = b"END:VCALENDAR\r\n"

_NOT_IN_MAILTO = re.compile(r'[^\x21-\x7e]|[<>()\[\]\\,;:"]')
# Both would be written in the code of RFC 6868, which Outlook shows raw.
_NOT_IN_CN = str.maketrans("", "", '"^')


@dataclass(frozen=True, kw_only=True)
class MeetingFacts:
    """What calendars say about one meeting; the texts may be raw.

    `uid` stays the same for life; `sequence` is that of the calendar. Moments are aware; `revised_at`
    is the last change of anything said here. `organizer_email` is the role address the mails come from.
    """

    uid: str
    sequence: int
    revised_at: datetime
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str = ""
    location: str = ""
    url: str = ""
    state: EventState = "confirmed"
    organizer_name: str
    organizer_email: str
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class BusyFacts:
    """Whose time [since, until) a file of busy times is about; the moments are aware. `since` is its stamp as well,
    so that a day's file is the same until something changes."""

    uid: str
    name: str
    since: datetime
    until: datetime
    organizer_name: str
    organizer_email: str


# --- one meeting -------------------------------------------------------------


def vevent_public(facts: MeetingFacts) -> bytes:
    """Return the VEVENT for a feed that anybody may read: no attendee, no organizer, no alarm."""
    return event_of(facts).to_ical()


def vevent_private(facts: MeetingFacts, *, remind_minutes: int) -> bytes:
    """Return the VEVENT for one person's own feed, with one reminder before the start.

    Nobody else is named, here too: calendars offer to answer a subscribed entry, and the answer goes nowhere.
    """
    event = event_of(facts)
    add_alarm(event, facts, remind_minutes)
    return event.to_ical()


def download(facts: MeetingFacts) -> bytes:
    """Return the whole file of one meeting (METHOD:PUBLISH), for 添加到日历."""
    event = event_of(facts)
    event.add("organizer", cal_address(facts.organizer_email, facts.organizer_name))
    return calendar_object("PUBLISH", event)


# --- many --------------------------------------------------------------------


def calendar_file(
    vevents: Iterable[bytes], *, name: str, description: str = "", url: str = "", refresh: bool = True
) -> bytes:
    """Return a file that holds `vevents` as given, in their order.

    `url` is the feed's own address; `refresh` tells subscribers to look again every hour, and is
    for feeds only: some phones refuse a file to import that says so.
    """
    calendar = _calendar()
    for property_name in ("name", "x-wr-calname"):
        _add_text(calendar, property_name, clean_line(name))
    for property_name in ("description", "x-wr-caldesc"):
        _add_text(calendar, property_name, clean_line(description))
    _add_text(calendar, "x-wr-timezone", ZONE)
    _add_text(calendar, "color", SEAL_RED)
    if refresh:
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        _add_text(calendar, "x-published-ttl", "PT1H")
    if refresh and url:
        calendar.add("source", _uri(url), parameters={"VALUE": "URI"})
    return _joined(calendar, vevents)


def free_busy(taken: Iterable[tuple[datetime, datetime]], facts: BusyFacts) -> bytes:
    """Return the file of when somebody or a room is taken (METHOD:PUBLISH, RFC 5546 3.3.1): times in UTC, no titles.

    `taken` are half-open spans by time, none touching another.
    """
    part = FreeBusy()
    part.add("uid", vText(clean_line(facts.uid)))
    part.add("dtstamp", _utc(facts.since))
    part.add("dtstart", _utc(facts.since))
    part.add("dtend", _utc(facts.until))
    part.add("organizer", cal_address(facts.organizer_email, facts.organizer_name))
    _add_text(part, "comment", clean_line(facts.name))
    for start, end in taken:
        part.add("freebusy", vPeriod((_utc(start), _utc(end))), parameters={"FBTYPE": "BUSY"})
    calendar = _calendar()
    calendar.add("method", "PUBLISH")
    _add_text(calendar, "x-wr-calname", clean_line(facts.name))
    return b"".join((calendar.to_ical().removesuffix(_END), part.to_ical(), _END))


# --- parts, also for invitations ---------------------------------------------


def event_of(facts: MeetingFacts, *, stamped_at: datetime | None = None) -> Event:
    """Return the VEVENT without people and alarms; `stamped_at` is for a message, else the last revision counts.

    Raises: ValueError for a naive moment.
    """
    event = Event()
    event.add("uid", vText(clean_line(facts.uid)))
    event.add("sequence", facts.sequence)
    event.add("dtstamp", _utc(stamped_at or facts.revised_at))
    event.add("last-modified", _utc(facts.revised_at))
    if facts.created_at:
        event.add("created", _utc(facts.created_at))
    event.add("dtstart", local(facts.starts_at))
    event.add("dtend", local(facts.ends_at))
    prefix = CANCELLED_PREFIX if facts.state == "cancelled" else ""
    _add_text(event, "summary", prefix + clean_line(facts.summary))
    _add_text(event, "description", clean_text(facts.description))
    _add_text(event, "location", clean_line(facts.location))
    if facts.url:
        event.add("url", _uri(facts.url))
    event.add("status", facts.state.upper())
    event.add("transp", "TRANSPARENT" if facts.state == "cancelled" else "OPAQUE")
    return event


def add_alarm(event: Event, facts: MeetingFacts, minutes: int) -> None:
    """Give `event` its one reminder, unless the meeting is cancelled."""
    if facts.state == "cancelled":
        return
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", timedelta(minutes=-minutes))
    _add_text(alarm, "description", clean_line(facts.summary))
    event.add_component(alarm)


def cal_address(email: str, name: str = "") -> vCalAddress:
    """Return `mailto:` of one bare address, with the name as CN; what belongs in neither is left out."""
    address = vCalAddress("mailto:" + _NOT_IN_MAILTO.sub("", email))
    if common_name := clean_line(name.translate(_NOT_IN_CN)):
        address.params["CN"] = common_name
    return address


def calendar_object(method: str, event: Event) -> bytes:
    """Return the iTIP object of one VEVENT."""
    calendar = _calendar()
    calendar.add("method", method)
    return _joined(calendar, [event.to_ical()])


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODID)
    calendar.add("calscale", "GREGORIAN")
    return calendar


def _joined(calendar: Calendar, vevents: Iterable[bytes]) -> bytes:
    head = calendar.to_ical().removesuffix(_END)
    return b"".join((head, VTIMEZONE, *vevents, _END))


def _add_text(component: Calendar | Event | FreeBusy | Alarm, name: str, text: str) -> None:
    # As vText: the library would write a property it does not know without escaping.
    if text:
        component.add(name, vText(text))


def _uri(address: str) -> str:
    return quote(clean_line(address), safe=":/?#[]@!$&'()*+,;=%~")


def _utc(moment: datetime) -> datetime:
    return local(moment).astimezone(UTC)
