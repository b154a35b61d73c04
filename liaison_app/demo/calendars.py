"""The calendars that a bureau's head and a deputy keep elsewhere, as uploaded files: when they are not free."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from liaison_app.calendars import services
from liaison_app.calendars.reading import Busy, Reading
from liaison_app.core import clock
from liaison_app.core.text import from_local

from .founding import Rows

HEAD, CLERK, DEPUTY = "chengguan-head", "chengguan", "daibiao"
WEEKS = 26


def add(rows: Rows, day: date, at: datetime) -> None:
    """Let the bureau's clerk and the deputy have added them at a moment before the day the demo begins with."""
    deputy = rows.accounts[DEPUTY]
    with clock.frozen(at):
        services.add_file(rows.people[HEAD].id, Reading(_weeks(day)), "局里的日程", by=rows.accounts[CLERK])
        if deputy.person_id:
            services.add_file(deputy.person_id, Reading(_clinics(day)), "门诊排班", by=deputy)


def _clinics(day: date) -> list[Busy]:
    """Return half a year of Tuesday afternoons at the clinic."""
    tuesday = day + timedelta(days=1 - day.weekday())
    days = (tuesday + timedelta(weeks=week) for week in range(WEEKS))
    return [Busy(from_local(one, time(14)), from_local(one, time(17))) for one in days]


def _weeks(day: date) -> list[Busy]:
    """Return half a year of Monday mornings at the bureau, and Thursdays that are not settled."""
    monday = day - timedelta(days=day.weekday())
    found = []
    for week in range(WEEKS):
        first, fourth = (monday + timedelta(weeks=week, days=days) for days in (0, 3))
        found.append(Busy(from_local(first, time(8, 30)), from_local(first, time(10))))
        found.append(Busy(from_local(fourth, time(15)), from_local(fourth, time(17)), True))
    return found
