"""Writers take turns: on SQLite under `synchronous=FULL` none is left to wait while another goes on writing."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import func, select, text

from liaison_app.audit import services as audit
from liaison_app.audit.models import Entry
from liaison_app.core.db import db, is_sqlite, transaction
from tests.parts.crowds import Crowd
from tests.parts.databases import Database
from tests.parts.report import remark

WRITERS = 4


def write(seconds: float) -> list[float]:
    """Commit small rows one after the other for so long; return how many seconds each took."""
    took = []
    until = time.monotonic() + seconds
    while (began := time.monotonic()) < until:
        with transaction():
            audit.record("tests:writer:write", by=None, sentence="一行")
        took.append(time.monotonic() - began)
    return took


@pytest.mark.parametrize("seconds", [1.0, pytest.param(10.0, marks=pytest.mark.storm)])
def test_four_writers_lose_nothing_and_the_longest_wait_is_told(
    app, crowd: Crowd, database: Database, seconds
):
    if is_sqlite():
        assert db.session.scalar(text("PRAGMA synchronous")) == 2
        db.session.rollback()
    took = crowd.rush([(write, seconds)] * WRITERS)
    assert all(took)
    assert db.session.scalar(select(func.count(Entry.id))) == sum(len(one) for one in took)
    longest = max(max(one) for one in took)
    shares = "/".join(str(len(one)) for one in sorted(took, key=len))
    remark(
        f"{database.engine}: four writers, {shares} commits in {seconds:g} s, longest {longest * 1000:.0f} ms"
    )
