"""Four writers on one SQLite file under `synchronous=FULL`: the product's turn, and SQLite's busy handler alone."""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import places
from benchmarks.tables import Table
from liaison_app.app import create_app
from liaison_app.audit import services as audit
from liaison_app.core.db import transaction
from liaison_app.settings import Settings

WRITERS = 4
SECONDS = 4.0
ROUNDS = 2


def measure() -> Table:
    table = Table(
        "Four writers, SQLite WAL, synchronous=FULL",
        ["", "commits/s", "longest wait ms", "commits of each writer"],
        f"Each writer is a process that adds one row and commits, {SECONDS:g} s, {ROUNDS} rounds; the worst of all rounds. "
        "The product's row goes through its ORM and its whole transaction; the two others are bare SQL.",
    )
    for name, work in (
        ("the product: file lock, then BEGIN IMMEDIATE", _product),
        ("the same lock, bare SQL", partial(_bare_sql, has_turn=True)),
        ("SQLite's busy handler alone, bare SQL", partial(_bare_sql, has_turn=False)),
    ):
        counts, longest = [], 0.0
        for _ in range(ROUNDS):
            with places.installation() as app:
                took = _run(work, app.config["LIAISON"])
            counts.append(sorted(len(one) for one in took))
            longest = max(longest, *(max(one) for one in took))
        per_second = sum(map(sum, counts)) / ROUNDS / SECONDS
        shares = "; ".join("/".join(map(str, one)) for one in counts)
        table.add(name, f"{per_second:,.0f}", f"{longest * 1000:.0f}", shares)
    return table


def _run(work: Callable[..., list[float]], settings: Settings) -> list[list[float]]:
    context = get_context("spawn")
    gate = context.Barrier(WRITERS)
    answers = context.Queue()
    processes = [
        context.Process(target=_writer, args=(work, settings, gate, answers)) for _ in range(WRITERS)
    ]
    for process in processes:
        process.start()
    took = [answers.get(timeout=SECONDS + 60) for _ in processes]
    for process in processes:
        process.join()
    return took


def _writer(work: Callable[..., list[float]], settings: Settings, gate: Any, answers: Any) -> None:
    answers.put(work(settings, gate))


def _product(settings: Settings, gate: Any) -> list[float]:
    def write() -> None:
        with transaction():
            audit.record("benchmarks:writer:write", by=None, sentence="一行")

    with create_app(settings).app_context():
        write()
        gate.wait()
        return _repeat(write)


def _bare_sql(settings: Settings, gate: Any, *, has_turn: bool) -> list[float]:
    path = Path(settings.data) / "liaison.sqlite3"
    with (
        closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection,
        path.with_suffix(".bench-turn").open("a") as turn,
    ):
        for pragma in ("synchronous=FULL", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

        def write() -> None:
            if has_turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO audit_entry (at, actor_name, action, thing_kind, sentence)"
                " VALUES ('2026-11-20 01:00:00', '', 'benchmarks:writer:write', '', '一行')"
            )
            connection.execute("COMMIT")
            if has_turn:
                fcntl.flock(turn, fcntl.LOCK_UN)

        gate.wait()
        return _repeat(write)


def _repeat(write: Callable[[], None]) -> list[float]:
    took = []
    until = time.monotonic() + SECONDS
    while (began := time.monotonic()) < until:
        write()
        took.append(time.monotonic() - began)
    return took
