"""When a calendar of somebody's own is read again, and how far; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

# A year ahead is kept. What came as “not changed” need not be read until less than this is left of it.
AHEAD, LEAST_AHEAD = timedelta(days=366), timedelta(days=300)
BEHIND = timedelta(days=1)
USUAL = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=1)
# A copy that old is said to be old.
OLD = timedelta(days=2)
# One person keeps no more calendars than this.
MOST_SOURCES = 5


def wait(failures: int) -> timedelta:
    """Return after how long to ask again: an hour, and twice as long after each failure in a row, up to a day."""
    return min(USUAL * 2 ** min(failures, 10), LONGEST_WAIT)


def stretch(now: datetime) -> tuple[datetime, datetime]:
    """Return from when until when busy times are kept."""
    return now - BEHIND, now + AHEAD


def needs_whole(until: datetime | None, now: datetime) -> bool:
    """Return whether the file itself is wanted, even where it has not changed: its repetitions go on."""
    return until is None or until - now < LEAST_AHEAD


def https(typed: str) -> str:
    """Return an address as it is asked: webcal is https by another name."""
    scheme, colon, rest = typed.strip().partition(":")
    return f"https:{rest}" if colon and scheme.lower() in {"webcal", "webcals"} else typed.strip()
