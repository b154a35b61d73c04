"""The content lines of calendars that others wrote, read so that no damage loses an answer (RFC 5545 3.1).

Pure, and raises nothing: what cannot be read is skipped. `Calendar.from_ical` would refuse a whole file
for one bad zone, as QQ's mails have it, and read GBK bytes as if they were UTF-8.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from icalendar.parser import Contentline, unescape_backslash
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from liaison_app.core.text import BEIJING

DEEPEST = 8
LONGEST_ADDRESS = 400
OTHER_CHARSETS = ("big5", "utf-16", "iso-8859-1", "windows-1252")

_ADDRESS = re.compile(r"[^\s<>,;:@\"]{1,64}@[^\s<>,;:@\"]{1,255}")
_MOMENT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})?(Z)?)?")
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")
_FOLD = re.compile(r"\n[ \t]")
# Possessive, so that a long line of nonsense is read once and not over and over.
_DAMAGED = re.compile(r"\s*+([A-Za-z-]++)(.*?)(mailto:.*|:[^:]*)$", re.IGNORECASE | re.DOTALL)
_DAMAGED_PARAMETER = re.compile(r";\s*([A-Za-z-]+)=([^;]*)")


@dataclass(frozen=True)
class Line:
    """One property: parameters by upper-case name, and the value as written."""

    params: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        return unescape_backslash(self.value)

    @property
    def address(self) -> str:
        """The bare address of the value in lower case, or ""."""
        return _first_address(self.value) or self.address_in("EMAIL")

    def address_in(self, name: str) -> str:
        return _first_address(self.params.get(name, ""))


NO_LINE = Line({}, "")


@dataclass
class ForeignEvent:
    """The properties of one VEVENT, without those of its alarms."""

    offsets: dict[str, tzinfo]
    lines: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))

    def all(self, name: str) -> list[Line]:
        return self.lines.get(name, [])

    def first(self, name: str) -> Line:
        return next(iter(self.all(name)), NO_LINE)

    def moment(self, name: str) -> datetime | None:
        """Return a time in UTC; None where there is none between 1970 and 2199. A day counts from midnight."""
        line = self.first(name)
        # After the last colon: "TZID=UTC+08:00:2026…" is written without the quotes it needs.
        found = _MOMENT.fullmatch(line.value.rpartition(":")[2].strip().upper())
        # The years keep the change of zone inside what a datetime can hold.
        if found is None or not "1970" < found[1] < "2199":
            return None
        zone = UTC if found[7] else self._zone(line.params.get("TZID", ""))
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
        except ValueError:
            return None

    def _zone(self, name: str) -> tzinfo:
        # A name of the world's or of Windows' table, else what the file says, else ours.
        try:
            return ZoneInfo(WINDOWS_TO_OLSON.get(name, name))
        except (KeyError, ValueError, OSError):
            return self.offsets.get(name, BEIJING)


@dataclass
class ForeignCalendar:
    method: str = ""
    events: list[ForeignEvent] = field(default_factory=list)


def decoded(data: bytes, charset: str | None) -> str:
    """Return the text of a calendar whose declared charset may be missing or wrong."""
    named = (charset or "").lower()
    # Bytes that happen to be UTF-8 are hardly ever anything else; gb18030 holds gb2312 and GBK.
    for encoding in ("utf-8-sig", named if named in OTHER_CHARSETS else "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeError:
            continue
    return data.decode("gb18030", "replace")


def read(text: str) -> ForeignCalendar:
    """Pick METHOD and the events' own properties out of the first calendar; skip the rest."""
    calendar, offsets = ForeignCalendar(), dict[str, tzinfo]()
    inside: list[str] = []
    zone = ""
    unfolded = _FOLD.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for written in unfolded.split("\n"):
        name, line = _parts(written)
        match name, line.value.strip().upper():
            case "BEGIN", component if len(inside) < DEEPEST:
                inside.append(component)
                if component == "VEVENT":
                    calendar.events.append(ForeignEvent(offsets))
            case "END", "VCALENDAR":
                break
            case "END", component if component in inside:
                del inside[inside.index(component) :]
            case "METHOD", method if "VEVENT" not in inside:
                calendar.method = calendar.method or method
            case "TZID", _ if inside[-1:] == ["VTIMEZONE"]:
                zone = line.value.strip()
            case "TZOFFSETTO", offset if inside[-1:] == ["STANDARD"]:
                _note_offset(offsets, zone, offset)
            case _ if inside[-1:] == ["VEVENT"]:
                calendar.events[-1].lines[name].append(line)
    return calendar


def _parts(written: str) -> tuple[str, Line]:
    try:
        name, params, value = Contentline(written).raw_parts()
    except ValueError:
        return _damaged_parts(written)
    texts = {key.upper(): ",".join(one) if isinstance(one, list) else one for key, one in params.items()}
    return name.upper(), Line(texts, value)


def _damaged_parts(written: str) -> tuple[str, Line]:
    found = _DAMAGED.match(written)
    if found is None:
        return "", NO_LINE
    params = {name.upper(): value.strip('": ') for name, value in _DAMAGED_PARAMETER.findall(found[2])}
    return found[1].upper(), Line(params, found[3].removeprefix(":"))


def _note_offset(offsets: dict[str, tzinfo], zone: str, offset: str) -> None:
    if found := _OFFSET.fullmatch(offset):
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if ahead < timedelta(hours=24):
            offsets[zone] = timezone(ahead if found[1] == "+" else -ahead)


def _first_address(text: str) -> str:
    found = _ADDRESS.search(text[:LONGEST_ADDRESS])
    return found[0].lower() if found else ""
