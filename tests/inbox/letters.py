"""Mails as others write them: answers of calendars, and everything that only looks like one."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from itertools import count
from typing import Any

OFFICE = "liaison@example.test"
HEAD = "head@example.test"
SENT_AT = datetime(2026, 11, 10, 4, 0, tzinfo=UTC)

_numbers = count(1)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def reply_object(
    uid: str,
    partstat: str = "ACCEPTED",
    *,
    attendee: str = HEAD,
    sequence: int | str = 0,
    stamped_at: datetime | str = SENT_AT,
    method: str = "REPLY",
    organizer: str = OFFICE,
    params: str = "",
    more: tuple[str, ...] = (),
    before: tuple[str, ...] = (),
) -> str:
    """Return a calendar object; `params` go to ATTENDEE, `more` into the event, `before` in front of it."""
    lines = [
        "BEGIN:VCALENDAR", "PRODID:-//X//Y//EN", "VERSION:2.0", f"METHOD:{method}", *before, "BEGIN:VEVENT", f"UID:{uid}",
        f"SEQUENCE:{sequence}", f"DTSTAMP:{stamped_at if isinstance(stamped_at, str) else stamp(stamped_at)}",
        *([f"ORGANIZER:mailto:{organizer}"] if organizer else []),
        f"ATTENDEE;PARTSTAT={partstat}{params}:mailto:{attendee}", *more, "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    return "\r\n".join(lines)


def mail(
    calendar: str | bytes | None = None,
    *,
    sender: str = f"程试一 <{HEAD}>",
    subject: str = "接受: 供暖专场",
    text: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    message_id: str | None = None,
    method: str = "REPLY",
    charset: str = "utf-8",
) -> bytes:
    """Return a mail with a calendar part as Outlook writes it, or one of plain words."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = OFFICE
    message["Subject"] = subject
    message["Message-ID"] = message_id or f"<answer-{next(_numbers)}@client.example.test>"
    message["Date"] = format_datetime(SENT_AT)
    for name, value in headers:
        message[name] = value
    message.set_content(text or "\n")
    if calendar is not None:
        raw = calendar if isinstance(calendar, bytes) else calendar.encode(charset)
        message.add_alternative(
            raw, maintype="text", subtype="calendar", params={"method": method}, cte="base64"
        )
        part = message.get_payload(1)
        if charset:
            part.set_param("charset", charset)
    return message.as_bytes()


def raw_mail(body: bytes, *headers: str) -> bytes:
    """Return a mail written by hand."""
    usual = (
        f"Message-ID: <raw-{next(_numbers)}@client.example.test>",
        f"From: {HEAD}",
        f"To: {OFFICE}",
        *headers,
    )
    return "\r\n".join(usual).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def encoded(calendar: str, charset: str = "utf-8") -> bytes:
    return base64.encodebytes(calendar.encode(charset))


def bounce(
    message_id: str,
    recipient: str,
    *,
    sender: str = "Mail Delivery <mailer-daemon@mx.example.test>",
    **facts: Any,
) -> bytes:
    """Return a report by RFC 3464 about a mail of ours."""
    action, status = facts.get("action", "failed"), facts.get("status", "5.1.1")
    body = "\r\n".join(
        [
            "--b", "Content-Type: text/plain", "", "退信：用户不存在", "--b", "Content-Type: message/delivery-status", "",
            "Reporting-MTA: dns; mx.example.test", "", f"Final-Recipient: rfc822; {recipient}", f"Action: {action}",
            f"Status: {status}", "Diagnostic-Code: smtp; 550 5.1.1 user unknown", "", "--b",
            "Content-Type: message/rfc822", "", f"Message-ID: {message_id}", "Subject: x",
            "Content-Type: text/calendar; method=REQUEST", "", "BEGIN:VCALENDAR", "METHOD:REQUEST", "END:VCALENDAR",
            "--b--", "",
        ]
    ).encode()  # fmt: skip
    head = (
        f"From: {sender}\r\nTo: {OFFICE}\r\nMessage-ID: <dsn-{next(_numbers)}@mx.example.test>\r\n"
        "Auto-Submitted: auto-replied\r\n"
        'Subject: Undelivered Mail\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    )
    return head.encode() + body
