"""Invitations as calendars speak them: what we send and what comes back (RFC 5546).

Pure: no database, no clock, no mailbox. A message names exactly one attendee, so nobody sees who
else was asked. Replies are read liberally, for real clients leave out or bend half of what the
standard asks; the only error that leaves this module on reading is `NotAReply`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Literal

from icalendar import Event, vCalAddress, vText

from liaison_app.core.text import clean_line, clean_text
from liaison_app.scheduling.ics import MeetingFacts, add_alarm, cal_address, calendar_object, event_of

from .content_lines import ForeignEvent, Line, decoded, read
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


def build_decline_counter(facts: MeetingFacts, *, stamped_at: datetime, comment: str = "") -> bytes:
    """Return the object that refuses a proposed time: the meeting stays as it is (RFC 5546 3.2.8).

    It names the meeting by UID and the SEQUENCE that the person was told, and repeats nothing of it: no attendee,
    no time, no title.
    """
    event = Event()
    event.add("uid", vText(clean_line(facts.uid)))
    event.add("sequence", facts.sequence)
    event.add("dtstamp", stamped_at.astimezone(UTC))
    event.add("organizer", cal_address(facts.organizer_email, facts.organizer_name))
    if words := clean_text(comment):
        event.add("comment", vText(words))
    return calendar_object("DECLINECOUNTER", event)


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

LARGEST_REPLY = 256_000
LONGEST_COMMENT = 2000

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


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What a calendar object from outside says, whatever its method; `ends_at` is meant together with `starts_at`."""

    method: str
    answer: Answer
    ends_at: datetime | None = None


def parse_reply(calendar: bytes, *, charset: str | None = None, sender: str | None = None) -> Answer:
    """Read a calendar object of METHOD:REPLY, in whatever encoding and shape it comes.

    A reply may name one person only; should it name several, the line of `sender` counts, else the first.
    Raises: NotAReply.
    """
    spoken = parse(calendar, charset=charset, sender=sender)
    if spoken.method != "REPLY":
        raise NotAReply("another method", method=spoken.method)
    return spoken.answer


def parse(
    calendar: bytes, *, charset: str | None = None, sender: str | None = None, method: str = ""
) -> Spoken:
    """Read a calendar object of any method, as `parse_reply` does; `method` is what the mail around it says.

    Raises: NotAReply where it names no method, no meeting or nobody.
    """
    if len(calendar) > LARGEST_REPLY:
        raise NotAReply("too large")
    foreign = read(decoded(calendar, charset))
    spoken = foreign.method or method.upper()
    if not spoken:
        raise NotAReply("no method")
    if not foreign.events:
        raise NotAReply("no event", method=spoken)
    # We never send a series; should a client answer an instance besides, the meeting itself comes first.
    event = min(foreign.events, key=lambda event: bool(event.all("RECURRENCE-ID")))
    answer = _answer(event, sender.lower() if sender else None, spoken)
    return Spoken(method=spoken, answer=answer, ends_at=event.moment("DTEND"))


def parse_reply_mail(mail: bytes, *, sender: str | None = None) -> Answer:
    """Read the REPLY in a mail, wherever it stands: inline, as the mail itself, or as an attachment.

    A mail quoted inside the mail (a bounce, a forwarded invitation) is not looked into.
    Raises: NotAReply.
    """
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(mail)
        parts = list(own_parts(message))
    except RecursionError:
        raise NotAReply("nested too deeply") from None
    for content_type in ("text/calendar", "application/ics"):
        for part in parts:
            if part.get_content_type() == content_type:
                content = part.get_payload(decode=True)
                if isinstance(content, bytes):
                    return parse_reply(content, charset=part.get_content_charset(), sender=sender)
    raise NotAReply("no calendar object")


def own_parts(message: Message) -> Iterator[Message]:
    """Yield the leaves of a mail, without those of mails quoted in it. Raises RecursionError for deep nonsense."""
    if message.get_content_maintype() == "message" or message.get_content_type() == "multipart/report":
        return
    if not message.is_multipart():
        yield message
        return
    for part in message.get_payload():
        if isinstance(part, Message):
            yield from own_parts(part)


def _answer(event: ForeignEvent, sender: str | None, method: str) -> Answer:
    people = [line for line in event.all("ATTENDEE") if line.address]
    if not people:
        raise NotAReply("no attendee", method=method)
    uid = clean_line(_own_uid(event.first("UID").text.strip()))
    if not uid:
        raise NotAReply("no uid", method=method)
    person = next((line for line in people if line.address == sender), people[0])
    partstat = person.params.get("PARTSTAT", "").strip().upper()
    return Answer(
        uid=uid,
        attendee=person.address,
        partstat=next((known for known in DECISIONS if known == partstat), "NEEDS-ACTION"),
        sequence=_whole_number(event.first("SEQUENCE").text),
        stamped_at=event.moment("DTSTAMP"),
        comment=_comment(event, person),
        name=clean_line(person.params.get("CN", "")),
        organizer=event.first("ORGANIZER").address,
        sent_by=person.address_in("SENT-BY"),
        delegated_to=person.address_in("DELEGATED-TO"),
        delegated_from=person.address_in("DELEGATED-FROM"),
        starts_at=event.moment("DTSTART"),
        recurrence=event.moment("RECURRENCE-ID"),
    )


def _comment(event: ForeignEvent, person: Line) -> str:
    written = "\n".join(line.text for line in event.all("COMMENT"))
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
