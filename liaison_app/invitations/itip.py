"""Invitations as calendars speak them: what we send and what comes back (RFC 5546).

Pure: no database, no clock, no mailbox. A message names exactly one attendee, so nobody sees who
else was asked. Replies are read liberally, for real clients leave out or bend half of what the
standard asks; the only error that leaves this module on reading is `NotAReply`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import vCalAddress, vText
from icalendar.parser import Contentline
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from liaison_app.core.text import BEIJING, clean_line, clean_text
from liaison_app.scheduling.ics import MeetingFacts, add_alarm, cal_address, calendar_object, event_of

from .errors import NotAReply

Role = Literal["CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"]
Partstat = Literal["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"]

DECISIONS: tuple[Partstat, ...] = ("ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED")
HIGHEST_SEQUENCE = 2**31 - 1
REMIND_MINUTES = 60


@dataclass(frozen=True, kw_only=True)
class Attendee:
    """The one person a message goes to; `delegated_*` are bare addresses."""

    name: str
    email: str
    role: Role = "REQ-PARTICIPANT"
    cutype: str = "INDIVIDUAL"
    partstat: Partstat = "NEEDS-ACTION"
    delegated_from: str | None = None
    delegated_to: str | None = None


# --- what we send ------------------------------------------------------------


def build_request(
    facts: MeetingFacts,
    attendee: Attendee,
    *,
    stamped_at: datetime,
    remind_minutes: int | None = REMIND_MINUTES,
) -> bytes:
    """Return the object that invites `attendee`, or tells of a change (the same `uid`, see `next_sequence`).

    `stamped_at` is when the message is made: of two with one sequence, calendars keep the later.
    Raises: ValueError for a cancelled meeting, which calendars learn of by `build_cancel` alone.
    """
    if facts.state == "cancelled":
        raise ValueError("a cancelled meeting is not requested")
    event = event_of(facts, stamped_at=stamped_at)
    event.add("organizer", cal_address(facts.organizer_email, facts.organizer_name))
    event.add("attendee", _asked(attendee))
    if attendee.role == "NON-PARTICIPANT":
        event["transp"] = vText("TRANSPARENT")
    if remind_minutes is not None:
        add_alarm(event, facts, remind_minutes)
    return calendar_object("REQUEST", event)


def build_cancel(
    facts: MeetingFacts,
    attendee: Attendee,
    *,
    stamped_at: datetime,
    reason: str = "",
    whole_meeting: bool = True,
) -> bytes:
    """Return the object that takes the meeting out of the attendee's calendar.

    With `whole_meeting` it is off for everybody (cancelled, or postponed without a date); without,
    `attendee` alone is no longer asked. `facts.sequence` must already be higher than the last one sent
    to this person, or calendars ignore the message; the rest of `facts` is as last told.
    """
    event = event_of(
        replace(facts, state="cancelled" if whole_meeting else "confirmed"), stamped_at=stamped_at
    )
    if not whole_meeting:
        del event["status"]
    event.add("organizer", cal_address(facts.organizer_email, facts.organizer_name))
    event.add("attendee", _named(attendee))
    if comment := clean_text(reason):
        event.add("comment", vText(comment))
    return calendar_object("CANCEL", event)


def is_significant(before: MeetingFacts, after: MeetingFacts) -> bool:
    """Whether people must answer anew: another time, another place (we meet face to face), another state.

    Everybody's answer then falls back to NEEDS-ACTION. Source: RFC 5546 2.1.4.
    """
    return _what_matters(before) != _what_matters(after)


def next_sequence(before: MeetingFacts, after: MeetingFacts) -> int:
    """Return the sequence of `after`: one more for a significant change, the same for words alone.

    Words alone still go out with a new stamp and a new `revised_at`, and the answers stay.
    """
    return before.sequence + is_significant(before, after)


def _what_matters(facts: MeetingFacts) -> tuple[object, ...]:
    return facts.starts_at, facts.ends_at, clean_line(facts.location), facts.state


def _named(attendee: Attendee) -> vCalAddress:
    address = cal_address(attendee.email, attendee.name)
    address.params["CUTYPE"] = attendee.cutype
    address.params["ROLE"] = attendee.role
    return address


def _asked(attendee: Attendee) -> vCalAddress:
    address = _named(attendee)
    address.params["PARTSTAT"] = attendee.partstat
    answers = attendee.role != "NON-PARTICIPANT" and attendee.partstat != "DELEGATED"
    address.params["RSVP"] = "TRUE" if answers else "FALSE"
    for name, email in (("DELEGATED-FROM", attendee.delegated_from), ("DELEGATED-TO", attendee.delegated_to)):
        if email:
            address.params[name] = str(cal_address(email))
    return address


# --- what comes back ---------------------------------------------------------

LARGEST_REPLY = 1_000_000
LONGEST_COMMENT = 2000

_ADDRESS = re.compile(r"[^\s<>,;:\"]{1,64}@[^\s<>,;:\"]{1,255}")
_MOMENT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})?(Z)?)?")
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")
_FOLD = re.compile(r"\n[ \t]")
_DAMAGED = re.compile(
    r"\s*([A-Za-z-]+)(.*?)((?:mailto|http|https|urn):.*|:[^:]*)$", re.IGNORECASE | re.DOTALL
)
_DAMAGED_PARAMETER = re.compile(r";\s*([A-Za-z-]+)=([^;]*)")
# What Exchange makes of a UID that is not its own: MS-OXOCAL 2.2.1.27.
_GLOBAL_OBJECT_ID = "040000008200E00074C5B7101A82E008"
_FOREIGN_UID = b"vCal-Uid\x01\x00\x00\x00"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one REPLY says; all of it is foreign text and proves nothing about who sent it.

    Addresses are in lower case. `partstat` is NEEDS-ACTION for anything unknown, which changes nothing.
    `sequence` is that of the invitation answered, by the sender's word. `recurrence`, `starts_at` and
    `stamped_at` are in UTC. Never take a title, place or time of a meeting from here.
    """

    uid: str
    attendee: str
    partstat: Partstat
    sequence: int = 0
    stamped_at: datetime | None = None
    comment: str = ""
    name: str = ""
    organizer: str = ""
    sent_by: str = ""
    delegated_to: str = ""
    delegated_from: str = ""
    starts_at: datetime | None = None
    recurrence: datetime | None = None

    @property
    def decides(self) -> bool:
        return self.partstat in DECISIONS

    def order(self, *, current_sequence: int, arrived_at: datetime) -> tuple[int, datetime]:
        """Return the place of this answer among others of the same person, to be stored beside it.

        A sequence above ours counts as ours. A stamp in the future (a local clock that claims to be
        UTC) counts as the arrival, or it would block every later answer. Seconds, as calendars count.
        """
        stamped_at = min(self.stamped_at or arrived_at, arrived_at)
        return min(self.sequence, current_sequence), stamped_at.replace(microsecond=0)


def is_stale(
    answer: Answer,
    *,
    current_sequence: int,
    significant_sequence: int,
    kept: tuple[int, datetime] | None,
    arrived_at: datetime,
) -> bool:
    """Whether `answer` must be shown but not counted.

    It is stale if it was given before the last significant change, or before the answer in force, whose
    `order` is `kept`. Within one second the later arrival wins.
    """
    place = answer.order(current_sequence=current_sequence, arrived_at=arrived_at)
    return place[0] < significant_sequence or (
        kept is not None and place < (kept[0], kept[1].replace(microsecond=0))
    )


def parse_reply(calendar: bytes, *, charset: str | None = None, sender: str | None = None) -> Answer:
    """Read a calendar object of METHOD:REPLY, in whatever encoding and shape it comes.

    A reply may name one person only; should it name several, the line of `sender` counts, else the first.
    Raises: NotAReply.
    """
    if len(calendar) > LARGEST_REPLY:
        raise NotAReply("too large")
    read = _read(_decoded(calendar, charset))
    if read.method != "REPLY":
        raise NotAReply("another method" if read.method else "no method", method=read.method)
    if not read.events:
        raise NotAReply("no event", method=read.method)
    # We never send a series; should a client answer an instance besides, the meeting itself comes first.
    event = min(read.events, key=lambda lines: "RECURRENCE-ID" in lines)
    return _answer(event, read.offsets, sender.lower() if sender else None)


def parse_reply_mail(mail: bytes, *, sender: str | None = None) -> Answer:
    """Read the REPLY in a mail, wherever it stands: inline, as the mail itself, or as an attachment.

    A mail quoted inside the mail (a bounce, a forwarded invitation) is not looked into.
    Raises: NotAReply.
    """
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(mail)
        parts = list(_own_parts(message))
    except RecursionError:
        raise NotAReply("nested too deeply") from None
    for content_type in ("text/calendar", "application/ics"):
        for part in parts:
            if part.get_content_type() == content_type:
                content = part.get_payload(decode=True)
                if isinstance(content, bytes):
                    return parse_reply(content, charset=part.get_content_charset(), sender=sender)
    raise NotAReply("no calendar object")


def _own_parts(message: Message) -> Iterator[Message]:
    if message.get_content_maintype() == "message" or message.get_content_type() == "multipart/report":
        return
    payload = message.get_payload()
    if not isinstance(payload, list):
        yield message
        return
    for part in payload:
        if isinstance(part, Message):
            yield from _own_parts(part)


def _decoded(data: bytes, charset: str | None) -> str:
    named = (charset or "utf-8").lower()
    # Bytes that happen to be UTF-8 are hardly ever anything else; gb18030 holds gb2312 and GBK.
    for encoding in ("utf-8-sig", "gb18030" if named.startswith(("gb", "x-gb")) else named):
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeError):
            continue
    return data.decode("gb18030", "replace")


# --- lines and values --------------------------------------------------------


@dataclass
class _Line:
    params: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        return str(vText.from_ical(self.value))

    @property
    def address(self) -> str:
        return _first_address(self.value) or self.address_in("EMAIL")

    def address_in(self, name: str) -> str:
        return _first_address(self.params.get(name, ""))


@dataclass
class _Read:
    method: str = ""
    events: list[dict[str, list[_Line]]] = field(default_factory=list)
    offsets: dict[str, tzinfo] = field(default_factory=dict)


def _read(text: str) -> _Read:
    """Pick METHOD, the events' own properties and the zones' offsets out of the first calendar; skip the rest."""
    read, inside, zone = _Read(), [], ""
    unfolded = _FOLD.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for line in unfolded.split("\n"):
        name, content = _parts(line)
        match name, content.value.strip().upper():
            case "BEGIN", component:
                inside.append(component)
                if component == "VEVENT":
                    read.events.append(defaultdict(list))
            case "END", "VCALENDAR":
                break
            case "END", component if component in inside:
                del inside[inside.index(component) :]
            case "METHOD", method if "VEVENT" not in inside:
                read.method = read.method or method
            case "TZID", _ if inside[-1:] == ["VTIMEZONE"]:
                zone = content.value.strip()
            case "TZOFFSETTO", offset if inside[-1:] == ["STANDARD"]:
                _note_offset(read.offsets, zone, offset)
            case _ if inside[-1:] == ["VEVENT"]:
                read.events[-1][name].append(content)
    return read


def _parts(line: str) -> tuple[str, _Line]:
    try:
        name, params, value = Contentline(line).raw_parts()
    except ValueError:
        return _damaged_parts(line)
    texts = {key.upper(): ",".join(one) if isinstance(one, list) else one for key, one in params.items()}
    return name.upper(), _Line(texts, value)


def _damaged_parts(line: str) -> tuple[str, _Line]:
    found = _DAMAGED.match(line)
    if found is None:
        return "", _Line({}, "")
    params = {name.upper(): value.strip('" ') for name, value in _DAMAGED_PARAMETER.findall(found[2])}
    return found[1].upper(), _Line(params, found[3].removeprefix(":"))


def _note_offset(offsets: dict[str, tzinfo], zone: str, offset: str) -> None:
    if found := _OFFSET.fullmatch(offset):
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if ahead < timedelta(hours=24):
            offsets[zone] = timezone(ahead if found[1] == "+" else -ahead)


def _answer(event: dict[str, list[_Line]], offsets: dict[str, tzinfo], sender: str | None) -> Answer:
    people = [line for line in event.get("ATTENDEE", ()) if line.address]
    if not people:
        raise NotAReply("no attendee", method="REPLY")
    uid = _own_uid(clean_line(_first_text(event, "UID")))
    if not uid:
        raise NotAReply("no uid", method="REPLY")
    person = next((line for line in people if line.address == sender), people[0])
    organizer = event.get("ORGANIZER", [_Line({}, "")])[0]
    partstat = person.params.get("PARTSTAT", "").strip().upper()
    return Answer(
        uid=uid,
        attendee=person.address,
        partstat=next((known for known in DECISIONS if known == partstat), "NEEDS-ACTION"),
        sequence=_whole_number(_first_text(event, "SEQUENCE")),
        stamped_at=_moment(event, "DTSTAMP", offsets),
        comment=_comment(event, person),
        name=clean_line(person.params.get("CN", "")),
        organizer=organizer.address,
        sent_by=person.address_in("SENT-BY"),
        delegated_to=person.address_in("DELEGATED-TO"),
        delegated_from=person.address_in("DELEGATED-FROM"),
        starts_at=_moment(event, "DTSTART", offsets),
        recurrence=_moment(event, "RECURRENCE-ID", offsets),
    )


def _first_address(text: str) -> str:
    found = _ADDRESS.search(text)
    return found[0].lower() if found else ""


def _first_text(event: dict[str, list[_Line]], name: str) -> str:
    return event[name][0].text if event.get(name) else ""


def _comment(event: dict[str, list[_Line]], person: _Line) -> str:
    written = "\n".join(line.text for line in event.get("COMMENT", ()))
    return clean_text(written or person.params.get("X-RESPONSE-COMMENT", ""))[:LONGEST_COMMENT]


def _whole_number(text: str) -> int:
    figures = text.strip()
    if not (figures.isascii() and figures.isdigit()):
        return 0
    return min(int(figures[:12]), HIGHEST_SEQUENCE)


def _own_uid(uid: str) -> str:
    """Undo the wrapping by Exchange, so that our own UID can be compared as it was sent."""
    if not uid.upper().startswith(_GLOBAL_OBJECT_ID):
        return uid
    try:
        blob = bytes.fromhex(uid)
    except ValueError:
        return uid
    _, found, rest = blob.partition(_FOREIGN_UID)
    return rest.split(b"\0")[0].decode("utf-8", "replace") if found else uid


def _moment(event: dict[str, list[_Line]], name: str, offsets: dict[str, tzinfo]) -> datetime | None:
    line = event[name][0] if event.get(name) else _Line({}, "")
    found = _MOMENT.fullmatch(line.value.strip())
    # The years keep the change of zone inside what a datetime can hold.
    if found is None or not "1970" <= found[1] <= "2199":
        return None
    zone = UTC if found[7] else _zone(line.params.get("TZID", ""), offsets)
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None


def _zone(name: str, offsets: dict[str, tzinfo]) -> tzinfo:
    """Return the zone of a TZID: a name of the world's or of Windows' table, else what the file says, else ours."""
    try:
        return ZoneInfo(WINDOWS_TO_OLSON.get(name, name))
    except (KeyError, ValueError, OSError):
        return offsets.get(name, BEIJING)
