"""Reads about invitations: who was asked, who answered what, who is silent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import contains_eager, joinedload, load_only

from liaison_app.core.db import db, get
from liaison_app.core.errors import Missing
from liaison_app.core.tokens import digest
from liaison_app.messages.models import Message, MessageState
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.queries import within
from liaison_app.people.models import Person, Post, PostKind
from liaison_app.scheduling.models import Meeting, Participant
from liaison_app.scheduling.rules import PUBLIC_STATES

from .kinds import AnswerState, Weight
from .models import AnswerRecord, Invitation

# Who may sit at the table in the head's place, first the nearest.
_STAND_IN_ORDER = {PostKind.DEPUTY_HEAD: 0, PostKind.OFFICER: 1, PostKind.CONTACT: 2, PostKind.HEAD: 3}


class Counts(NamedTuple):
    """How many were asked and what they said; who sent a stand-in is in `total` alone."""

    accepted: int
    declined: int
    tentative: int
    waiting: int
    total: int

    @property
    def answered(self) -> int:
        return self.total - self.waiting


@dataclass(frozen=True)
class Seen:
    """An invitation as one side sees it: the host, or the invited person's own unit, and not the other."""

    invitation: Invitation
    unit_paths: tuple[str, ...]


def get_hosted(meeting_id: int, invitation_id: int) -> Seen:
    """Return an invitation of this meeting, and of no other (SECURITY A7), for the host; or raise Missing."""
    invitation = get(Invitation, invitation_id)
    if invitation.meeting_id != meeting_id:
        raise Missing
    return Seen(invitation, invitation.meeting.unit_paths)


def get_of_unit(invitation_id: int) -> Seen:
    """Return an invitation for the unit that the person comes from, or raise Missing where there is none."""
    invitation = get(Invitation, invitation_id)
    unit = invitation.participant.unit
    if unit is None or invitation.withdrawn_at is not None:
        raise Missing
    return Seen(invitation, unit.unit_paths)


def get_by_token(token: str) -> Invitation:
    """Return the invitation that a personal link opens, or raise Missing."""
    invitation = db.session.scalar(select(Invitation).where(Invitation.token_hash == digest(token)))
    if invitation is None:
        raise Missing
    return invitation


def find_of(participant_id: int) -> Invitation | None:
    """Return the invitation of a participant, or None."""
    return db.session.scalar(select(Invitation).where(Invitation.participant_id == participant_id))


def list_of_meeting(meeting_id: int) -> Sequence[Invitation]:
    """Return all invitations of a meeting: first who has not answered, last who is no longer asked."""
    wanted = (
        select(Invitation)
        .join(Invitation.participant)
        .where(Invitation.meeting_id == meeting_id)
        .options(contains_eager(Invitation.participant).joinedload(Participant.stand_in_for))
        .order_by(
            Invitation.withdrawn_at.is_not(None),
            case((Invitation.answer == AnswerState.WAITING, 0), else_=1),
            Participant.position,
            Invitation.id,
        )
    )
    return list(db.session.scalars(wanted))


def list_live(meeting_id: int) -> Sequence[Invitation]:
    """Return the invitations that stand, in the order of the table."""
    return [one for one in list_of_meeting(meeting_id) if one.withdrawn_at is None]


def list_silent(meeting_id: int) -> Sequence[Invitation]:
    """Return the invitations that nobody has answered yet."""
    return [one for one in list_live(meeting_id) if one.answer == AnswerState.WAITING]


def list_records(meeting_id: int) -> Sequence[tuple[AnswerRecord, bool]]:
    """Return every answer to a meeting's invitations as it came, the newest first, also those that lost; and of each
    whether it is the one in force."""
    wanted = (
        select(AnswerRecord)
        .join(AnswerRecord.invitation)
        .where(AnswerRecord.meeting_id == meeting_id)
        .options(contains_eager(AnswerRecord.invitation))
        .order_by(AnswerRecord.id.desc())
    )
    decided: set[int] = set()
    rows = []
    for one in db.session.scalars(wanted):
        counted = one.weight == Weight.COUNTED
        stands = counted and one.invitation_id not in decided and one.invitation.answer == one.answer
        if counted:
            decided.add(one.invitation_id)
        rows.append((one, stands))
    return rows


def counts_for(meeting_ids: Collection[int]) -> dict[int, Counts]:
    """Return the counts of each meeting that has sent invitations, by one query."""

    def number_of(answer: AnswerState) -> ColumnElement[int]:
        return func.sum(case((Invitation.answer == answer, 1), else_=0))

    rows = db.session.execute(
        select(
            Invitation.meeting_id,
            number_of(AnswerState.ACCEPTED),
            number_of(AnswerState.DECLINED),
            number_of(AnswerState.TENTATIVE),
            number_of(AnswerState.WAITING),
            func.count(),
        )
        .where(Invitation.meeting_id.in_(meeting_ids), Invitation.withdrawn_at.is_(None))
        .group_by(Invitation.meeting_id)
    )
    return {meeting_id: Counts(*map(int, numbers)) for meeting_id, *numbers in rows}


def list_of_units(paths: Collection[str], since: datetime) -> Sequence[Invitation]:
    """Return what people of the units below `paths` are asked to, as members of these units, from `since` on."""
    wanted = (
        select(Invitation)
        .join(Invitation.participant)
        .join(Participant.unit)
        .join(Invitation.meeting)
        .where(
            within(paths),
            Invitation.withdrawn_at.is_(None),
            Meeting.ends_at >= since,
            Meeting.state.in_(PUBLIC_STATES),
        )
        .options(
            contains_eager(Invitation.participant).contains_eager(Participant.unit),
            contains_eager(Invitation.meeting).options(joinedload(Meeting.room), joinedload(Meeting.station)),
        )
        .order_by(Meeting.starts_at, Meeting.id, OrgUnit.protocol_order, Participant.position)
    )
    return list(db.session.scalars(wanted))


def list_of_person(person_id: int, since: datetime) -> Sequence[Invitation]:
    """Return what somebody is asked to, whatever for, from `since` on."""
    wanted = (
        select(Invitation)
        .join(Invitation.participant)
        .join(Invitation.meeting)
        .where(
            Participant.person_id == person_id,
            Invitation.withdrawn_at.is_(None),
            Meeting.ends_at >= since,
            Meeting.state.in_(PUBLIC_STATES),
        )
        .options(
            contains_eager(Invitation.participant),
            contains_eager(Invitation.meeting).options(joinedload(Meeting.room), joinedload(Meeting.station)),
        )
        .order_by(Meeting.starts_at, Meeting.id)
    )
    return list(db.session.scalars(wanted))


def has_been_told(about: str, thread: str) -> bool:
    """Return whether any message of this thread has left, or may have."""
    gone = (MessageState.SENDING, MessageState.SENT, MessageState.TOLD)
    wanted = select(Message.id).where(Message.about == about, Message.thread == thread)
    return db.session.scalar(wanted.where(Message.state.in_(gone)).limit(1)) is not None


def has_waiting(about: str, thread: str, kind: str) -> bool:
    """Return whether a message of this thread and kind has not left yet."""
    wanted = select(Message.id).where(Message.about == about, Message.thread == thread, Message.kind == kind)
    waits = (Message.state == MessageState.QUEUED, Message.superseded_at.is_(None))
    return db.session.scalar(wanted.where(*waits).limit(1)) is not None


def latest_messages(meeting_id: int) -> dict[str, Message]:
    """Return the last message of each thread about a meeting, without its contents."""
    wanted = (
        select(Message)
        .where(Message.about == f"meeting:{meeting_id}")
        .options(
            load_only(Message.thread, Message.channel, Message.state, Message.failure, Message.settled_at)
        )
        .order_by(Message.id)
    )
    return {message.thread: message for message in db.session.scalars(wanted)}


def list_stand_ins(participant: Participant) -> Sequence[Post]:
    """Return the posts of the participant's unit that are held by somebody else now, deputy heads first."""
    if participant.unit_id is None:
        return []
    wanted = (
        select(Post)
        .join(Post.person)
        .where(
            Post.unit_id == participant.unit_id,
            Post.person_id != participant.person_id,
            Post.ended_at.is_(None),
        )
        .options(contains_eager(Post.person))
        .order_by(Post.protocol_order, Person.id)
    )
    return sorted(db.session.scalars(wanted), key=lambda post: _STAND_IN_ORDER[post.kind])


def find_stand_in(participant: Participant) -> Participant | None:
    """Return who comes in the participant's place, or None."""
    return db.session.scalar(
        select(Participant).where(
            Participant.meeting_id == participant.meeting_id,
            Participant.stand_in_for_id == participant.person_id,
            Participant.removed_at.is_(None),
            Participant.declined_at.is_(None),
        )
    )
