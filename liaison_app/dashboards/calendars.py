"""Month and week pages, the same for the public and for the office; only what they may see differs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, time, timedelta
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from liaison_app.core import clock
from liaison_app.core.text import from_local, local
from liaison_app.core.web import row_id
from liaison_app.scheduling import queries as scheduling
from liaison_app.scheduling.kinds import KINDS
from liaison_app.scheduling.models import Meeting
from liaison_app.workdays import queries as workdays
from liaison_app.workdays.kinds import YearState

from . import queries, rules

A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)


def page(endpoint: str, paths: Collection[str] | None) -> dict[str, Any]:
    """Return what the calendar template needs for `?view=`, `?month=`, `?week=`, `?station=` and `?kind=`."""
    args = request.args
    today = local(clock.now()).date()
    station_id = args.get("station", type=row_id)
    kept: dict[str, Any] = {name: args[name] for name in ("station", "kind") if args.get(name)}
    is_week = args.get("view") == "week"
    if is_week:
        first = rules.asked_week(args.get("week"), today)
        weeks = [[first + A_DAY * n for n in range(7)]]
        around = [("‹", first - A_WEEK), ("", today), ("›", first + A_WEEK)]
        before, now, after = (
            url_for(endpoint, view="week", week=day.isoformat(), **kept) for _mark, day in around
        )
    else:
        first = rules.asked_month(args.get("month"), today)
        weeks = rules.month_weeks(first)
        before, now, after = (
            url_for(endpoint, month=f"{day:%Y-%m}", **kept)
            for day in (rules.month_after(first, -1), today, rules.month_after(first, 1))
        )
    working = workdays.calendar_between(weeks[0][0], weeks[-1][-1])
    days = _by_day(weeks, paths, station_id, args.get("kind"))
    seats = queries.seats_for([meeting.id for found in days.values() for meeting in found])
    return {
        "weeks": weeks,
        "days": days,
        "left": {id: one.left for id, one in seats.items()},
        "marks": {day: working.mark(day) for week in weeks for day in week},
        "holidays": {day: working.name_of(day) for week in weeks for day in week},
        "assumed": any(
            working.state_of(day.year) is YearState.ASSUMED for day in (weeks[0][0], weeks[-1][-1])
        ),
        "today": today,
        "first": first,
        "is_week": is_week,
        "before": {"label": _("上周") if is_week else _("上月"), "url": before},
        "this": {"label": _("本周") if is_week else _("本月"), "url": now},
        "after": {"label": _("下周") if is_week else _("下月"), "url": after},
        "views": [
            {
                "label": _("月"),
                "url": url_for(endpoint, month=f"{first:%Y-%m}", **kept),
                "current": not is_week,
            },
            {
                "label": _("周"),
                "url": url_for(
                    endpoint, view="week", week=(today if today.replace(day=1) == first else first), **kept
                ),
                "current": is_week,
            },
        ],
        "endpoint": endpoint,
    }


def _by_day(
    weeks: list[list[date]], paths: Collection[str] | None, station_id: int | None, kind: str | None
) -> dict[date, list[Meeting]]:
    starts = from_local(weeks[0][0], time(0))
    ends = from_local(weeks[-1][-1] + A_DAY, time(0))
    found = scheduling.list_between(
        starts, ends, paths=paths, station_id=station_id, kinds=[kind] if kind and kind in KINDS else None
    )
    days: dict[date, list[Meeting]] = {}
    for meeting in found:
        days.setdefault(local(meeting.starts_at).date(), []).append(meeting)
    return days
