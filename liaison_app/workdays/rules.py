"""What kind of day a day is in the Chinese working calendar: holidays move, and so do workdays (调休)."""

from __future__ import annotations

from datetime import date

import chinese_calendar


def day_mark(day: date) -> str:
    """Return “off” (a weekday that is a holiday), “work” (a weekend that is a workday), “unknown” or “”.

    “unknown”: the State Council has not published the holidays of that year yet.
    """
    try:
        is_workday = chinese_calendar.is_workday(day)
    except NotImplementedError:
        return "unknown"
    is_weekend = day.weekday() >= 5
    if is_workday and is_weekend:
        return "work"
    if not is_workday and not is_weekend:
        return "off"
    return ""


def is_workday(day: date) -> bool:
    """Return whether people work on this day; in a year not yet published, Monday to Friday is assumed."""
    mark = day_mark(day)
    return mark == "work" or (mark in {"", "unknown"} and day.weekday() < 5)
