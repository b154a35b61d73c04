"""The chain over the trail: sealing and checking, beside reading the same rows without looking at them."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

from sqlalchemy import insert

from benchmarks import places
from benchmarks.tables import Table
from liaison_app.audit import chain, queries, rules, services
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, derived_key, transaction

ENTRIES = 50_000
ROUNDS = 3


def measure() -> Table:
    with places.installation():
        _fill()
        sealing = _time(lambda: chain.seal())
        _read()  # into the cache of the file system
        reads, checks = zip(*((_time(_read), _time(_check)) for _ in range(ROUNDS)), strict=True)
        tracemalloc.start()
        _check()
        peak = tracemalloc.get_traced_memory()[1] / 1024 / 1024
    reading, checking = min(reads), min(checks)
    table = Table(
        f"The chain over {ENTRIES:,} entries, SQLite, in one process",
        ["", "a second", "÷ plain reading"],
        "Plain reading: the same rows of entries and links, a thousand at a time, thrown away. Sealing writes a thousand "
        f"links a transaction, synchronous=FULL. Best of {ROUNDS} rounds, interleaved; sealing is one. "
        f"Checking held {peak:.1f} MB at most.",
    )
    for name, seconds in (("plain reading", reading), ("sealed", sealing), ("checked", checking)):
        table.add(name, f"{ENTRIES / seconds:,.0f}", f"{reading / seconds:.2f}")
    return table


def _fill() -> None:
    """Write entries as a year of work would, without the work."""
    key, now, rows = derived_key(services.STAMP), clock.now(), []
    for n in range(ENTRIES):
        facts = {
            "at": now, "actor_id": n % 50, "actor_name": "顾清和", "action": "signups:signup:create",
            "thing_kind": "signup", "thing_id": n, "sentence": "供暖专场", "actor_roles": "代表工委·上街区",
            "address": "10.0.0.1", "result": "succeeded",
        }  # fmt: skip
        rows.append({**facts, "stamp": rules.stamp_of(key, f"{n:016x}", rules.canonical(facts))})
    for start in range(0, ENTRIES, 5000):
        with transaction():
            db.session.execute(insert(Entry), rows[start : start + 5000])


def _read() -> None:
    position = 0
    while links := queries.list_links(position, chain.AT_A_TIME):
        position = links[-1]["link_position"]
        db.session.rollback()


def _check() -> None:
    report = chain.verify()
    assert report.fault is None
    assert report.entries == ENTRIES


def _time(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
