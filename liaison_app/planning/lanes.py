"""A day as a row of cells, in quarter hours from 7:00 to 21:00, for timelines of rooms and of people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from liaison_app.core.text import from_local

FIRST_HOUR, LAST_HOUR = 7, 21
QUARTERS = (LAST_HOUR - FIRST_HOUR) * 4
QUARTER = timedelta(minutes=15)
# Outside these hours a free stretch is no offer.
OPENS, CLOSES = (8 - FIRST_HOUR) * 4, (18 - FIRST_HOUR) * 4
USUAL_LENGTH = timedelta(hours=2)


@dataclass(frozen=True)
class Cell:
    """A stretch of `width` quarter hours. `what` is what holds it; without it, it is free, or `is_night`."""

    starts_at: datetime
    ends_at: datetime
    width: int
    what: Any = None
    is_night: bool = False

    @property
    def is_slim(self) -> bool:
        return self.width <= 6

    @property
    def usual_end(self) -> datetime:
        """Where a meeting that begins here would usually end."""
        return min(self.ends_at, self.starts_at + USUAL_LENGTH)


def cells(day: date, taken: Sequence[tuple[datetime, datetime, Any]]) -> list[Cell]:
    """Return the cells of one row; `taken` do not overlap, whatever lies outside the hours is cut off."""
    seven = from_local(day, time(FIRST_HOUR))
    found: list[Cell] = []
    at = 0
    for starts_at, ends_at, what in sorted(taken, key=lambda one: one[0]):
        first = max(at, _quarter(starts_at - seven, up=False))
        last = min(QUARTERS, max(first + 1, _quarter(ends_at - seven, up=True)))
        if first >= QUARTERS or ends_at <= seven:
            continue
        found += _free(seven, at, first)
        found.append(Cell(starts_at, ends_at, last - first, what))
        at = last
    return found + _free(seven, at, QUARTERS)


def _quarter(since: timedelta, *, up: bool) -> int:
    whole, rest = divmod(since, QUARTER)
    return whole + (1 if up and rest else 0)


def _free(seven: datetime, first: int, last: int) -> list[Cell]:
    """Return a free stretch, parted where the office opens and closes."""
    found = []
    marks = sorted({first, last, *(mark for mark in (OPENS, CLOSES) if first < mark < last)})
    for begins, ends in pairwise(marks):
        is_night = ends <= OPENS or begins >= CLOSES
        found.append(Cell(seven + QUARTER * begins, seven + QUARTER * ends, ends - begins, is_night=is_night))
    return found
