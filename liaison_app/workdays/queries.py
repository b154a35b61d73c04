"""Reads of the working calendar: what the office entered, and past notices where it entered nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from liaison_app.core.db import db
from liaison_app.core.errors import Missing

from . import notices
from .kinds import DayMark, YearState
from .models import CalendarDay, CalendarYear
from .rules import FIRST_YEAR, LAST_YEAR, NoticeDay, WorkCalendar


@dataclass(frozen=True)
class YearFacts:
    """A year's line in the list: its state, how many days are off and how many are made up, and who says so.

    `entered` is the row of what the office entered, None where it entered nothing.
    """

    year: int
    state: YearState
    days: tuple[NoticeDay, ...]
    entered: CalendarYear | None

    @property
    def off(self) -> int:
        return sum(one.mark is DayMark.OFF for one in self.days)

    @property
    def made_up(self) -> int:
        return sum(one.mark is DayMark.WORK for one in self.days)


def calendar_between(first: date, last: date) -> WorkCalendar:
    """Return what is known of the years of two days and of all between; two small reads."""
    years = range(max(first.year, FIRST_YEAR), min(last.year, LAST_YEAR) + 1)
    entered = db.session.execute(
        select(CalendarYear.year, CalendarYear.state).where(CalendarYear.year.in_(years))
    ).all()
    states: dict[int, YearState] = dict(entered)  # type: ignore[arg-type]
    days: dict[date, NoticeDay] = {}
    for year in years:
        if year not in states and (known := notices.days_of(year)) is not None:
            states[year] = YearState.PUBLISHED
            days |= {one.day: one for one in known}
    rows = db.session.execute(
        select(CalendarDay.day, CalendarDay.mark, CalendarDay.name).where(
            CalendarDay.day >= date(first.year, 1, 1), CalendarDay.day <= date(last.year, 12, 31)
        )
    )
    days |= {day: NoticeDay(day, mark, name) for day, mark, name in rows}
    return WorkCalendar(days, states)


def get_year(year: int) -> YearFacts:
    """Return what is known of one year. Raises Missing for a year that the calendar does not reach."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Missing
    entered = db.session.scalar(
        select(CalendarYear).where(CalendarYear.year == year).options(selectinload(CalendarYear.days))
    )
    if entered is not None:
        days = tuple(NoticeDay(one.day, one.mark, one.name) for one in entered.days)
        return YearFacts(year, entered.state, days, entered)
    known = notices.days_of(year)
    return YearFacts(year, YearState.UNKNOWN if known is None else YearState.PUBLISHED, known or (), None)


def list_years(today: date) -> Sequence[YearFacts]:
    """Return the years that an office plans in and looks back to: last year, this, the two after, and all entered."""
    near = set(range(today.year - 1, today.year + 3))
    entered = set(db.session.scalars(select(CalendarYear.year)))
    return [get_year(year) for year in sorted(near | entered)]
