"""Whether a room is free, with a room in the ledger that holds a fifth of all bookings: does the answer stay flat?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import uuid4

from sqlalchemy import Connection, insert, select, text

from benchmarks import places
from benchmarks.tables import Table
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.scheduling import queries
from liaison_app.scheduling.models import Meeting, Occupancy
from tests.factories.scheduling import make_meeting
from tests.parts import postgres

SIZES = (1_000, 100_000)
HUGE = 1_000_000
LOOKS = 200
HOT = 1  # the resource that every meeting holds
OTHERS = 4  # further resources of each meeting, out of two hundred

_SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {n})",
    "postgresql": "WITH series(n) AS (SELECT generate_series(1, {n}))",
}
_AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', '{start}', '+' || ({hours}) || ' hours')",
    "postgresql": "(timestamptz '{start}+00' + ({hours}) * interval '1 hour')",
}


def measure(sizes: tuple[int, ...] = SIZES) -> Table:
    table = Table(
        "Is the hot room free? µs a look, client side",
        [
            "engine, bookings",
            "naive query",
            "last-before (the product)",
            "find_blockers()",
            "insert under the guard",
        ],
        "One room holds a fifth of all bookings, the question is about the day after the last of them. Naive: starts_at < "
        "end AND ends_at > start by the same index. The first two are the bare statements by SQLAlchemy Core, the third is "
        f"the product's whole function, the last a booking that is undone. Medians of {LOOKS} looks.",
    )
    for engine, url in (("sqlite", ""), ("postgresql", "own")):
        base: list[float] = []
        for size in sizes:
            with ledger(size, url) as end:
                found = _look(end)
            base = base or found
            table.add(f"{engine}, {size:,}", *(f"{value * 1e6:,.0f}" for value in found))
        table.add(f"{engine}, last ÷ first", *(f"{a / b:.1f}" for a, b in zip(found, base, strict=True)))
    return table


@contextmanager
def ledger(size: int, url: str) -> Iterator[datetime]:
    """Fill a ledger with so many bookings, one meeting an hour; give the end of the last."""
    with _database(url) as address, places.installation(address):
        start = datetime(2000, 1, 1, tzinfo=UTC)
        with transaction():
            like = make_meeting(starts_at=clock.now())
            db.session.flush()
            connection = db.session.connection()
            meetings = size // (OTHERS + 1)
            _copy_meeting(connection, like.id, meetings)
            _book(connection, like.id, meetings, start)
        with transaction():
            db.session.execute(text("ANALYZE"))
        yield start + timedelta(hours=meetings + 1)


@contextmanager
def _database(url: str) -> Iterator[str]:
    """Give the address of a database: SQLite's own, or a fresh one on the tests' PostgreSQL server."""
    if not url:
        yield ""
        return
    import psycopg

    name = f"liaison_bench_{uuid4().hex[:8]}"
    server = postgres.server_url()
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    yield server.set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _copy_meeting(connection: Connection, like: int, number: int) -> None:
    columns = [column.name for column in Meeting.__table__.columns if column.name != "id"]
    own = {"code": "'c' || n", "uid": "'u' || n"}
    values = ", ".join(own.get(name, f"meeting.{name}") for name in columns)
    connection.execute(
        text(
            f"INSERT INTO meeting (id, {', '.join(columns)}) {_series(number)} "
            f"SELECT {like} + n, {values} FROM series, meeting WHERE meeting.id = {like}"
        )
    )


def _book(connection: Connection, like: int, meetings: int, start: datetime) -> None:
    """Book hour after hour; the guard is off meanwhile on PostgreSQL, where it would take minutes row by row."""
    engine = connection.dialect.name
    guard = connection.scalar(
        text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'occupancy_no_overlap'")
    ) if engine == "postgresql" else None  # fmt: skip
    if guard:
        connection.execute(text("ALTER TABLE occupancy DROP CONSTRAINT occupancy_no_overlap"))
    first, last = (
        _AT[engine].format(start=f"{start:%Y-%m-%d %H:%M:%S}", hours=hours) for hours in ("n", "n + 1")
    )
    for resource in (str(HOT), *(f"{HOT} + 1 + (n * {OTHERS} + {other}) % 200" for other in range(OTHERS))):
        connection.execute(
            text(
                f"INSERT INTO occupancy (meeting_id, resource_id, starts_at, ends_at, live) {_series(meetings)} "
                f"SELECT {like} + n, {resource}, {first}, {last}, true FROM series"
            )
        )
    if guard:
        connection.exec_driver_sql(f"ALTER TABLE occupancy ADD CONSTRAINT occupancy_no_overlap {guard}")


def _series(number: int) -> str:
    return _SERIES[db.engine.dialect.name].format(n=number)


def _look(end: datetime) -> list[float]:
    starts_at, ends_at = end + timedelta(hours=24), end + timedelta(hours=26)
    free = db.session.scalar(select(Meeting.id).order_by(Meeting.id).limit(1))
    mine = select(Occupancy.id).where(
        Occupancy.resource_id == HOT, Occupancy.live, Occupancy.starts_at < ends_at
    )
    naive = mine.where(Occupancy.ends_at > starts_at).limit(1)
    before = (
        select(Occupancy.ends_at)
        .where(Occupancy.resource_id == HOT, Occupancy.live, Occupancy.starts_at < ends_at)
        .order_by(Occupancy.starts_at.desc())
        .limit(1)
    )
    row = {"meeting_id": free, "resource_id": HOT, "starts_at": starts_at, "ends_at": ends_at, "live": True}
    booking = insert(Occupancy).values(**row)
    with transaction():
        connection = db.session.connection()

        def book() -> None:
            savepoint = connection.begin_nested()
            connection.execute(booking)
            savepoint.rollback()

        steps: list[Callable[[], object]] = [
            lambda: connection.scalar(naive),
            lambda: connection.scalar(before),
            lambda: queries.find_blockers({HOT}, starts_at, ends_at),
            book,
        ]
        assert connection.scalar(naive) is None
        assert connection.scalar(before) <= starts_at
        assert queries.find_blockers({HOT}, starts_at, ends_at) == []
        # Each by itself: the naive query reads through so much that whatever comes next finds a cold cache.
        return [median(_times(step)) for step in steps]


def _times(step: Callable[[], object]) -> list[float]:
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        step()
        took.append(time.perf_counter() - began)
    return took
