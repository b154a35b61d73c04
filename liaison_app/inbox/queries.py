"""Reads about received mails, and about what they are about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, defer, joinedload

from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.core.errors import Missing
from liaison_app.core.web import current_settings
from liaison_app.invitations import queries as invitations
from liaison_app.invitations.models import Invitation
from liaison_app.jobs import queries as jobs
from liaison_app.messages import queries as outbox
from liaison_app.messages.models import Message
from liaison_app.orgs.queries import within
from liaison_app.people import queries as people
from liaison_app.scheduling.models import Meeting, Participant

from . import mime
from .kinds import MailState
from .mime import Mail
from .models import Mailbox, ReceivedMail

SETTLE = "inbox.settle"
PER_PAGE = 50
MOST_OFFERED = 20


def get_mail(mail_id: int) -> ReceivedMail:
    """Return a mail with its unit, or raise Missing."""
    wanted = (
        select(ReceivedMail)
        .join(ReceivedMail.unit)
        .where(ReceivedMail.id == mail_id)
        .options(contains_eager(ReceivedMail.unit))
    )
    mail = db.session.scalar(wanted)
    if mail is None:
        raise Missing
    return mail


@dataclass(frozen=True)
class Choice:
    """A letter, and one of the invitations that it may answer."""

    mail: ReceivedMail
    invitation: Invitation
    unit_paths: tuple[str, ...]


def get_choice(mail_id: int, invitation_id: int) -> Choice:
    """Return a letter with an invitation that it may answer, or raise Missing where it may not (SECURITY A7)."""
    mail = get_mail(mail_id)
    for invitation in list_choices(mail, clock.now()):
        if invitation.id == invitation_id:
            return Choice(mail, invitation, mail.unit_paths)
    raise Missing


def find_by_digest(digest: str) -> ReceivedMail | None:
    return db.session.scalar(select(ReceivedMail).where(ReceivedMail.digest == digest))


def list_mails(paths: Collection[str], state: MailState, page: int) -> tuple[Sequence[ReceivedMail], int]:
    """Return one page of the mails of the subtrees in a state, the newest first, without their bytes; and how many."""
    there = (within(paths), ReceivedMail.state == state)
    total = db.session.scalar(
        select(func.count()).select_from(ReceivedMail).join(ReceivedMail.unit).where(*there)
    )
    wanted = (
        select(ReceivedMail)
        .join(ReceivedMail.unit)
        .where(*there)
        .options(
            contains_eager(ReceivedMail.unit),
            defer(ReceivedMail.raw),
            joinedload(ReceivedMail.invitation).joinedload(Invitation.meeting),
        )
        .order_by(ReceivedMail.id.desc())
        .limit(PER_PAGE)
        .offset((page - 1) * PER_PAGE)
    )
    return list(db.session.scalars(wanted)), total or 0


def count_by_state(paths: Collection[str]) -> dict[str, int]:
    """Return how many mails of the subtrees there are in each state."""
    rows = select(ReceivedMail.state, func.count()).join(ReceivedMail.unit).where(within(paths))
    return {str(state): count for state, count in db.session.execute(rows.group_by(ReceivedMail.state))}


def count_open(paths: Collection[str]) -> int:
    """Return how many mails of the subtrees wait for a clerk."""
    return count_by_state(paths).get(MailState.REVIEW, 0)


def list_stuck_ids(limit: int) -> Sequence[int]:
    """Return mails that nobody reads any more: the work about them was given up, or never planned."""
    wanted = select(ReceivedMail.id).where(
        ReceivedMail.state == MailState.NEW, ~jobs.holds_live(SETTLE, ReceivedMail.id)
    )
    return list(db.session.scalars(wanted.order_by(ReceivedMail.id).limit(limit)))


def find_mailbox(name: str) -> Mailbox | None:
    return db.session.scalar(select(Mailbox).where(Mailbox.name == name))


# --- what a mail is about --------------------------------------------------------


def read_mail(mail: ReceivedMail) -> Mail:
    """Return what a mail says, as far as it is still here."""
    return mime.read(mail.raw or b"", authserv=current_settings().mail_authserv, is_cut=mail.is_cut)


def list_choices(mail: ReceivedMail, now: datetime) -> Sequence[Invitation]:
    """Return the invitations that a letter may answer: the one it names, else those of whoever sent it, else all of
    the meeting it names."""
    if mail.invitation is not None:
        return [mail.invitation]
    read = read_mail(mail)
    found = list(list_offered(read.sender, now))
    meeting_id = find_meeting_id(read.spoken.answer.uid) if read.spoken else None
    if meeting_id is not None:
        found += [one for one in invitations.list_live(meeting_id) if one not in found]
    return found


def find_answered(message_ids: Collection[str]) -> Message | None:
    """Return the mail of ours that another one names as what it answers, or None."""
    return next(iter(outbox.list_by_message_ids(message_ids)), None)


def list_sent(message_ids: Collection[str]) -> Sequence[Message]:
    """Return the mails of ours that are known to the world by these Message-IDs."""
    return outbox.list_by_message_ids(message_ids)


def find_invitation_of(message: Message) -> Invitation | None:
    """Return the invitation that a mail of ours was about, or None."""
    kind, _, number = message.thread.partition("-")
    if kind != "invitation" or not number.isdigit():
        return None
    return db.session.get(Invitation, int(number))


def list_offered(sender: str, now: datetime) -> Sequence[Invitation]:
    """Return the invitations, from `now` on, of whoever is known by a mail address: whom a letter may be about."""
    ids = [person.id for person in people.list_at(sender)]
    found: list[Invitation] = []
    for person_id in ids[:MOST_OFFERED]:
        found += invitations.list_of_person(person_id, now)
    return found[:MOST_OFFERED]


def addresses_of(asked: Sequence[Invitation]) -> dict[int, set[str]]:
    """Return per person the further addresses from which the answers of these invited people are taken."""
    found: dict[int, set[str]] = {}
    for one in people.list_addresses([invitation.participant.person_id for invitation in asked]):
        found.setdefault(one.person_id, set()).add(one.address)
    return found


def colleagues_of(participant: Participant) -> dict[str, int]:
    """Return who could come in a participant's place, by mail address; none where two share one."""
    posts = invitations.list_stand_ins(participant)
    shared: dict[str, set[int]] = {}
    for post in posts:
        if post.person.email:
            shared.setdefault(post.person.email.lower(), set()).add(post.person_id)
    return {address: next(iter(ids)) for address, ids in shared.items() if len(ids) == 1}


def find_meeting_id(uid: str) -> int | None:
    return db.session.scalar(select(Meeting.id).where(Meeting.uid == uid))
