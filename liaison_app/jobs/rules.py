"""Backoff, lease and patience."""

from dataclasses import dataclass
from datetime import datetime, timedelta

STEPS_MINUTES = (1, 2, 5, 10, 30, 60)
PATIENCE = timedelta(hours=72)
# Longer than one mail may take from the moment it is given to the server, each answer waited for to its limit.
LEASE = timedelta(minutes=5)
BEAT = timedelta(seconds=15)
SILENCE = timedelta(minutes=6)
KEEP_DONE = timedelta(days=7)


@dataclass(frozen=True)
class Work:
    """A job that this worker holds. `attempts` counts the present one; `lease_key` is new with each claim."""

    id: int
    name: str
    subject_id: int
    attempts: int
    first_tried_at: datetime
    lease_key: str


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after the n-th failed attempt: 1, 2, 5, 10, 30, 60 minutes, then hourly."""
    return timedelta(minutes=STEPS_MINUTES[min(attempts, len(STEPS_MINUTES)) - 1])


def next_try(work: Work, now: datetime) -> datetime | None:
    """Return when to try again after a failure just now, or None: 72 hours have passed since the first try."""
    at = now + wait_after(work.attempts)
    return at if at <= work.first_tried_at + PATIENCE else None


def is_hopeless(first_tried_at: datetime | None, now: datetime) -> bool:
    """Return whether a job whose worker died was first tried so long ago that it is not to kill another."""
    return first_tried_at is not None and now > first_tried_at + PATIENCE


def is_silent(last_beat: datetime | None, now: datetime) -> bool:
    """Return whether no worker has shown itself for longer than its longest piece of work takes."""
    return last_beat is None or now - last_beat > SILENCE
