"""Measure: `python -m benchmarks [pages] [feeds] [conflicts] [writers] [trail] [inbox] [--million]`.

Prints a table of each part; a run of all parts writes them into `benchmarks/RESULTS.md` as well. Takes about
three minutes; with `--million` the ledger is also filled with a million bookings, which takes some more.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import time
from pathlib import Path

from benchmarks import conflicts, feeds, finding, inbox, pages, trail, writers
from liaison_app.core import clock
from tests.parts import postgres

RESULTS = Path(__file__).with_name("RESULTS.md")
PARTS = ("pages", "feeds", "conflicts", "writers", "trail", "inbox", "finding")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument(
        "parts",
        nargs="*",
        choices=[[], *PARTS],
        metavar="PART",
        help=f"of {', '.join(PARTS)}; all by default",
    )
    parser.add_argument(
        "--million", action="store_true", help="look into a ledger of a million bookings, too"
    )
    asked = parser.parse_args()
    sizes = (*conflicts.SIZES, conflicts.HUGE) if asked.million else conflicts.SIZES
    measures = {
        "pages": pages.measure,
        "feeds": feeds.measure,
        "conflicts": lambda: conflicts.measure(sizes),
        "writers": writers.measure,
        "trail": trail.measure,
        "inbox": inbox.measure,
        "finding": lambda: finding.measure(sizes),
    }
    head = _head()
    began = time.monotonic()
    print(head)
    tables = []
    try:
        for part in asked.parts or PARTS:
            tables.append(str(measures[part]()))
            print(tables[-1], flush=True)
    finally:
        postgres.stop_server()
    tail = (
        f"Measured in {time.monotonic() - began:.0f} s; load average at the end {os.getloadavg()[0]:.1f}.\n"
    )
    print(tail)
    if not asked.parts:
        RESULTS.write_text("\n".join([head, *tables, tail]), encoding="utf-8")


def _head() -> str:
    return (
        "# What was measured\n\n"
        f"{clock.now():%Y-%m-%d}, `python -m benchmarks{' --million' if '--million' in sys.argv else ''}`, "
        f"{os.cpu_count()} cores shared by servers, clients and databases, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, PostgreSQL 18 from the test packages; load average at the start "
        f"{os.getloadavg()[0]:.1f}. Numbers of another machine differ; compare the ratios.\n"
    )


if __name__ == "__main__":
    main()
