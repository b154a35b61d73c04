"""Enqueue, claim, keep, settle."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from liaison_app.core import clock
from liaison_app.core.db import db, is_sqlite

from . import queries, rules
from .errors import LeaseLost
from .models import Heartbeat, Job, JobState
from .registry import Duty
from .rules import Work


def enqueue(name: str, subject_id: int, run_after: datetime | None = None) -> Job:
    """Add a job in the caller's transaction: a rollback leaves no job."""
    now = clock.now()
    job = Job(name=name, subject_id=subject_id, run_after=run_after or now, created_at=now)
    db.session.add(job)
    return job


def cancel(name: str, subject_ids: Collection[int], *, running: bool = False) -> None:
    """Take back jobs that no worker holds; their work is not wanted any more. With `running` also those that one
    held, where that worker is known to be gone."""
    states = queries.LIVE if running else (JobState.WAITING,)
    unwanted = (Job.name == name, Job.subject_id.in_(subject_ids), Job.state.in_(states))
    db.session.execute(update(Job).where(*unwanted).values(state=JobState.DONE))


def hasten(name: str, subject_ids: Collection[int]) -> None:
    """Let jobs that were put off run now, in the order in which they were made."""
    waiting = (Job.name == name, Job.subject_id.in_(subject_ids), Job.state == JobState.WAITING)
    now = clock.now()
    db.session.execute(update(Job).where(*waiting, Job.run_after > now).values(run_after=now))


def hold_back(name: str, subject_ids: Collection[int], until: datetime) -> None:
    """Let jobs that wait not begin before `until`: what they need is away."""
    waiting = (Job.name == name, Job.subject_id.in_(subject_ids), Job.state == JobState.WAITING)
    db.session.execute(update(Job).where(*waiting, Job.run_after < until).values(run_after=until))


def claim(names: Iterable[str]) -> Work | None:
    """Take the oldest job that is due and hold it for a lease; None if there is none.

    The transaction is to end right after. A job whose worker died is taken over, unless it has killed
    workers for 72 hours: then it is buried. On PostgreSQL others skip the row while it is locked; on SQLite
    the transaction is alone.
    """
    now = _lease_time()
    due = select(Job).where(queries.is_due(now), Job.name.in_(names)).order_by(Job.run_after, Job.id).limit(1)
    while (job := db.session.scalars(due.with_for_update(skip_locked=True)).one_or_none()) is not None:
        if job.state != JobState.RUNNING or not rules.is_hopeless(job.first_tried_at, now):
            break
        _settle(job, JobState.DEAD, "its worker died, again and again")
    if job is None:
        return None
    job.state = JobState.RUNNING
    job.attempts += 1
    job.first_tried_at = job.first_tried_at or now
    job.lease_key = secrets.token_hex(16)
    job.lease_until = now + rules.LEASE
    return Work(job.id, job.name, job.subject_id, job.attempts, job.first_tried_at, job.lease_key)


def keep(work: Work) -> None:
    """Renew the lease from now; to be called before anything that must not happen twice.

    Raises LeaseLost where another worker has taken over.
    """
    job = _find_ours(work)
    if job is None:
        raise LeaseLost(work.name)
    job.lease_until = _lease_time() + rules.LEASE


def finish(work: Work) -> None:
    """Settle a job that is done; one that another worker has taken over stays as it is."""
    if job := _find_ours(work):
        _settle(job, JobState.DONE, "")


def put_off(work: Work, why: str, at: datetime | None) -> None:
    """Let a job that failed wait until `at`, or bury it where that is None; not if it is another worker's."""
    if job := _find_ours(work):
        _settle(job, JobState.WAITING if at else JobState.DEAD, why)
        job.run_after = at or job.run_after


def _settle(job: Job, state: JobState, why: str) -> None:
    job.state, job.last_error = state, why
    job.lease_key = job.lease_until = None
    if job.every_minutes:
        job.state, job.attempts, job.first_tried_at = JobState.WAITING, 0, None
        job.run_after = clock.now() + timedelta(minutes=job.every_minutes)


def _find_ours(work: Work) -> Job | None:
    ours = select(Job).where(Job.id == work.id, Job.lease_key == work.lease_key)
    return db.session.scalars(ours.with_for_update()).one_or_none()


def plan_duties(duties: Iterable[Duty]) -> None:
    """Make sure that every duty has its one row, with the minutes of this version of the program."""
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    now = clock.now()
    for duty in duties:
        row = insert(Job).values(
            name=duty.name, subject_id=0, state=JobState.WAITING, attempts=0, run_after=now, last_error="",
            created_at=now, every_minutes=duty.minutes,
        )  # fmt: skip
        known = row.on_conflict_do_update(
            index_elements=[Job.name],
            index_where=Job.every_minutes.is_not(None),
            set_={"every_minutes": duty.minutes},
        )
        db.session.execute(known)


def beat(worker: str) -> None:
    """Note that this worker is alive, and forget those that have been gone for a day."""
    now = clock.now()
    db.session.execute(delete(Heartbeat).where(Heartbeat.at < now - timedelta(days=1)))
    row = db.session.scalar(select(Heartbeat).where(Heartbeat.worker == worker))
    if row is None:
        db.session.add(Heartbeat(worker=worker, at=now))
    else:
        row.at = now


def forget_done() -> None:
    """Delete the jobs that were done a week ago; the dead stay for a person to look at."""
    old = clock.now() - rules.KEEP_DONE
    db.session.execute(delete(Job).where(Job.state == JobState.DONE, Job.created_at < old))


def _lease_time() -> datetime:
    """Return the one time by which leases are judged: on PostgreSQL, where workers may sit on several
    machines, the database's, unless a test holds the clock."""
    if is_sqlite() or clock.is_held():
        return clock.now()
    return db.session.execute(select(func.now())).scalar_one()
