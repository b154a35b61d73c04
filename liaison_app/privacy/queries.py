"""Reads about personal data: what is left, whose it is, what a person is told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, null, select
from sqlalchemy.orm import joinedload

from liaison_app.calendars import queries as calendars
from liaison_app.core import personal
from liaison_app.core.db import db, keyed_hash
from liaison_app.core.personal import Field, Holding, Subject, Whose
from liaison_app.core.web import current_settings
from liaison_app.invitations.letters import thread_of
from liaison_app.invitations.models import Invitation
from liaison_app.messages.personal import OUTBOX
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.queries import within
from liaison_app.people.models import Person
from liaison_app.scheduling.models import Meeting, Participant
from liaison_app.signups import queries as signups
from liaison_app.signups import rules as signup_rules
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from liaison_app.signups.services import thread_of as signup_thread

from .models import Erasure, RetentionRun


@dataclass(frozen=True)
class Left:
    """What one place still holds: how many rows, since when the oldest is over, and when the next one goes.

    `overdue` should be 0 after each night; `waiting` have no day yet, because the meeting has no time.
    """

    holding: Holding
    days: int | None
    rows: int
    overdue: int = 0
    waiting: int = 0
    oldest: datetime | None = None
    next_at: datetime | None = None


@dataclass(frozen=True)
class Told:
    """What one row of a place says of somebody, and until when it does."""

    holding: Holding
    headline: str
    until: datetime | None
    facts: list[tuple[Field, Any]]


def days_of(holding: Holding) -> int | None:
    """Return for how many days a place keeps its data after the event, None where no day is counted."""
    return current_settings().retention_days[holding.period] if holding.period else None


def list_places(*whose: Whose) -> list[tuple[Holding, int | None]]:
    """Return the places of these people, or of all, with the days that count in this installation."""
    return [(one, days_of(one)) for one in personal.holdings() if not whose or one.whose in whose]


def list_left(now: datetime) -> list[Left]:
    """Return what each place still holds."""
    return [_left(holding, days, now) for holding, days in list_places()]


def _left(holding: Holding, days: int | None, now: datetime) -> Left:
    row = holding.model.id  # type: ignore[attr-defined]
    if days is None or holding.since is None:
        rows = db.session.scalar(select(func.count(row)).where(holding.holds)) or 0
        return Left(holding, None, rows)
    held = select(row, holding.since.label("since")).where(holding.holds).subquery()
    limit = now - timedelta(days=days)
    counted = func.count(held.c.id)
    rows, waiting, overdue, oldest = db.session.execute(
        select(
            counted,
            counted.filter(held.c.since.is_(None)),
            counted.filter(held.c.since <= limit),
            func.min(held.c.since),
        )
    ).one()
    next_at = oldest + timedelta(days=days) if oldest else None
    return Left(holding, days, rows, overdue, waiting, oldest, next_at)


def list_due_ids(holding: Holding, now: datetime, limit: int) -> Sequence[int]:
    """Return rows of a place whose time is over, the oldest first."""
    days = days_of(holding)
    if days is None or holding.since is None:
        return []
    row = holding.model.id  # type: ignore[attr-defined]
    due = select(row).where(holding.holds, holding.since <= now - timedelta(days=days))
    return list(db.session.scalars(due.order_by(row).limit(limit)))


def last_run() -> RetentionRun | None:
    return db.session.scalar(select(RetentionRun).order_by(RetentionRun.id.desc()).limit(1))


def last_finished_at() -> datetime | None:
    """Return when the latest night's work that came to its end began."""
    return db.session.scalar(
        select(func.max(RetentionRun.started_at)).where(RetentionRun.ended_at.is_not(None))
    )


def count_erasures() -> int:
    return db.session.scalar(select(func.count()).select_from(Erasure)) or 0


# --- one person ---------------------------------------------------------------


def subject_of_signup(signup: SignUp) -> Subject:
    """Return whose data goes with a sign-up: that one person at that one meeting."""
    threads = () if signup.erased_at else ((f"meeting:{signup.meeting_id}", signup_thread(signup)),)
    return Subject(signup_id=signup.id, threads=threads, name=signup.name)


def subject_of_person(person: Person) -> Subject:
    """Return whose data goes with somebody of the registers."""
    invitations = db.session.scalars(
        select(Invitation)
        .join(Participant, Invitation.participant_id == Participant.id)
        .where(Participant.person_id == person.id)
    )
    threads = tuple((f"meeting:{one.meeting_id}", thread_of(one)) for one in invitations)
    return Subject(person_id=person.id, threads=threads, name=person.name)


def tell(subject: Subject) -> list[Told]:
    """Return everything the declared places hold of somebody, and nothing of anybody else."""
    told = []
    # What was sent is long, and comes last.
    for holding, days in sorted(list_places(), key=lambda place: place[0] is OUTBOX):
        is_theirs = holding.of(subject) if holding.of else None
        if is_theirs is None:
            continue
        since = holding.since if holding.since is not None else null()
        rows = db.session.execute(select(holding.model, since).where(is_theirs, holding.holds))
        for row, over_since in rows:
            facts = [(one, one.told(row, subject)) for one in holding.fields]
            facts = [fact for fact in facts if fact[1] not in (None, "", False)]
            until = over_since + timedelta(days=days) if over_since and days else None
            headline = holding.headline(row) if holding.headline else ""
            told.append(Told(holding, headline, until, facts))
    return told


def list_same_person(signup: SignUp, paths: Collection[str] | None = None) -> Sequence[SignUp]:
    """Return the sign-ups of the same number and name that still say so; within the subtrees, if given."""
    same = (
        select(SignUp)
        .join(SignUp.meeting)
        .where(
            SignUp.mobile_key == signup.mobile_key,
            SignUp.name_key == signup.name_key,
            SignUp.erased_at.is_(None),
        )
        .options(joinedload(SignUp.meeting))
    )
    if paths is not None:
        same = same.join(OrgUnit, Meeting.unit_id == OrgUnit.id).where(within(paths))
    return list(db.session.scalars(same.order_by(SignUp.id)))


def list_of_mobile(mobile_key: str, paths: Collection[str]) -> Sequence[SignUp]:
    """Return the sign-ups of a number at meetings of the subtrees, the latest first."""
    found = (
        select(SignUp)
        .join(SignUp.meeting)
        .join(OrgUnit, Meeting.unit_id == OrgUnit.id)
        .where(SignUp.mobile_key == mobile_key, within(paths))
        .options(joinedload(SignUp.meeting))
    )
    return list(db.session.scalars(found.order_by(SignUp.id.desc())))


def gives_back(signup: SignUp, now: datetime) -> bool:
    """Return whether erasing a sign-up gives a place back."""
    return signup.state != SignUpState.WITHDRAWN and signup_rules.may_leave(
        signups.hours_of(signup.meeting), now
    )


def list_signups_before(at: datetime) -> Sequence[SignUp]:
    """Return the sign-ups of before a moment that still say whose they are."""
    wanted = select(SignUp).where(SignUp.erased_at.is_(None), SignUp.signed_up_at <= at)
    return list(db.session.scalars(wanted.options(joinedload(SignUp.meeting))))


def signup_key(signup: SignUp) -> str:
    """Return what the journal calls a sign-up: the same in every copy of the database, and nothing without the key."""
    return keyed_hash("erasure", f"signup:{signup.meeting.uid}:{signup.mobile_key}:{signup.name_key}")


def has_contacts(person: Person) -> bool:
    """Return whether something can be erased on request of somebody of the registers."""
    return bool(person.mobile or person.email or person.feed_hash or calendars.list_sources(person.id))


def contacts_key(person: Person) -> str:
    """Return what the journal calls somebody's contacts, as they are now: new ones are another matter."""
    feed = person.feed_hash or ""
    return keyed_hash("erasure", f"contacts:{person.id}:{person.mobile_key or ''}:{person.email}:{feed}")
