"""Write messages down, and settle what became of them. Nothing here sends."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from sqlalchemy import String, cast, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from liaison_app.audit import services as audit
from liaison_app.audit.kinds import Result
from liaison_app.audit.services import Actor
from liaison_app.core import clock
from liaison_app.core.db import db, lock
from liaison_app.core.text import clean_line, clean_name
from liaison_app.core.web import current_settings
from liaison_app.jobs import rules as job_rules
from liaison_app.jobs import services as jobs
from liaison_app.jobs.errors import Retry
from liaison_app.jobs.queries import has_live
from liaison_app.jobs.rules import Work

from . import mime, queries, rules
from .errors import AlreadySettled, BadMessage, DeliveryFailed, PermanentFailure, Replaced
from .kinds import OPEN_STATES, Channel, MessageState, Outcome
from .models import Delivery, Message
from .queries import DELIVER

AT_ONCE = 500
SENT = "messages:message:send"
ORDER_WAIT = timedelta(minutes=1)
# Where a server does not even hang up, each try takes a minute: the others wait, so that other work goes on.
SERVER_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True)
class Letter:
    """What the worker hands to the mail server, and the try to which the outcome belongs."""

    message_id: int
    delivery_id: int
    sender: str
    recipient: str
    raw: bytes


def sender() -> tuple[str, str]:
    """Return name and bare address of whom our mails come from; ORGANIZER must have the same address."""
    settings = current_settings()
    name, address = parseaddr(settings.mail_from)
    return name or settings.office_name, address


def own_host() -> str:
    """Return the name under which this installation introduces itself to a mail server."""
    return urlsplit(current_settings().base_url).hostname or "localhost"


# --- writing -----------------------------------------------------------------


def queue_email(
    kind: str,
    *,
    unit_id: int,
    about: str,
    dedupe_key: str,
    to_name: str,
    to_address: str,
    subject: str,
    text: str,
    html: str | None = None,
    calendar: bytes | None = None,
    method: str | None = None,
    references: str | None = None,
    expires_at: datetime | None = None,
) -> Message:
    """Write down one mail in its final bytes; the worker sends it where a mail server is set.

    A `dedupe_key` (“kind:subject:sequence”) that is there already gives the message it belongs to. A mail
    that must not leave the building is kept as failed, with the reason, for a clerk to act on.
    """
    now = clock.now()
    name, address = sender()
    message = Message(
        kind=kind,
        channel=Channel.EMAIL,
        state=MessageState.QUEUED,
        unit_id=unit_id,
        about=about,
        thread=rules.thread_of(dedupe_key),
        dedupe_key=dedupe_key,
        to_name=clean_name(to_name)[:100],
        to_address=to_address,
        subject=mime.header_text(subject),
        body=text,
        calendar=calendar,
        message_id=f"<{secrets.token_hex(16)}@{address.rpartition('@')[2]}>",
        created_at=now,
        expires_at=expires_at,
    )
    try:
        message.raw = mime.build(
            sender_name=name,
            sender_address=address,
            to_name=to_name,
            to_address=to_address,
            subject=subject,
            text=text,
            html=html,
            calendar=calendar,
            method=method,
            message_id=message.message_id,
            date=now,
            references=references,
        )
    except BadMessage as flaw:
        _settle(message, MessageState.FAILED, now, failure=Outcome.BAD, why=flaw.why)
    return _store(message)


def queue_phone(
    kind: str,
    *,
    unit_id: int,
    about: str,
    dedupe_key: str,
    to_name: str,
    to_phone: str = "",
    subject: str,
    text: str,
    expires_at: datetime | None = None,
) -> Message:
    """Put somebody without a mail address on the clerk's list; `text` is to be read out or copied into an SMS."""
    message = Message(
        kind=kind,
        channel=Channel.PHONE,
        state=MessageState.QUEUED,
        unit_id=unit_id,
        about=about,
        thread=rules.thread_of(dedupe_key),
        dedupe_key=dedupe_key,
        to_name=clean_name(to_name)[:100],
        to_address=clean_line(to_phone),
        subject=mime.header_text(subject),
        body=text,
        created_at=clock.now(),
        expires_at=expires_at,
    )
    return _store(message)


def _store(message: Message) -> Message:
    """Add the message and its job, or return the one that has its key already."""
    if found := queries.find_by_key(message.dedupe_key):
        return found
    try:
        with db.session.begin_nested():
            db.session.add(message)
    except IntegrityError:
        # Another transaction has written the same message between the look and the insert.
        found = queries.find_by_key(message.dedupe_key)
        if found is None:
            raise
        return found
    if message.channel == Channel.EMAIL and message.state == MessageState.QUEUED and queries.mail_is_on():
        jobs.enqueue(DELIVER, message.id)
    return message


def drop_superseded(about: str, thread: str) -> int:
    """Take back what of a thread has not left yet, because a later message is about to take its place.

    Returns how many messages that were. What is on the wire just now still arrives, but is not tried
    again; and nothing older can be sent again by hand (RFC 5546 2.1.5).
    """
    now = clock.now()
    open_ids = queries.list_open_ids(about, thread)
    of_thread = (Message.about == about, Message.thread == thread, Message.superseded_at.is_(None))
    db.session.execute(update(Message).where(*of_thread).values(superseded_at=now))
    _drop(open_ids, now)
    return len(open_ids)


def _drop(ids: Sequence[int], now: datetime) -> None:
    dropped = {"state": MessageState.DROPPED, "settled_at": now, "next_try_at": None}
    db.session.execute(update(Message).where(Message.id.in_(ids)).values(dropped))
    jobs.cancel(DELIVER, ids)


# --- what a clerk does -------------------------------------------------------


def told_by_phone(message_id: int, *, by: Actor) -> Message:
    """Note that the person was told by telephone; a mail that waits is not sent any more.

    Raises Missing or AlreadySettled.
    """
    return _settle_by_hand(message_id, MessageState.TOLD, "messages:message:told", by)


def drop(message_id: int, *, by: Actor) -> Message:
    """Decide that the message is not to be sent. Raises Missing or AlreadySettled."""
    return _settle_by_hand(message_id, MessageState.DROPPED, "messages:message:drop", by)


def _settle_by_hand(message_id: int, state: MessageState, action: str, by: Actor) -> Message:
    message = lock(Message, message_id)
    if not message.can_settle:
        raise AlreadySettled
    _settle(message, state, clock.now(), by=by.name)
    jobs.cancel(DELIVER, [message.id])
    audit.record(action, message, by=by, sentence=_sentence(message))
    return message


def retry(message_id: int, *, by: Actor) -> Message:
    """Send a mail again, the same bytes, as soon as there is a worker; or put a call back on the list.

    Raises Missing, AlreadySettled, or Replaced where a later message has taken its place.
    """
    message = lock(Message, message_id)
    if message.superseded_at is not None:
        raise Replaced
    if not message.can_retry:
        raise AlreadySettled
    message.state = MessageState.QUEUED
    message.next_try_at = message.settled_at = None
    message.settled_by = ""
    if message.channel == Channel.EMAIL and queries.mail_is_on():
        _send_soon(message)
    audit.record("messages:message:retry", message, by=by, sentence=_sentence(message))
    return message


def _send_soon(message: Message) -> None:
    if has_live(DELIVER, message.id):
        jobs.hasten(DELIVER, [message.id])
    else:
        jobs.enqueue(DELIVER, message.id)


def reveal_phone(message_id: int, *, by: Actor) -> None:
    """Note that somebody looked at a telephone number in full. Raises Missing."""
    message = lock(Message, message_id)
    audit.record("people:phone:reveal", message, by=by, sentence=_sentence(message))


def _sentence(message: Message) -> str:
    return message.subject if message.is_to_citizen else f"{message.to_name}　{message.subject}"


# --- what is not kept for ever -------------------------------------------------

PHONE_THREAD = "phone-"


def empty(ids: Sequence[int]) -> None:
    """Take addresses and words out of messages; what has not left yet is not sent any more.

    The place in a thread stays, so that the next message still knows what was told before; but for threads
    that are named after a telephone.
    """
    now = clock.now()
    of_these = Message.id.in_(ids)
    open_ids = list(db.session.scalars(select(Message.id).where(of_these, Message.state.in_(OPEN_STATES))))
    _drop(open_ids, now)
    nothing = {"to_name": "", "to_address": "", "body": "", "raw": None, "calendar": None, "last_error": ""}
    of_phones = Message.thread.startswith(PHONE_THREAD)
    unnamed = {"thread": "", "dedupe_key": literal("erased:").concat(cast(Message.id, String))}
    for where, values in ((of_these & of_phones, unnamed), (of_these, nothing | {"erased_at": now})):
        change = update(Message).where(where).values(values)
        db.session.execute(change.execution_options(synchronize_session=False))
    db.session.expire_all()


def rename(ids: Sequence[int], to_name: str) -> None:
    """Name other people on messages that went to several on one telephone."""
    db.session.execute(update(Message).where(Message.id.in_(ids)).values(to_name=to_name[:100]))


# --- what the worker does ----------------------------------------------------


def take(work: Work) -> Letter | None:
    """Take a mail for sending right away, or None: it is not to be sent (any more).

    Renews the lease, so that no other worker takes the same mail while this one is on the wire. Raises
    LeaseLost, Missing, or Retry while an older message of the same thread is on its way.
    """
    jobs.keep(work)
    now = clock.now()
    message = lock(Message, work.subject_id)
    if message.state not in (MessageState.QUEUED, MessageState.SENDING):
        return None
    if message.expires_at and now >= message.expires_at:
        _settle(message, MessageState.DROPPED, now, failure=Outcome.EXPIRED)
        return None
    if message.raw is None:
        _settle(
            message, MessageState.FAILED, now, failure=Outcome.BAD, why="the stored mail cannot be decrypted"
        )
        return None
    if queries.has_older_underway(message, now):
        raise Retry("an older message of the thread is on its way", at=now + ORDER_WAIT)
    message.state = MessageState.SENDING
    delivery = _begin_delivery(message, now)
    return Letter(message.id, delivery.id, sender()[1], message.to_address, message.raw)


def note_sent(letter: Letter) -> bool:
    """Settle a mail that the server took, whatever was decided about it meanwhile.

    Returns whether other mails still wait because the server did not answer: now it does.
    """
    now = clock.now()
    message = lock(Message, letter.message_id)
    _end_delivery(db.session.get_one(Delivery, letter.delivery_id), now, Outcome.SENT, "")
    _settle(message, MessageState.SENT, now)
    audit.record(SENT, message, by=None, sentence=_sentence(message))
    return queries.has_stranded(now)


def note_bounced(message_id: int, why: str) -> bool:
    """Note that a mail which a server had taken came back; `why` is in that server's words.

    Returns False where the mail is settled in some other way by now, or has left nothing to be done.
    """
    message = lock(Message, message_id)
    if message.state not in (MessageState.SENT, MessageState.SENDING):
        return False
    _settle(message, MessageState.FAILED, clock.now(), failure=Outcome.BOUNCED, why=clean_line(why)[:300])
    audit.record(SENT, message, by=None, sentence=_sentence(message), result=Result.FAILED)
    return True


def hurry_stranded() -> None:
    """Let the mails that only waited for the mail server go out now, the oldest first."""
    ids = queries.list_stranded_ids(AT_ONCE)
    jobs.hasten(DELIVER, ids)
    db.session.execute(update(Message).where(Message.id.in_(ids)).values(next_try_at=None))


def note_failure(work: Work, letter: Letter | None, failure: DeliveryFailed) -> datetime | None:
    """Settle a mail that the server did not take; `letter` is None where it was not even reached.

    Where it was not, the other mails wait a while too. Returns when to try again, or None: never, or the
    mail is not wanted any more. Raises LeaseLost.
    """
    jobs.keep(work)
    now = clock.now()
    message = lock(Message, work.subject_id)
    if letter is None:
        _hold_others_back(message, now + SERVER_PAUSE)
    delivery = db.session.get_one(Delivery, letter.delivery_id) if letter else _begin_delivery(message, now)
    _end_delivery(delivery, now, Outcome(failure.outcome), failure.why)
    if message.state not in (MessageState.QUEUED, MessageState.SENDING):
        return None
    at = None if isinstance(failure, PermanentFailure) else job_rules.next_try(work, now)
    message.failure, message.last_error = Outcome(failure.outcome), failure.why
    if at is None:
        _settle(message, MessageState.FAILED, now, failure=message.failure, why=failure.why)
        failed = Result.FAILED
        audit.record(SENT, message, by=None, sentence=_sentence(message), result=failed)
    else:
        message.state, message.next_try_at = MessageState.QUEUED, at
    return at


def _hold_others_back(message: Message, until: datetime) -> None:
    ids = [id for id in queries.list_stranded_ids(AT_ONCE) if id != message.id]
    jobs.hold_back(DELIVER, ids, until)
    sooner = or_(Message.next_try_at.is_(None), Message.next_try_at < until)
    db.session.execute(update(Message).where(Message.id.in_(ids), sooner).values(next_try_at=until))


def is_wanted(message_id: int) -> bool:
    """Return whether a mail is still to be sent: asked before the mail server is called."""
    state = db.session.scalar(select(Message.state).where(Message.id == message_id))
    return state in (MessageState.QUEUED, MessageState.SENDING)


def pick_up() -> None:
    """Give jobs to mails that have none: written before a mail server was set. Those too old become failed."""
    now = clock.now()
    for message in queries.list_forgotten(AT_ONCE):
        if rules.is_too_old(message.created_at, now):
            _settle(message, MessageState.FAILED, now, failure=message.failure or Outcome.EXPIRED)
        else:
            jobs.enqueue(DELIVER, message.id)


def drop_expired() -> None:
    """Take what is of no use any more off the lists: an invitation to a meeting that is over."""
    now = clock.now()
    for message in queries.list_expired(now, AT_ONCE):
        _settle(message, MessageState.DROPPED, now, failure=Outcome.EXPIRED)
        jobs.cancel(DELIVER, [message.id])


def hold_unsent() -> int:
    """Let nothing that waits leave by itself, and return how many mails that were: after a restore nobody knows
    whether they left after the backup was made. A clerk looks, and sends the same bytes or drops them."""
    now = clock.now()
    waiting = (
        Message.channel == Channel.EMAIL,
        Message.state.in_((MessageState.QUEUED, MessageState.SENDING)),
    )
    ids = list(db.session.scalars(select(Message.id).where(*waiting)))
    held = {"state": MessageState.FAILED, "failure": Outcome.RESTORED, "settled_at": now, "next_try_at": None}
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        db.session.execute(update(Message).where(Message.id.in_(some)).values(held))
        jobs.cancel(DELIVER, some, running=True)
    return len(ids)


def _begin_delivery(message: Message, now: datetime) -> Delivery:
    message.attempts += 1
    delivery = Delivery(message_id=message.id, started_at=now)
    db.session.add(delivery)
    # The outcome finds its row by the number.
    db.session.flush()
    return delivery


def _end_delivery(delivery: Delivery, now: datetime, outcome: Outcome, detail: str) -> None:
    delivery.ended_at, delivery.outcome, delivery.detail = now, outcome, detail


def _settle(
    message: Message,
    state: MessageState,
    now: datetime,
    *,
    by: str = "",
    failure: Outcome | None = None,
    why: str = "",
) -> None:
    message.state, message.settled_at, message.settled_by = state, now, by
    message.next_try_at = None
    message.failure, message.last_error = failure, why
