"""The only clock: services ask it once, tests hold it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_held: ContextVar[datetime | None] = ContextVar("held", default=None)


def now() -> datetime:
    """Return the present moment, aware, in UTC, in whole seconds."""
    return _held.get() or datetime.now(UTC).replace(microsecond=0)


def apart_from(told: str) -> timedelta | None:
    """Return how far a moment that a server told, as mails and HTTP write it, is from now; None where it is none."""
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    return abs(now() - moment) if moment.tzinfo else None


def is_held() -> bool:
    """Return whether `frozen` holds the clock, so that the database's own time must not be mixed in."""
    return _held.get() is not None


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at `at` (aware) inside the block, in this thread or task only."""
    token = _held.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _held.reset(token)
