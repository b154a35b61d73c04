"""Working days in China: holidays move, and so do workdays (调休). Pure; what is known comes in as a `WorkCalendar`.

Working days begin to count on the day after the event; months end on the day of the same number or on the last
day of the month, and a term that ends on a day off ends on the next workday (民法典 art. 201–203).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from liaison_app.core.text import BadDate, parse_date

from .errors import (
    BackwardSpan,
    ForeignYear,
    HolidayMissing,
    NothingTyped,
    TwiceSaid,
    UnreadableLine,
    WorkOnWeekday,
)
from .kinds import MARK_NAMES, DayMark, YearState

A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)
# No holiday of the official notices was ever longer than nine days.
LONGEST_HOLIDAY = 15
FIRST_YEAR, LAST_YEAR = 2004, 2100
LONGEST_NAME = 20
# 全国年节及纪念日放假办法: days of the solar calendar that are holidays every year.
FIXED = (("元旦", 1, 1), ("劳动节", 5, 1), ("国庆节", 10, 1))


@dataclass(frozen=True)
class NoticeDay:
    """One day of a notice; `name` is the holiday it belongs to, where it was said."""

    day: date
    mark: DayMark
    name: str = ""


@dataclass(frozen=True)
class WorkCalendar:
    """What is known of some years. A year without a state is unknown."""

    days: Mapping[date, NoticeDay] = field(default_factory=dict)
    states: Mapping[int, YearState] = field(default_factory=dict)

    def state_of(self, year: int) -> YearState:
        return self.states.get(year, YearState.UNKNOWN)

    def is_certain(self, day: date) -> bool:
        """Whether the official notice of the day's year is out."""
        return self.state_of(day.year) is YearState.PUBLISHED

    def mark_of(self, day: date) -> DayMark | None:
        """Return what a notice says of the day, None where it is a day like any other of its week."""
        found = self.days.get(day)
        return found.mark if found else None

    def name_of(self, day: date) -> str:
        """Return the holiday that the day belongs to, or nothing."""
        found = self.days.get(day)
        return found.name if found else ""

    def mark(self, day: date) -> str:
        """Return “off”, “work”, “unknown” (nothing is known of the year) or “”: what a calendar shows at the day."""
        if (mark := self.mark_of(day)) is not None:
            return str(mark)
        return "unknown" if self.state_of(day.year) is YearState.UNKNOWN else ""

    def is_workday(self, day: date) -> bool:
        """Return whether people work on this day; where nothing is known, Monday to Friday."""
        mark = self.mark_of(day)
        return day.weekday() < 5 if mark is None else mark is DayMark.WORK


def next_workday(calendar: WorkCalendar, day: date) -> date:
    """Return the first workday after `day`."""
    return add_workdays(calendar, day, 1)


def previous_workday(calendar: WorkCalendar, day: date) -> date:
    """Return the last workday before `day`."""
    day -= A_DAY
    while not calendar.is_workday(day):
        day -= A_DAY
    return day


def same_weekday_later(calendar: WorkCalendar, day: date) -> date:
    """Return the first workday that is whole weeks after `day`."""
    day += A_WEEK
    while not calendar.is_workday(day):
        day += A_WEEK
    return day


def add_workdays(calendar: WorkCalendar, start: date, number: int) -> date:
    """Return the last day of a term of `number` (≥ 1) working days; the day of the event does not count."""
    day = start
    for _ in range(number):
        day += A_DAY
        while not calendar.is_workday(day):
            day += A_DAY
    return day


def add_months(start: date, number: int) -> date:
    """Return the day so many months later; the last of a shorter month stands for days that it has not."""
    year, month = divmod(start.year * 12 + start.month - 1 + number, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def due_in_months(calendar: WorkCalendar, start: date, number: int) -> date:
    """Return the last day of a term of months; one that ends on a day off ends on the next workday (art. 203)."""
    day = add_months(start, number)
    return day if calendar.is_workday(day) else next_workday(calendar, day)


# --- a notice as somebody types or pastes it ----------------------------------

_SEPARATORS = re.compile(r"[\s,，;；、]+")
_TO = re.compile("至|到|~|～|—+|--")
_MARKS = {
    "休": DayMark.OFF, "放假": DayMark.OFF, "off": DayMark.OFF, "holiday": DayMark.OFF,
    "班": DayMark.WORK, "上班": DayMark.WORK, "补班": DayMark.WORK, "调休": DayMark.WORK, "work": DayMark.WORK,
}  # fmt: skip
_HEADS = {"日期", "date", "day"}


def read_notice(text: str, year: int, state: YearState) -> list[NoticeDay]:
    """Return the days that a pasted table says of `year`, earliest first.

    A line is “day [至 day] 休|班 [name]”, with blanks, tabs or commas between; a line of heads is passed over.
    Raises NoticeRefused, which names the line or the day.
    """
    found: dict[date, NoticeDay] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        for one in _read_line(line.strip(), number, year):
            if one.day in found:
                raise TwiceSaid(one.day)
            found[one.day] = one
    if not found:
        raise NothingTyped
    days = [found[day] for day in sorted(found)]
    _check(days, year, state)
    return days


def _read_line(line: str, number: int, year: int) -> list[NoticeDay]:
    words = _words(line)
    if not words or words[0].casefold() in _HEADS:
        return []
    before, *after = _TO.split(line, maxsplit=1)
    if after:
        end, *rest = _words(after[0]) or [""]
        typed = [before.strip(), end]
    else:
        typed, rest = words[:1], words[1:]
    mark = _MARKS.get(rest[0].casefold()) if rest else None
    if mark is None:
        raise UnreadableLine(number, line[:60])
    try:
        first, *more = [parse_date(one.strip(), near=date(year, 7, 1)) for one in typed]
    except BadDate as error:
        raise UnreadableLine(number, line[:60]) from error
    last = more[0] if more else first
    if not timedelta(0) <= last - first < timedelta(days=LONGEST_HOLIDAY):
        raise BackwardSpan(number)
    name = " ".join(rest[1:])[:LONGEST_NAME]
    days = [first + A_DAY * step for step in range((last - first).days + 1)]
    if any(not _belongs(day, year) for day in days):
        raise ForeignYear(number, year)
    return [NoticeDay(day, mark, name) for day in days]


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text) if word]


def _belongs(day: date, year: int) -> bool:
    return day.year == year or (day.year == year - 1 and day.month == 12 and day.day > 24)


def _check(days: Sequence[NoticeDay], year: int, state: YearState) -> None:
    for one in days:
        if one.mark is DayMark.WORK and one.day.weekday() < 5:
            raise WorkOnWeekday(one.day)
    off = {one.day for one in days if one.mark is DayMark.OFF}
    for name, month, number in FIXED:
        if state is YearState.PUBLISHED and date(year, month, number) not in off:
            raise HolidayMissing(name, date(year, month, number))


def as_lines(days: Iterable[NoticeDay], said: Callable[[str], str] = str) -> str:
    """Return a table that `read_notice` reads back, days of one holiday on one line.

    `said` puts marks and names into the reader's language.
    """
    lines = []
    for run in _runs(days):
        first, last = run[0], run[-1]
        span = first.day.isoformat() if first is last else f"{first.day.isoformat()} ~ {last.day.isoformat()}"
        name = said(first.name) if first.name else ""
        lines.append(" ".join(filter(None, [span, said(MARK_NAMES[first.mark]), name])))
    return "\n".join(lines)


def _runs(days: Iterable[NoticeDay]) -> list[list[NoticeDay]]:
    runs: list[list[NoticeDay]] = []
    for one in sorted(days, key=lambda each: each.day):
        before = runs[-1][-1] if runs else None
        is_next = before is not None and before.day + A_DAY == one.day
        if before is not None and is_next and (before.mark, before.name) == (one.mark, one.name):
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def differences(
    before: Iterable[NoticeDay], after: Iterable[NoticeDay]
) -> list[tuple[date, DayMark | None, DayMark | None]]:
    """Return the days whose mark changes, with what they were and what they become, earliest first."""
    old, new = ({one.day: one.mark for one in days} for days in (before, after))
    return [
        (day, old.get(day), new.get(day))
        for day in sorted(old.keys() | new.keys())
        if old.get(day) != new.get(day)
    ]
