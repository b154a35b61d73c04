"""A backup that is taken in a rush, and what a copy of the file would have been worth."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time

import pytest

from tests.faults.helpers import TOLD, check_books, citizens_of, open_meeting
from tests.parts.installations import join, rush
from tests.parts.report import remark

pytestmark = pytest.mark.storm
SEATS = 30


def test_a_backup_taken_in_a_rush_holds_whoever_was_told_of_a_place_before_it_began(installation):
    """X27."""
    code = open_meeting(installation, SEATS)
    installation.start_web()
    installation.start_worker()
    citizens = citizens_of(installation, code, 100)
    join(rush(citizens[:20]))
    before = [one for one in citizens if one.told in TOLD]
    assert len(before) == 20
    threads: list[threading.Thread] = []
    crowd = threading.Thread(target=lambda: threads.extend(rush(citizens[20:], pause=0.05)))
    crowd.start()
    took = time.monotonic()
    said = installation.command("backup")
    took = time.monotonic() - took
    crowd.join()
    join(threads)
    assert "恢复到别处核对过" in said
    assert {one.told for one in citizens} == TOLD, "nobody noticed the backup"
    installation.stop_all()
    (backup,) = (installation.data / "backups").iterdir()
    began = time.monotonic()
    installation.command("restore", str(backup), "--yes", "--replace")
    remark(
        f"{installation.engine}: backup in a rush {took:.1f} s, restore {time.monotonic() - began:.1f} s, as processes"
    )
    check_books(installation, before, SEATS)
    # Whoever was lost with it presses again, and the seats are as exact as they were.
    installation.start_web()
    lost = [one for one in citizens if one not in before]
    for one in lost:
        one.noting.ticket = ""
        one.come()
        one.hand_in()
    assert {one.told for one in lost} <= {*TOLD, "422", "?"}
    for one in lost:
        # Who is in the backup was told so.
        one.told = one.told if one.told in TOLD else "ticket"
    check_books(installation, citizens, SEATS)


@pytest.mark.only_on("sqlite")
def test_a_copy_of_the_file_loses_people(installation):
    """The negative control: `cp` of the database that runs."""
    code = open_meeting(installation, SEATS)
    installation.start_web()
    citizens = citizens_of(installation, code, 20)
    copy = installation.data / "copy.sqlite3"
    join(rush(citizens))
    shutil.copy(installation.file, copy)
    with sqlite3.connect(copy) as found:
        (rows,) = found.execute("SELECT count(*) FROM signup").fetchone()
    assert rows < sum(one.told in TOLD for one in citizens)
