"""Take mails in, understand them, and let a clerk decide about the rest. Nothing here talks to a mail server."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from liaison_app.accounts.models import Account
from liaison_app.audit import services as audit
from liaison_app.core import clock
from liaison_app.core.db import db, lock
from liaison_app.core.errors import Refused
from liaison_app.invitations import queries as invitations
from liaison_app.invitations import rules as answers
from liaison_app.invitations import services as invitation_services
from liaison_app.invitations.kinds import Door
from liaison_app.invitations.models import Invitation
from liaison_app.invitations.rules import Given
from liaison_app.jobs import services as jobs
from liaison_app.messages import services as messages
from liaison_app.messages.models import Message
from liaison_app.orgs import services as orgs
from liaison_app.people import services as people
from liaison_app.proposals import services as proposals
from liaison_app.scheduling.models import Meeting

from . import mime, queries, rules
from .errors import AlreadyDone, NoAddress
from .kinds import MailState, Reason, Source
from .mime import Mail
from .models import Mailbox, ReceivedMail
from .queries import SETTLE
from .rules import Asked, Decision, State, Verdict

AT_ONCE = 200
LONGEST_WORDS = 300


# --- taking in -----------------------------------------------------------------


def receive(
    raw: bytes, source: Source, *, is_cut: bool = False, at_once: bool = False
) -> ReceivedMail | None:
    """Keep a mail as it came and plan the work about it; None where the same mail is here already.

    Once this is committed the mail may be marked as read where it came from. `is_cut` says that only its head came,
    `at_once` that the caller settles it in the same transaction.
    """
    digest = mime.digest_of(raw)
    if queries.find_by_digest(digest) is not None:
        return None
    kept = mime.head_of(raw)
    mail = ReceivedMail(
        digest=digest,
        source=source,
        unit_id=orgs.root_unit().id,
        raw=kept,
        is_cut=is_cut or len(kept) < len(raw),
        arrived_at=clock.now(),
    )
    try:
        with db.session.begin_nested():
            db.session.add(mail)
    except IntegrityError:
        # Another door has brought the same mail between the look and the insert.
        return None
    if not at_once:
        jobs.enqueue(SETTLE, mail.id)
    return mail


def note_read_to(mailbox_id: int, uid: int) -> None:
    """Note that everything up to a UID of a mailbox is kept here; in the transaction that keeps it."""
    db.session.execute(
        update(Mailbox).where(Mailbox.id == mailbox_id, Mailbox.last_uid < uid).values(last_uid=uid)
    )


def open_mailbox(name: str, uid_validity: int) -> Mailbox:
    """Return how far a mailbox was read; from the start again where the server has numbered it anew."""
    mailbox = queries.find_mailbox(name)
    if mailbox is None:
        mailbox = Mailbox(name=name, uid_validity=uid_validity, last_uid=0)
        db.session.add(mailbox)
    if mailbox.uid_validity != uid_validity:
        mailbox.uid_validity, mailbox.last_uid = uid_validity, 0
    mailbox.looked_at, mailbox.failed_at, mailbox.failure = clock.now(), None, ""
    # Its number is what `note_read_to` knows it by.
    db.session.flush()
    return mailbox


def note_unread(name: str, why: str) -> None:
    """Note that a mailbox could not be read, and why."""
    mailbox = queries.find_mailbox(name)
    if mailbox is None:
        mailbox = Mailbox(name=name)
        db.session.add(mailbox)
    mailbox.failed_at, mailbox.failure = clock.now(), why[:LONGEST_WORDS]


# --- understanding -------------------------------------------------------------


def settle(mail_id: int) -> ReceivedMail:
    """Do what a mail is entitled to, and note it, all in the caller's transaction: never a part, never twice.

    Raises Missing.
    """
    mail = lock(ReceivedMail, mail_id)
    if mail.state != MailState.NEW or mail.raw is None:
        return mail
    read = queries.read_mail(mail)
    meeting_id = queries.find_meeting_id(read.spoken.answer.uid) if read.spoken else None
    if meeting_id is not None:
        # Before anything is read of its answers: another door may be at work on the same one.
        lock(Meeting, meeting_id)
    answered = queries.find_answered(read.answers_to)
    returned = _returned(read)
    state = _state(read, meeting_id, answered, returned)
    decision = rules.incoming(state, read, mail.arrived_at)
    mail.sender, mail.subject = read.sender or read.sender_shown, read.subject
    mail.outbox_id = next((one.id for one in (returned, answered) if one is not None), None)
    if meeting_id is not None:
        mail.unit_id = db.session.get_one(Meeting, meeting_id).unit_id
    _carry_out(mail, decision, returned)
    return mail


def give_up(mail_id: int) -> None:
    """Lay a mail before a clerk that could not be worked on. Raises Missing."""
    mail = lock(ReceivedMail, mail_id)
    if mail.state == MailState.NEW:
        mail.state, mail.reason = MailState.REVIEW, Reason.STUCK


def _state(read: Mail, meeting_id: int | None, answered: Message | None, returned: Message | None) -> State:
    asked = list(invitations.list_of_meeting(meeting_id)) if meeting_id is not None else []
    others = queries.addresses_of(asked)
    about = queries.find_invitation_of(answered or returned) if answered or returned else None  # type: ignore[arg-type]
    return State(
        own_address=messages.sender()[1].lower(),
        asked=tuple(_asked(one, others.get(one.participant.person_id, set())) for one in asked),
        answered_id=about.id if about else None,
        returned_id=returned.id if returned else None,
        is_ours=bool(read.message_id) and queries.find_answered([read.message_id]) is not None,
    )


def _asked(invitation: Invitation, others: set[str]) -> Asked:
    meeting = invitation.meeting
    sequence = invitation.sent_sequence if invitation.sent_sequence is not None else meeting.sequence
    kept = None
    if invitation.answered_at is not None and invitation.answered_sequence is not None:
        # The meeting's own sequence may have risen without this person being told: for them it is the same one.
        kept = min(invitation.answered_sequence, sequence), invitation.answered_at
    closed = answers.refusal(
        meeting.state, meeting.ends_at, is_withdrawn=invitation.withdrawn_at is not None, now=clock.now()
    )
    return Asked(
        invitation_id=invitation.id,
        address=invitation.participant.person.email.lower(),
        others=frozenset(others),
        sequence=sequence,
        significant_sequence=meeting.significant_sequence,
        starts_at=meeting.starts_at,
        kept=kept,
        is_closed=closed is not None,
        colleagues=queries.colleagues_of(invitation.participant),
    )


def _returned(read: Mail) -> Message | None:
    """Return our own mail that came back: only one that we sent to that very address (SECURITY F14)."""
    if read.bounce is None:
        return None
    for message in queries.list_sent(read.bounce.message_ids):
        if message.to_address.lower() in read.bounce.recipients:
            return message
    return None


def _carry_out(mail: ReceivedMail, decision: Decision, returned: Message | None) -> None:
    mail.reason, mail.invitation_id = decision.reason, decision.invitation_id
    if decision.invitation_id is not None:
        mail.unit_id = db.session.get_one(Invitation, decision.invitation_id).meeting.unit_id
    if returned is not None:
        mail.unit_id = returned.unit_id
    if decision.verdict is Verdict.COUNT and not _counts(mail, decision):
        mail.state, mail.reason = MailState.REVIEW, Reason.REFUSED
        return
    if decision.verdict is Verdict.RESEND and not _resends(mail, decision):
        mail.state, mail.reason = MailState.REVIEW, Reason.REFRESH
        return
    if decision.verdict is Verdict.PROPOSE and not _proposes(mail, decision):
        mail.state, mail.reason = MailState.REVIEW, Reason.COUNTER
        return
    if decision.weight is not None:
        invitation_services.keep_answer(
            decision.invitation_id or 0,
            decision.given or Given(answers.AnswerState.WAITING),
            decision.weight,
            sequence=decision.sequence,
            door=Door.CALENDAR,
            given_at=decision.given_at or mail.arrived_at,
        )
    if decision.verdict is Verdict.RETURN and returned is not None:
        read = queries.read_mail(mail)
        messages.note_bounced(returned.id, read.bounce.why if read.bounce else "")
    if decision.verdict is Verdict.REVIEW:
        mail.state = MailState.REVIEW
        return
    _close(mail, MailState.SETTLED, "")


def _counts(mail: ReceivedMail, decision: Decision) -> bool:
    return _tried(
        mail,
        lambda: invitation_services.take_answer(
            decision.invitation_id or 0,
            decision.given or Given(answers.AnswerState.WAITING),
            sequence=decision.sequence,
            door=Door.CALENDAR,
            given_at=decision.given_at,
        ),
    )


def _resends(mail: ReceivedMail, decision: Decision) -> bool:
    """Send the person what stands, as the calendar asks (RFC 5546 3.2.6)."""
    return _tried(mail, lambda: invitation_services.refresh(decision.invitation_id or 0))


def _proposes(mail: ReceivedMail, decision: Decision) -> bool:
    wish, invitation_id = decision.wish, decision.invitation_id
    if wish is None or invitation_id is None:
        return False
    return _tried(
        mail,
        lambda: proposals.propose(
            invitation_id, wish, decision.comment, sequence=decision.sequence, door=Door.CALENDAR
        ),
    )


def _tried(mail: ReceivedMail, act: Callable[[], object]) -> bool:
    """Do what a mail asks; where that is refused, undo what was begun and say why beside the mail."""
    try:
        with db.session.begin_nested():
            act()
    except Refused as refusal:
        mail.words = str(refusal)[:LONGEST_WORDS]
        return False
    return True


def _close(mail: ReceivedMail, state: MailState, by: str) -> None:
    """Nothing is left to be decided: the bytes go, what it was stays."""
    mail.state, mail.settled_at, mail.settled_by = state, clock.now(), by
    if state is MailState.SETTLED:
        mail.raw = None


# --- what a clerk does ---------------------------------------------------------


def take_by_hand(mail_id: int, invitation_id: int, given: Given, *, sequence: int, by: Account) -> Invitation:
    """Write down as an answer what a clerk reads in a mail. Raises AlreadyDone, and what `take_answer` raises."""
    mail = _open(mail_id)
    invitation = invitation_services.take_answer(
        invitation_id, given, sequence=sequence, door=Door.MAIL, by=by
    )
    mail.invitation_id, mail.unit_id = invitation.id, invitation.meeting.unit_id
    _close(mail, MailState.SETTLED, by.name)
    audit.record("inbox:mail:take", mail, by=by, sentence=invitation.name)
    return invitation


def add_sender(mail_id: int, person_id: int, *, by: Account) -> ReceivedMail:
    """Put the sender's address to a person's name, and read the mail again with that knowledge.

    Raises AlreadyDone, NoAddress, Missing.
    """
    mail = _open(mail_id)
    sender = queries.read_mail(mail).sender
    if not sender or sender == messages.sender()[1].lower():
        raise NoAddress
    people.add_address(person_id, sender, by=by)
    mail.state = MailState.NEW
    # It is locked and read anew there.
    db.session.flush()
    return settle(mail.id)


def dismiss(mail_id: int, *, by: Account) -> ReceivedMail:
    """Decide that nothing is to be done about a mail. Raises AlreadyDone."""
    mail = _open(mail_id)
    _close(mail, MailState.DISMISSED, by.name)
    audit.record("inbox:mail:dismiss", mail, by=by)
    return mail


def reopen(mail_id: int, *, by: Account) -> ReceivedMail:
    """Lay a dismissed mail before the clerks again. Raises AlreadyDone where it is not dismissed, or emptied."""
    mail = lock(ReceivedMail, mail_id)
    if mail.state != MailState.DISMISSED or mail.erased_at is not None:
        raise AlreadyDone
    mail.state, mail.settled_at, mail.settled_by = MailState.REVIEW, None, ""
    audit.record("inbox:mail:reopen", mail, by=by)
    return mail


def _open(mail_id: int) -> ReceivedMail:
    mail = lock(ReceivedMail, mail_id)
    if not mail.is_open:
        raise AlreadyDone
    return mail
