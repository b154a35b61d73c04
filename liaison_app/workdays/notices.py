"""Past notices, from the library that follows them; what somebody enters here goes before it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import chinese_calendar

from .kinds import DayMark
from .rules import NoticeDay


@cache
def days_of(year: int) -> tuple[NoticeDay, ...] | None:
    """Return the days of the official notice of a year, None where the library has none."""
    first = date(year, 1, 1)
    try:
        details = [
            (day, *chinese_calendar.get_holiday_detail(day))
            for day in (first + timedelta(days=step) for step in range((date(year + 1, 1, 1) - first).days))
        ]
    except NotImplementedError:
        return None
    return tuple(
        NoticeDay(day, DayMark.WORK if not is_off else DayMark.OFF, _chinese(name))
        for day, is_off, name in details
        if name is not None
    )


def _chinese(name: str) -> str:
    return str(next((one.chinese for one in chinese_calendar.Holiday if one.value == name), name))
