"""When somebody is busy, out of a calendar that any program may have written (RFC 5545; CALENDAR 5.1).

Pure: no database, no clock, no network. Only times come out of here; titles, places and people stay behind. What a
calendar of the wild gets wrong is put up with: zones without a name or a beginning, times without a zone, other signs.
Whoever wrote the calendar may also want to keep us busy for ever: `apart` runs this in a process with limits.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component, Event, FreeBusy
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
from x_wr_timezone import UTCChangingWalker

from .errors import CutOff, NotACalendar, TooMuch, Unreadable

HOME = ZoneInfo("Asia/Shanghai")
# A person is not at more appointments than this in the stretch that is looked at.
MOST_BLOCKS = 20_000
_STEP = timedelta(days=31)
_ZONES = re.compile(r"^BEGIN:VTIMEZONE\r?$.*?^END:VTIMEZONE\r?$\n?", re.MULTILINE | re.DOTALL | re.IGNORECASE)
# A colon ends the parameters of a line, unless it is quoted; some write TZID=UTC+08:00 as it is.
_BARE_OFFSET = re.compile(r"TZID=([\w+ -]{1,20}:\d\d)(?=[:;])")
_BOM = "\ufeff"
# What says when an appointment is; where one of these cannot be read, nobody knows.
_WHEN = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_FREE = {"FREE", "WORKINGELSEWHERE"}


class Busy(NamedTuple):
    """Somebody is not free in [starts_at, ends_at), in UTC; perhaps not, where `is_tentative`."""

    starts_at: datetime
    ends_at: datetime
    is_tentative: bool = False


@dataclass(frozen=True)
class Stretch:
    """The time that is looked at, half-open, and the mail addresses of the person whose calendar it is."""

    since: datetime
    until: datetime
    own: frozenset[str] = frozenset()


class Reading(NamedTuple):
    """When somebody is busy, and how many appointments nobody can read."""

    busy: list[Busy]
    broken: int = 0


def read(raw: bytes, stretch: Stretch) -> Reading:
    """Return when the owner of a calendar is busy, earliest first, those that touch put together.

    Raises Unreadable: NotACalendar for a login page, CutOff for half a file.
    """
    found: list[Busy] = []
    broken = 0
    for calendar in _parsed(_text(raw)):
        parts = [one for one in calendar.subcomponents if isinstance(one, Event | FreeBusy)]
        calendar.subcomponents = [one for one in parts if not _is_broken(one)]
        broken += len(parts) - len(calendar.subcomponents)
        found += _of_calendar(_with_zones(calendar), stretch)
    clipped = [
        Busy(max(one.starts_at, stretch.since), min(one.ends_at, stretch.until), one.is_tentative)
        for one in found
        if one.starts_at < stretch.until and one.ends_at > stretch.since
    ]
    return Reading(merged(clipped), broken)


def merged(blocks: Iterable[Busy]) -> list[Busy]:
    """Return the blocks put together where they overlap or touch, the certain ones apart from the tentative."""
    whole: list[Busy] = []
    for is_tentative in (False, True):
        last: Busy | None = None
        for one in sorted(block for block in blocks if block.is_tentative is is_tentative):
            if last is not None and one.starts_at <= last.ends_at:
                last = Busy(last.starts_at, max(last.ends_at, one.ends_at), is_tentative)
                whole[-1] = last
            else:
                last = one
                whole.append(one)
    return sorted(whole)


def _text(raw: bytes) -> str:
    """Return the text of a calendar, after making sure that it is one and a whole one."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    text = _BARE_OFFSET.sub(r'TZID="\1"', text.lstrip(_BOM).lstrip())
    if not text[:15].upper() == "BEGIN:VCALENDAR":
        raise NotACalendar
    if not text.rstrip()[-13:].upper() == "END:VCALENDAR":
        raise CutOff
    return text


def _parsed(text: str) -> list[Calendar]:
    """Return the calendars of a text; where its zones are broken, without them."""
    for attempt in (text, _ZONES.sub("", text)):
        with suppress(ValueError, KeyError, IndexError, TypeError, AttributeError):
            found = [one for one in Calendar.from_ical(attempt, multiple=True) if isinstance(one, Calendar)]
            if found:
                return found
    raise Unreadable


def _is_broken(part: Component) -> bool:
    """Return whether an appointment does not say when it is, or repeats without ever moving on."""
    if isinstance(part, FreeBusy):
        return False
    steps = part.get("RRULE", {}).get("INTERVAL", [1]) if "RRULE" not in dict(part.errors) else [0]
    return "DTSTART" not in part or any(name in _WHEN for name, _why in part.errors) or steps[0] < 1


class _Zones(UTCChangingWalker):
    """Gives each time without a zone one: the calendar's own (X-WR-TIMEZONE), else ours.

    Times in UTC move into the calendar's own zone as well, in which its rules of repetition are meant.
    """

    def __init__(self, own: tzinfo | None):
        super().__init__(own or HOME)
        self.has_own = own is not None

    def is_UTC(self, dt: datetime) -> bool:
        return self.has_own and bool(super().is_UTC(dt))

    def is_Floating(self, dt: datetime) -> bool:
        # Not by the name, as the library does it: a zone of the file's own may have none.
        return dt.tzinfo is None

    def walk_value_vDDDTypes(self, value: Any) -> Any:
        if value.params.get("TZID") and isinstance(value.dt, datetime) and value.dt.tzinfo is None:
            # A zone that nobody knows, such as TZ08 of a Chinese office's program.
            moved = type(value)(value.dt.replace(tzinfo=HOME))
        else:
            moved = super().walk_value_vDDDTypes(value)
        if moved is not value and (reach := value.params.get("RANGE")):
            # “This and all that follow” stands in a parameter.
            moved.params["RANGE"] = reach
        return moved


def _with_zones(calendar: Calendar) -> Calendar:
    # Taken out, for the library that comes after would look for a zone of just this name.
    moved: Calendar = _Zones(_zone_named(str(calendar.pop("X-WR-TIMEZONE", "")))).walk(calendar)
    return moved


def _zone_named(name: str) -> tzinfo | None:
    """Return the zone of this name, as Windows or everybody else calls it, or None."""
    try:
        return ZoneInfo(WINDOWS_TO_OLSON.get(name, name)) if name else None
    except (ValueError, OSError, KeyError):
        return None


def _of_calendar(calendar: Calendar, stretch: Stretch) -> Iterator[Busy]:
    for part in calendar.subcomponents:
        if isinstance(part, FreeBusy):
            yield from _of_free_busy(part)
    count = 0
    for event in _occurrences(calendar, stretch):
        block = _of_event(event, stretch.own)
        if block is not None:
            count += 1
            yield block
        if count > MOST_BLOCKS:
            raise TooMuch


def _occurrences(calendar: Calendar, stretch: Stretch) -> Iterator[Component]:
    """Return every appointment of the stretch, repetitions and their exceptions worked out, month by month."""
    query = recurring_ical_events.of(calendar, skip_bad_series=True)
    # Months overlap by their borders; what is found twice is put together at the end.
    start = stretch.since
    while start < stretch.until:
        end = min(start + _STEP, stretch.until)
        yield from query.between(start, end)
        start = end


def _of_event(event: Component, own: Collection[str]) -> Busy | None:
    """Return the block of one appointment, or None where it keeps nobody."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    said = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    if said in _FREE or (not said and str(event.get("TRANSP", "")).upper() == "TRANSPARENT"):
        return None
    answer = _own_answer(event, own)
    if answer == "DECLINED":
        return None
    starts_at, ends_at = _moment(event.start), _moment(event.end)  # type: ignore[attr-defined]
    if not starts_at < ends_at:
        return None
    is_open = "TENTATIVE" in (said, str(event.get("STATUS", "")).upper()) or answer in {
        "TENTATIVE",
        "NEEDS-ACTION",
    }
    return Busy(starts_at, ends_at, is_open)


def _own_answer(event: Component, own: Collection[str]) -> str:
    """Return what the calendar's owner answered to the invitation, or nothing where it is none."""
    asked = event.get("ATTENDEE", [])
    for one in asked if isinstance(asked, list) else [asked]:
        if str(one).lower().removeprefix("mailto:") in own:
            return str(one.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
    return ""


def _of_free_busy(part: Component) -> Iterator[Busy]:
    listed = part.get("FREEBUSY", [])
    for period in listed if isinstance(listed, list) else [listed]:
        kind = str(period.params.get("FBTYPE", "BUSY")).upper()
        for one in getattr(period, "dts", [period]):
            value = getattr(one, "dt", None) or (one.start, one.end)
            starts_at, end = value
            ends_at = starts_at + end if isinstance(end, timedelta) else end
            starts_at, ends_at = _moment(starts_at), _moment(ends_at)
            if kind != "FREE" and starts_at < ends_at:
                yield Busy(starts_at, ends_at, kind == "BUSY-TENTATIVE")


def _moment(when: date | datetime) -> datetime:
    """Return a moment in UTC; a day begins at our midnight, a time without a zone is ours."""
    if not isinstance(when, datetime):
        when = datetime.combine(when, time(0), HOME)
    return (when if when.tzinfo else when.replace(tzinfo=HOME)).astimezone(UTC)
