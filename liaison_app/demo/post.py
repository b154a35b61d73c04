"""Letters that lie in the inbox of the demo: one that came too late, and three that wait for a clerk."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import select

from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.inbox import services as inbox
from liaison_app.inbox.kinds import Source
from liaison_app.invitations.models import Invitation
from liaison_app.messages import services as messages
from liaison_app.scheduling.kinds import MeetingState
from liaison_app.scheduling.models import Meeting

TITLE = "供暖专场"


def deliver(at: datetime) -> None:
    """Let the letters come in at a moment; none of them changes an answer."""
    meeting = db.session.scalar(
        select(Meeting).where(Meeting.title == TITLE, Meeting.state == MeetingState.PUBLISHED)
    )
    if meeting is None:
        return
    asked = [one for one in _asked(meeting) if one.participant.person.email]
    with clock.frozen(at):
        for letter in _letters(meeting, asked, at):
            mail = inbox.receive(letter, Source.PIPE, at_once=True)
            if mail is not None:
                inbox.settle(mail.id)


def _asked(meeting: Meeting) -> list[Invitation]:
    wanted = select(Invitation).where(Invitation.meeting_id == meeting.id).order_by(Invitation.id)
    return list(db.session.scalars(wanted))


def _letters(meeting: Meeting, asked: list[Invitation], at: datetime) -> list[bytes]:
    letters = []
    answered = [one for one in asked if one.answered_at is not None]
    if answered:
        first = answered[0]
        earlier = (first.answered_at or at) - timedelta(hours=2)
        reply = _reply(meeting, first, first.participant.person.email, "TENTATIVE", earlier)
        letters.append(_letter(first.name, first.participant.person.email, "暂定: 供暖专场", at, reply=reply))
        reply = _reply(meeting, first, first.participant.person.email, "DECLINED", at)
        letters.append(_letter(first.name, "chengju@mail.example", "谢绝: 供暖专场", at, reply=reply))
    if asked:
        last = asked[-1]
        letters.append(
            _letter(
                last.name,
                last.participant.person.email,
                "自动回复: 邀请",
                at,
                text="我在外地学习，下周一回来。急事请打办公室电话。",
                headers={"Auto-Submitted": "auto-replied"},
            )
        )
        letters.append(
            _letter(
                last.name,
                "private@mail.example",
                "供暖专场的事",
                at,
                text="收到邀请了，我当天能到，大概晚十分钟。\n另：请把议程再发我一份。",
                headers={"In-Reply-To": last.first_message_id},
            )
        )
    return letters


def _reply(meeting: Meeting, invitation: Invitation, attendee: str, partstat: str, at: datetime) -> str:
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    return "\r\n".join(
        (
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Demo//Calendar//ZH", "METHOD:REPLY", "BEGIN:VEVENT",
            f"UID:{meeting.uid}", f"SEQUENCE:{invitation.sent_sequence or 0}", f"DTSTAMP:{stamp}",
            f"ATTENDEE;PARTSTAT={partstat}:mailto:{attendee}", "END:VEVENT", "END:VCALENDAR", "",
        )
    )  # fmt: skip


def _letter(
    name: str,
    address: str,
    subject: str,
    at: datetime,
    *,
    text: str = "",
    reply: str = "",
    headers: dict[str, str] | None = None,
) -> bytes:
    letter = EmailMessage()
    letter["From"], letter["To"] = f"{name} <{address}>", messages.sender()[1]
    letter["Subject"], letter["Date"] = subject, format_datetime(at)
    letter["Message-ID"] = f"<{at:%Y%m%d}.{len(subject)}.{address}>"
    for header, value in (headers or {}).items():
        if value:
            letter[header] = value
    letter.set_content(text or "\n")
    if reply:
        letter.add_alternative(
            reply.encode(), maintype="text", subtype="calendar", params={"method": "REPLY"}, cte="base64"
        )
    return letter.as_bytes()
