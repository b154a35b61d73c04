"""The days of a month and of a week, as calendars show them."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from liaison_app.core.errors import Missing

_MONDAY_FIRST = calendar.Calendar(firstweekday=0)
FIRST_YEAR, LAST_YEAR = 2000, 2100
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


def asked_month(text: str | None, today: date) -> date:
    """Return the first day of the month “2026-11”, this month where nothing is asked. Raises Missing."""
    if not text:
        return today.replace(day=1)
    found = _MONTH.fullmatch(text)
    if not found or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR or not 1 <= int(found[2]) <= 12:
        raise Missing
    return date(int(found[1]), int(found[2]), 1)


def asked_week(text: str | None, today: date) -> date:
    """Return the Monday of the week of the day “2026-11-20”, this week's by default. Raises Missing."""
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError as error:
        raise Missing from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Missing
    return day - timedelta(days=day.weekday())


def month_weeks(first: date) -> list[list[date]]:
    """Return the weeks, Monday first, that a month's page shows; they reach into its neighbours."""
    return _MONDAY_FIRST.monthdatescalendar(first.year, first.month)


def month_after(first: date, months: int) -> date:
    """Return the first day of the month so many months away."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
