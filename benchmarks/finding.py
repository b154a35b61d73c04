"""A time for 24 people within two weeks, and the day of 18 rooms, in a ledger that grows; how much of it is the read?"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import select

from benchmarks import conflicts
from benchmarks.tables import Table
from liaison_app.core.db import db
from liaison_app.core.text import local
from liaison_app.planning import lanes, queries, solver
from liaison_app.planning.solver import Bureau, Part, Wish
from liaison_app.scheduling.models import Occupancy

ROOMS = tuple(range(2, 20))
HEADS = ((1, 20), (2, 21))
DEPUTIES = tuple(range(22, 44))
DAYS = 14
ROUNDS = 9


def measure(sizes: tuple[int, ...] = conflicts.SIZES) -> Table:
    table = Table(
        "A time for 24 people in two weeks, ms",
        ["engine, bookings", "bare read", "read and found", "÷ bare read", "times found", "day of 18 rooms"],
        "Two heads, 22 deputies of whom four are needed, one of 18 rooms, two hours, 8:00 to 21:00, each of 14 days: about "
        "320 starts. Bare read: the same rows of the ledger by SQLAlchemy Core, thrown away. The day: what holds any room, "
        f"with its meeting, as cells. Medians of {ROUNDS} rounds.",
    )
    for engine, url in (("sqlite", ""), ("postgresql", "own")):
        for size in sizes:
            with conflicts.ledger(size, url) as end:
                table.add(f"{engine}, {size:,}", *_row(end))
    return table


def _row(end: datetime) -> list[str]:
    last = local(end).date()
    first = last - timedelta(days=DAYS)
    starts, ends = end - timedelta(days=DAYS + 1), end + timedelta(days=1)
    wish = Wish(
        minutes=120,
        days=tuple(first + timedelta(days=n) for n in range(DAYS)),
        not_before=starts,
        part=Part.WHOLE,
        rooms=ROOMS,
        bureaus=tuple(Bureau(unit, head) for unit, head in HEADS),
        deputies=DEPUTIES,
        needed=4,
    )
    wanted = {*ROOMS, *DEPUTIES, *(head for _unit, head in HEADS)}
    rows = select(Occupancy.resource_id, Occupancy.starts_at, Occupancy.ends_at).where(
        Occupancy.resource_id.in_(wanted),
        Occupancy.live,
        Occupancy.starts_at < ends,
        Occupancy.starts_at > starts - timedelta(hours=12),
    )
    bare = _median(lambda: db.session.execute(rows).all())
    found = len(solver.find(wish, queries.held_between(wanted, starts, ends)))
    whole = _median(
        lambda: solver.ranked(solver.find(wish, queries.held_between(wanted, starts, ends)), limit=12)
    )
    day = _median(lambda: _day(end - timedelta(days=2)))
    return [
        f"{bare * 1000:.1f}",
        f"{whole * 1000:.1f}",
        f"{whole / bare:.1f}",
        f"{found}",
        f"{day * 1000:.1f}",
    ]


def _day(midnight: datetime) -> int:
    booked: dict[int, list[tuple[datetime, datetime, object]]] = {}
    for one in queries.list_bookings(ROOMS, midnight, midnight + timedelta(days=1)):
        booked.setdefault(one.resource, []).append((one.starts_at, one.ends_at, one.meeting))
    return sum(len(lanes.cells(local(midnight).date(), booked.get(room, []))) for room in ROOMS)


def _median(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
        db.session.rollback()
    return median(spent)
