"""Enter a year's holidays, or take them out again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert

from liaison_app.audit import services as audit
from liaison_app.audit.services import Actor
from liaison_app.core import clock
from liaison_app.core.db import db, lock_key
from liaison_app.core.errors import Missing

from .errors import YearChanged
from .kinds import YEAR_NAMES, YearState
from .models import CalendarDay, CalendarYear
from .rules import NoticeDay


def enter_year(
    year: int, days: Sequence[NoticeDay], state: YearState, *, source: str, version: int, by: Actor | None
) -> CalendarYear:
    """Let `days` be all that is said of `year`; `version` is that of the row that was looked at, 0 where there was none.

    Raises YearChanged where somebody entered it meanwhile.
    """
    row = _lock(year, version)
    now = clock.now()
    if row is None:
        row = CalendarYear(year=year, state=state, source=source, revised_at=now)
        db.session.add(row)
    else:
        row.state, row.source, row.revised_at = state, source, now
        row.version += 1
    # The days below hang upon the year.
    db.session.flush()
    # New Year's holidays may begin in December: such a day moves to the notice that names it last.
    taken = CalendarDay.day.in_([one.day for one in days])
    db.session.execute(delete(CalendarDay).where((CalendarDay.year == year) | taken))
    db.session.execute(
        insert(CalendarDay),
        [{"day": one.day, "year": year, "mark": one.mark, "name": one.name} for one in days],
    )
    db.session.expire(row, ["days"])
    sentence = f"{year} {YEAR_NAMES[state]} {source}".strip()
    audit.record("workdays:year:enter", by=by, kind="calendar_year", sentence=sentence)
    return row


def drop_year(year: int, *, version: int, by: Actor | None) -> None:
    """Take out what was entered of a year; the past notice counts again, or nothing is known.

    Raises Missing, YearChanged.
    """
    row = _lock(year, version)
    if row is None:
        raise Missing
    db.session.delete(row)
    audit.record("workdays:year:drop", by=by, kind="calendar_year", sentence=str(year))


def _lock(year: int, version: int) -> CalendarYear | None:
    lock_key(f"calendar_year:{year}")
    row = db.session.get(CalendarYear, year, populate_existing=True)
    if (row.version if row else 0) != version:
        raise YearChanged
    return row
