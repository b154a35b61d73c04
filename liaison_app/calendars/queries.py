"""Reads about people's own calendars."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from liaison_app.core.db import db
from liaison_app.core.errors import Missing
from liaison_app.orgs.kinds import ANSWERING
from liaison_app.people import queries as people
from liaison_app.people.models import Person, Post
from liaison_app.stations import queries as stations

from .models import BusyBlock, CalendarSource


@dataclass(frozen=True)
class Owner:
    """Somebody whose calendars are looked after, by whoever is responsible on one of `unit_paths`."""

    person: Person
    unit_paths: tuple[str, ...]


@dataclass(frozen=True)
class Owned:
    """One calendar with its owner."""

    source: CalendarSource
    owner: Owner

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return self.owner.unit_paths


@dataclass(frozen=True)
class Busy:
    """Somebody who is busy by a calendar of their own: who and when, and nothing of what."""

    person_id: int
    who: str
    starts_at: datetime
    ends_at: datetime
    is_tentative: bool


def get_owner(person_id: int) -> Owner:
    """Return somebody of the registers, or raise Missing."""
    person = people.get_card(person_id)
    return Owner(person, stations.paths_of(person))


def get_source(person_id: int, source_id: int) -> Owned:
    """Return one calendar that is this person's, or raise Missing."""
    source = find_source(source_id)
    if source is None or source.person_id != person_id:
        raise Missing
    return Owned(source, get_owner(person_id))


def find_source(source_id: int) -> CalendarSource | None:
    """Return a calendar that is still read, or None."""
    wanted = select(CalendarSource).where(CalendarSource.id == source_id, CalendarSource.removed_at.is_(None))
    return db.session.scalar(wanted)


def list_sources(person_id: int) -> Sequence[CalendarSource]:
    """Return somebody's calendars, the oldest first."""
    theirs = CalendarSource.person_id == person_id, CalendarSource.removed_at.is_(None)
    return list(db.session.scalars(select(CalendarSource).where(*theirs).order_by(CalendarSource.id)))


def list_posts(paths: Collection[str]) -> Sequence[Post]:
    """Return the posts in answering units of these subtrees, whose holders' calendars may be looked after."""
    held = people.list_posts(ANSWERING)
    return [
        post for post in held if not post.is_contact and any(post.unit.path.startswith(one) for one in paths)
    ]


def list_due(now: datetime, limit: int) -> Sequence[int]:
    """Return the ids of the calendars that are to be read again, the longest overdue first."""
    wanted = select(CalendarSource.id).where(
        CalendarSource.next_at <= now, CalendarSource.removed_at.is_(None)
    )
    return list(db.session.scalars(wanted.order_by(CalendarSource.next_at, CalendarSource.id).limit(limit)))


def list_busy(person_ids: Collection[int], starts_at: datetime, ends_at: datetime) -> Sequence[Busy]:
    """Return who of these people is busy by an own calendar in [starts_at, ends_at), earliest first."""
    rows = db.session.execute(
        select(Person.id, Person.name, BusyBlock.starts_at, BusyBlock.ends_at, BusyBlock.is_tentative)
        .join(Person, Person.id == BusyBlock.person_id)
        .where(
            BusyBlock.person_id.in_(person_ids),
            BusyBlock.starts_at < ends_at,
            BusyBlock.ends_at > starts_at,
        )
        .order_by(BusyBlock.starts_at, Person.id, BusyBlock.ends_at)
        .distinct()
    )
    return [Busy(*row) for row in rows]


def by_person(person_ids: Collection[int]) -> dict[int, list[CalendarSource]]:
    """Return, per person, the calendars that are read."""
    rows = db.session.scalars(
        select(CalendarSource)
        .where(CalendarSource.person_id.in_(person_ids), CalendarSource.removed_at.is_(None))
        .options(joinedload(CalendarSource.person))
        .order_by(CalendarSource.id)
    )
    found: dict[int, list[CalendarSource]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(row)
    return found
