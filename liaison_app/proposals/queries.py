"""Reads about proposals: what waits, and whether a wished time can be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from liaison_app.core import clock
from liaison_app.core.db import db, get
from liaison_app.core.errors import Missing
from liaison_app.core.text import from_local, local
from liaison_app.invitations import queries as invitations
from liaison_app.invitations.kinds import AnswerState
from liaison_app.scheduling import queries as meetings
from liaison_app.scheduling.errors import Blocker
from liaison_app.scheduling.models import Meeting, Occupancy
from liaison_app.scheduling.queries import within
from liaison_app.scheduling.rules import Span, notice_by, person_resource, room_resource
from liaison_app.signups import queries as signups
from liaison_app.stations.models import Room
from liaison_app.workdays.queries import calendar_between

from . import rules
from .kinds import Condition, Grade, ProposalState
from .models import Proposal


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a wished time can be, by what the ledger and the calendar say now.

    `blockers` stand in its way; `room` is another one of the same station where the meeting's own is taken.
    `asked_anew` people would have to answer again, `had_accepted` of whom had said yes; `signed_up` people of the
    public would be told.
    """

    grade: Grade
    conditions: tuple[Condition, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    room: Room | None = None
    asked_anew: int = 0
    had_accepted: int = 0
    signed_up: int = 0
    is_over: bool = False


def get_of_meeting(meeting_id: int, proposal_id: int) -> Proposal:
    """Return a proposal to this meeting, and to no other (SECURITY A7), or raise Missing."""
    proposal = get(Proposal, proposal_id)
    if proposal.meeting_id != meeting_id:
        raise Missing
    return proposal


def list_of_meeting(meeting_id: int) -> Sequence[Proposal]:
    """Return the proposals to a meeting: those that wait first, then the newest."""
    wanted = select(Proposal).where(Proposal.meeting_id == meeting_id)
    return list(db.session.scalars(wanted.order_by(Proposal.state != ProposalState.OPEN, Proposal.id.desc())))


def list_open(meeting_id: int) -> Sequence[Proposal]:
    """Return the proposals to a meeting that wait for its host."""
    return [one for one in list_of_meeting(meeting_id) if one.state == ProposalState.OPEN]


def open_invitation_ids(meeting_id: int) -> set[int]:
    """Return the invitations of a meeting whose people wait for an answer to their proposal."""
    wanted = select(Proposal.invitation_id).where(
        Proposal.meeting_id == meeting_id, Proposal.state == ProposalState.OPEN
    )
    return set(db.session.scalars(wanted))


def count_open(paths: Collection[str]) -> dict[int, int]:
    """Return how many proposals wait, per meeting of the subtrees."""
    rows = db.session.execute(
        select(Proposal.meeting_id, func.count())
        .join(Proposal.meeting)
        .where(within(paths), Proposal.state == ProposalState.OPEN)
        .group_by(Proposal.meeting_id)
    )
    return dict(rows.all())


def list_of_invitation(invitation_id: int) -> Sequence[Proposal]:
    """Return what one person proposed, the newest first."""
    wanted = select(Proposal).where(Proposal.invitation_id == invitation_id).order_by(Proposal.id.desc())
    return list(db.session.scalars(wanted.options(joinedload(Proposal.meeting))))


def list_offers(invitation_id: int, now: datetime) -> list[Span]:
    """Return the other times that the person was last given, as far as they are still ahead.

    None after the meeting was moved: they went with the old time.
    """
    latest = next(iter(list_of_invitation(invitation_id)), None)
    if latest is None or latest.state != ProposalState.DECLINED:
        return []
    if latest.sequence < latest.meeting.significant_sequence:
        return []
    return [span for span in latest.offered_spans if span[0] > now]


def held_by(proposal: Proposal) -> set[int]:
    """Return what the meeting holds now, and the person who proposes: who asks to come at a time is to come."""
    held = select(Occupancy.resource_id).where(Occupancy.meeting_id == proposal.meeting_id, Occupancy.live)
    return set(db.session.scalars(held)) | {person_resource(proposal.invitation.participant.person_id)}


def judge(proposal: Proposal) -> Verdict:
    """Return whether the meeting could be at the wished time."""
    meeting, now = proposal.meeting, clock.now()
    span = (proposal.starts_at, proposal.ends_at)
    blockers = meetings.find_blockers(held_by(proposal), *span, but_meeting_id=meeting.id)
    room = _other_room(meeting, span) if blockers and all(one.kind in {"room"} for one in blockers) else None
    conditions = ([Condition.OTHER_ROOM] if room else []) + _conditions(meeting, span, now)
    is_over = span[0] <= now
    asked = invitations.list_live(meeting.id)
    return Verdict(
        grade=rules.grade(is_blocked=is_over or bool(blockers and room is None), conditions=conditions),
        conditions=tuple(conditions),
        blockers=tuple(blockers),
        room=room,
        asked_anew=len(asked),
        had_accepted=sum(one.answer == AnswerState.ACCEPTED for one in asked),
        signed_up=len(signups.list_live(meeting.id)),
        is_over=is_over,
    )


def _conditions(meeting: Meeting, span: Span, now: datetime) -> list[Condition]:
    day = local(span[0]).date()
    found = []
    if meeting.is_public and now > notice_by(meeting.kind, span[0]):
        found.append(Condition.LATE_NOTICE)
    if not calendar_between(day, day).is_workday(day):
        found.append(Condition.NO_WORKDAY)
    if not rules.is_in_office_hours(span, from_local(day, time(0))):
        found.append(Condition.OFF_HOURS)
    if meeting.signup_closes_at is not None and meeting.signup_closes_at > span[0]:
        found.append(Condition.SIGNUP_ENDS)
    return found


def _other_room(meeting: Meeting, span: Span) -> Room | None:
    """Return the smallest free room of the same station that holds everybody, or None."""
    if meeting.room is None:
        return None
    expected = sum(one.is_expected for one in meeting.participants)
    wanted = min(meeting.room.capacity, expected + sum(pool.seats for pool in meeting.pools))
    free = meetings.free_rooms([meeting.room.station_id], *span, meeting.id)
    fitting = [room for room in free if room.capacity >= wanted and room.id != meeting.room_id]
    return min(fitting, key=lambda room: (room.capacity, room.id), default=None)


def list_feasible(proposal: Proposal) -> Sequence[Span]:
    """Return up to three times, near the wished one, at which room and people are free: in office hours of workdays,
    and, where the meeting is public, with time enough to give notice."""
    meeting, now = proposal.meeting, clock.now()
    found = meetings.suggest_times(
        held_by(proposal) | ({room_resource(meeting.room_id)} if meeting.room_id else set()),
        proposal.starts_at,
        proposal.ends_at,
        now,
        meeting.id,
    )
    present = (meeting.starts_at, meeting.ends_at)
    return [
        span
        for span in found
        if span != present and not (meeting.is_public and now > notice_by(meeting.kind, span[0]))
    ][: rules.MOST_OFFERS]
