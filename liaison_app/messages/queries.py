"""What was sent to whom about what, and what waits for a clerk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, defer

from liaison_app.core.db import db
from liaison_app.core.errors import Missing
from liaison_app.core.web import current_settings
from liaison_app.jobs import queries as jobs
from liaison_app.orgs.queries import within

from .kinds import OPEN_STATES, Channel, MessageState, Outcome
from .models import Delivery, Message

Rows = TypeVar("Rows", bound=Select)

DELIVER = "messages.deliver"
PER_PAGE = 50
ATTENTION = "attention"


@dataclass(frozen=True)
class Filter:
    """What to show of the outbox. `state` is a state or “attention”; an empty field does not narrow."""

    state: str = ""
    channel: str = ""
    kind: str = ""
    meeting_id: int | None = None
    thread: str = ""
    text: str = ""


def mail_is_on() -> bool:
    """Return whether a mail server is set; without one every message waits for a clerk."""
    return bool(current_settings().smtp_url)


def get_message(message_id: int) -> Message:
    """Return a message with its unit, or raise Missing."""
    wanted = (
        select(Message)
        .join(Message.unit)
        .where(Message.id == message_id)
        .options(contains_eager(Message.unit))
    )
    message = db.session.scalar(wanted)
    if message is None:
        raise Missing
    return message


def measure_outbox() -> tuple[int, int, datetime | None]:
    """Return how many mails wait to leave, how many messages failed, and when the oldest that waits was written."""
    waiting = and_(
        Message.channel == Channel.EMAIL, Message.state.in_((MessageState.QUEUED, MessageState.SENDING))
    )
    figures = select(
        func.count().filter(waiting),
        func.count().filter(Message.state == MessageState.FAILED),
        func.min(case((waiting, Message.created_at))),
    ).where(Message.state.in_(OPEN_STATES))
    count, failed, oldest = db.session.execute(figures).one()
    return count, failed, oldest


def find_by_key(dedupe_key: str) -> Message | None:
    return db.session.scalar(select(Message).where(Message.dedupe_key == dedupe_key))


def list_by_message_ids(ids: Collection[str]) -> Sequence[Message]:
    """Return our own mails that are known to the world by these Message-IDs, the newest first, without their bytes."""
    wanted = select(Message).where(Message.message_id.in_(ids), Message.message_id != "")
    wanted = wanted.order_by(Message.id.desc()).options(defer(Message.raw), defer(Message.calendar))
    return list(db.session.scalars(wanted)) if ids else []


def count_written(about: str, thread: str, *, since: datetime) -> int:
    """Return how many messages of a thread were written since a moment, whatever became of them."""
    of_thread = Message.about == about, Message.thread == thread, Message.created_at > since
    return db.session.scalar(select(func.count()).select_from(Message).where(*of_thread)) or 0


def list_deliveries(message_id: int) -> Sequence[Delivery]:
    """Return every try to deliver a mail, the first one first."""
    tries = select(Delivery).where(Delivery.message_id == message_id)
    return list(db.session.scalars(tries.order_by(Delivery.id)))


def list_about(about: str) -> Sequence[Message]:
    """Return every message about one thing (“meeting:12”), the newest first, without its bytes."""
    wanted = select(Message).where(Message.about == about).order_by(Message.id.desc())
    return list(db.session.scalars(wanted.options(defer(Message.raw), defer(Message.calendar))))


def search(paths: Collection[str], wanted: Filter, page: int) -> tuple[Sequence[Message], int]:
    """Return one page of what lies in the subtrees, without the bytes, and how many there are.

    What waits for a person comes first, then the newest.
    """
    total = db.session.scalar(_narrowed(select(func.count()).select_from(Message), paths, wanted)) or 0
    rows = _narrowed(select(Message), paths, wanted).options(
        contains_eager(Message.unit), defer(Message.raw), defer(Message.calendar)
    )
    order = case((needs_attention(), 0), else_=1), Message.id.desc()
    rows = rows.order_by(*order).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    return list(db.session.scalars(rows)), total


def count_by_state(paths: Collection[str], wanted: Filter) -> dict[str, int]:
    """Return how many messages there are in each state, and under “attention”, whatever state is chosen."""
    others = replace(wanted, state="")
    waits = func.count().filter(needs_attention())
    rows = _narrowed(select(Message.state, func.count(), waits), paths, others).group_by(Message.state)
    counts, attention = {}, 0
    for state, count, waiting in db.session.execute(rows):
        counts[str(state)] = count
        attention += waiting
    return counts | {ATTENTION: attention}


def count_attention(paths: Collection[str]) -> int:
    """Return how many messages of the subtrees wait for a person: failed, or to be told by telephone."""
    wanted = (
        select(func.count()).select_from(Message).join(Message.unit).where(within(paths), needs_attention())
    )
    return db.session.scalar(wanted) or 0


def needs_attention() -> ColumnElement[bool]:
    """Return the condition that nothing more happens with a message unless a person acts."""
    by_hand = Message.state == MessageState.QUEUED
    if mail_is_on():
        by_hand = and_(by_hand, Message.channel == Channel.PHONE)
    return or_(Message.state == MessageState.FAILED, by_hand)


def find_unreachable(paths: Collection[str]) -> tuple[int, datetime] | None:
    """Return how many mails wait while the mail server does not answer, and since when; None if it does."""
    stranded = func.count().filter(Message.failure == Outcome.UNREACHABLE)
    waiting = select(func.count(), func.min(Message.created_at), stranded).join(Message.unit)
    count, since, tried = db.session.execute(waiting.where(within(paths), *_waits_for_server())).one()
    return (count, since) if tried else None


def has_stranded(now: datetime) -> bool:
    """Return whether a mail was put off because the mail server did not answer."""
    put_off = exists().where(*_waits_for_server(), Message.next_try_at > now)
    return bool(db.session.scalar(select(put_off)))


def list_stranded_ids(limit: int) -> Sequence[int]:
    """Return the mails that only wait for the mail server, locked; another worker's are left out."""
    waiting = select(Message.id).where(*_waits_for_server()).order_by(Message.id)
    return list(db.session.scalars(waiting.limit(limit).with_for_update(skip_locked=True)))


def _waits_for_server() -> tuple[ColumnElement[bool], ...]:
    nothing_else = or_(Message.failure == Outcome.UNREACHABLE, Message.failure.is_(None))
    return Message.channel == Channel.EMAIL, Message.state == MessageState.QUEUED, nothing_else


def has_older_underway(message: Message, now: datetime) -> bool:
    """Return whether a worker holds an earlier message of the same thread just now (RFC 5546 2.1.5)."""
    older = aliased(Message)
    earlier = select(older.id).where(
        older.about == message.about,
        older.thread == message.thread,
        older.id < message.id,
        jobs.is_running(DELIVER, older.id, now),
    )
    return db.session.scalar(earlier.limit(1)) is not None


def list_forgotten(limit: int) -> Sequence[Message]:
    """Return mails that should go out but have no job: they were written while no mail server was set."""
    wanted = select(Message).where(
        Message.channel == Channel.EMAIL,
        Message.state.in_((MessageState.QUEUED, MessageState.SENDING)),
        ~jobs.holds_live(DELIVER, Message.id),
    )
    return list(db.session.scalars(wanted.order_by(Message.id).limit(limit).options(defer(Message.raw))))


def list_expired(now: datetime, limit: int) -> Sequence[Message]:
    """Return messages that nobody has sent or told and that are of no use any more."""
    wanted = select(Message).where(Message.state == MessageState.QUEUED, Message.expires_at <= now)
    return list(db.session.scalars(wanted.order_by(Message.id).limit(limit).options(defer(Message.raw))))


def list_open_ids(about: str, thread: str) -> Sequence[int]:
    """Return the messages of a thread that have not left yet, locked."""
    of_thread = select(Message.id).where(Message.about == about, Message.thread == thread)
    return list(
        db.session.scalars(
            of_thread.where(Message.state.in_(OPEN_STATES)).order_by(Message.id).with_for_update()
        )
    )


def _narrowed(rows: Rows, paths: Collection[str], wanted: Filter) -> Rows:
    rows = rows.join(Message.unit).where(within(paths))
    if wanted.state == ATTENTION:
        rows = rows.where(needs_attention())
    elif wanted.state:
        rows = rows.where(Message.state == wanted.state)
    if wanted.channel:
        rows = rows.where(Message.channel == wanted.channel)
    if wanted.kind:
        rows = rows.where(Message.kind == wanted.kind)
    if wanted.meeting_id is not None:
        rows = rows.where(Message.about == f"meeting:{wanted.meeting_id}")
    if wanted.thread:
        rows = rows.where(Message.thread == wanted.thread)
    if wanted.text:
        has_text = (
            column.icontains(wanted.text, autoescape=True) for column in (Message.to_name, Message.subject)
        )
        rows = rows.where(or_(*has_text))
    return rows
