"""The working days around the day on which a demo stands."""

from collections.abc import Callable
from datetime import date, timedelta

from liaison_app.workdays import notices
from liaison_app.workdays.rules import WorkCalendar

IsWorkday = Callable[[date], bool]


def is_office_day(day: date) -> bool:
    """Return whether offices are open, Monday to Friday. A make-up Saturday or Sunday (调休) is left out.

    Years whose holidays are not announced yet count as if they had none.
    """
    if day.weekday() >= 5:
        return False
    known = {one.day: one for one in notices.days_of(day.year) or ()}
    return WorkCalendar(known).is_workday(day)


class Days:
    """Counts working days from `at`, so that two different counts are always two different days."""

    def __init__(self, at: date, is_workday: IsWorkday):
        self.at = at
        self._is_workday = is_workday

    @property
    def today(self) -> date:
        """`at` itself, or the next working day."""
        return self.at if self._is_workday(self.at) else self.ahead(1)

    def ahead(self, count: int) -> date:
        """Return the `count`th working day after `at`."""
        return self._walk(count, timedelta(days=1))

    def back(self, count: int) -> date:
        """Return the `count`th working day before `at`."""
        return self._walk(count, timedelta(days=-1))

    def _walk(self, count: int, step: timedelta) -> date:
        day = self.at
        while count:
            day += step
            count -= self._is_workday(day)
        return day
