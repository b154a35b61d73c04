"""What waits, what is dead, who works."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, exists, func, or_, select

from liaison_app.core.db import db

from .models import Heartbeat, Job, JobState

LIVE = (JobState.WAITING, JobState.RUNNING)


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a job that may be claimed: its hour has come, or its worker has died."""
    waits = and_(Job.state == JobState.WAITING, Job.run_after <= now)
    is_orphan = and_(Job.state == JobState.RUNNING, Job.lease_until <= now)
    return or_(waits, is_orphan)


def has_due(names: Collection[str], now: datetime) -> bool:
    """Return whether there is something to claim: cheaper than to try."""
    return bool(db.session.scalar(select(exists().where(is_due(now), Job.name.in_(names)))))


def has_live(name: str, subject_id: int) -> bool:
    """Return whether a job of that name waits or runs for the thing."""
    return bool(db.session.scalar(select(exists().where(*_live(name), Job.subject_id == subject_id))))


def holds_live(name: str, subject_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Return the condition that a job of that name waits or runs for the thing."""
    return exists().where(*_live(name), Job.subject_id == subject_id)


def _live(name: str) -> tuple[ColumnElement[bool], ...]:
    return Job.name == name, Job.state.in_(LIVE)


def is_running(name: str, subject_id: SQLColumnExpression[int], now: datetime) -> ColumnElement[bool]:
    """Return the condition that a worker holds a job of that name for the thing just now."""
    of_thing = exists().where(Job.name == name, Job.subject_id == subject_id)
    return of_thing.where(Job.state == JobState.RUNNING, Job.lease_until > now)


def count_waiting() -> int:
    """Return how many jobs are due or put off; duties do not count."""
    return _count(JobState.WAITING, JobState.RUNNING)


def count_dead() -> int:
    return _count(JobState.DEAD)


def _count(*states: JobState) -> int:
    wanted = select(func.count()).select_from(Job).where(Job.state.in_(states), Job.every_minutes.is_(None))
    return db.session.scalar(wanted) or 0


def list_dead(limit: int = 50) -> Sequence[Job]:
    """Return the jobs that were given up, the latest first."""
    wanted = select(Job).where(Job.state == JobState.DEAD).order_by(Job.id.desc()).limit(limit)
    return list(db.session.scalars(wanted))


def last_heartbeat() -> datetime | None:
    """Return when any worker last showed itself, or None: none ever ran."""
    return db.session.scalar(select(func.max(Heartbeat.at)))
