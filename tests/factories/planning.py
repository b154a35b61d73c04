"""Series as rows around a meeting that exists; for whole ones, call planning's services."""

from collections.abc import Iterable
from datetime import date

from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.core.text import local
from liaison_app.planning import rules
from liaison_app.planning.kinds import DateState, HolidayPolicy, Repeat
from liaison_app.planning.models import Series, SeriesDate
from liaison_app.planning.rules import Rule
from liaison_app.planning.services import as_json
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.services import as_plan


def make_series(meeting: Meeting, *, skipped: Iterable[date] = ()) -> Series:
    """Add a weekly series of one meeting, and of dates that were left out."""
    day = local(meeting.starts_at).date()
    series = Series(
        unit_id=meeting.unit_id,
        title=meeting.title,
        rule=as_json(Rule(Repeat.WEEKLY, weekdays=(day.weekday(),))),
        policy=HolidayPolicy.NEXT_WORKDAY,
        pattern=dict(rules.facets(as_plan(meeting))),
        created_at=clock.now(),
    )
    db.session.add(series)
    db.session.flush()
    rows = [SeriesDate(rule_day=day, day=day, state=DateState.PLANNED, meeting_id=meeting.id)]
    rows += [SeriesDate(rule_day=one, day=one, state=DateState.SKIPPED) for one in skipped]
    for row in rows:
        row.series_id = series.id
        db.session.add(row)
    db.session.flush()
    return series
