"""The public feed of a thousand meetings and of ten thousand, beside the same text made by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from benchmarks import places
from benchmarks.tables import Table
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.links import meeting_url
from liaison_app.core.text import local
from liaison_app.scheduling import entries
from liaison_app.scheduling.kinds import kind_name
from liaison_app.scheduling.models import Meeting
from tests.factories.scheduling import make_meeting
from tests.factories.stations import make_room

SIZES = (1000, 10_000)
ROUNDS = 9
HEAD = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//by hand//ZH\r\nCALSCALE:GREGORIAN\r\n"


def measure() -> str:
    return "\n".join(str(_measure(meetings)) for meetings in SIZES)


def _measure(meetings: int) -> Table:
    with places.installation() as app:
        writing = _fill(meetings)
        client = app.test_client()
        client.get("/stations")  # imports and compiles what every page needs
        first = _time(lambda: _answer(client, meetings))
        feed = client.get("/calendar.ics")
        size, etag = len(feed.data), feed.headers["ETag"]
        rounds = [
            (
                _time(lambda: _hand_made(app)),
                _time(lambda: _answer(client, meetings)),
                _time(lambda: _answer(client, 0, etag)),
            )
            for _ in range(ROUNDS)
        ]
    by_hand, again, unchanged = (median(column) for column in zip(*rounds, strict=True))
    table = Table(
        f"Feed of {meetings:,} meetings, SQLite, in one process",
        ["", "ms", "a second", "÷ hand-made text"],
        f"Hand-made: the same rows by Core, their lines by f-string, folded, nothing escaped. The feed has {size:,} bytes. "
        f"Medians of {ROUNDS} rounds, interleaved; the first build is one.",
    )
    for name, seconds in (
        ("hand-made text", by_hand),
        ("first build", first),
        ("built again", again),
        ("304 by ETag", unchanged),
        ("written when a meeting changes, per meeting", writing / meetings),
    ):
        ratio = f"{seconds / by_hand:.2f}" if "per meeting" not in name else ""
        table.add(name, f"{seconds * 1000:.2f}", f"{1 / seconds:,.0f}", ratio)
    return table


def _fill(number: int) -> float:
    with transaction():
        room = make_room()
        about = "把想问的事带来，局长当面答。" * 3
        meetings = [make_meeting(f"供暖专场 第 {n} 场", room=room, about=about) for n in range(number)]
        db.session.flush()
        began = time.perf_counter()
        for meeting in meetings:
            entries.store(meeting)
        db.session.flush()
        return time.perf_counter() - began


def _answer(client: FlaskClient, meetings: int, etag: str = "") -> None:
    reply = client.get("/calendar.ics", headers={"If-None-Match": etag} if etag else {})
    assert reply.status_code == (304 if etag else 200)
    assert reply.data.count(b"BEGIN:VEVENT") == meetings


def _time(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def _hand_made(app: Flask) -> bytes:
    wanted = (
        select(
            Meeting.uid, Meeting.code, Meeting.title, Meeting.kind, Meeting.about, Meeting.sequence,
            Meeting.starts_at, Meeting.ends_at, Meeting.revised_at, Meeting.created_at,
        )
        .where(Meeting.is_public, Meeting.starts_at > clock.now())
        .order_by(Meeting.starts_at, Meeting.id)
    )  # fmt: skip
    with app.app_context():
        rows = db.session.execute(wanted).all()
        return HEAD + b"".join(_event(row) for row in rows) + b"END:VCALENDAR\r\n"


def _event(row: Any) -> bytes:
    zone = ";TZID=Asia/Shanghai:"
    return b"".join(
        _folded(line)
        for line in (
            "BEGIN:VEVENT",
            f"UID:{row.uid}",
            f"SEQUENCE:{row.sequence}",
            f"DTSTAMP:{row.revised_at:%Y%m%dT%H%M%SZ}",
            f"LAST-MODIFIED:{row.revised_at:%Y%m%dT%H%M%SZ}",
            f"CREATED:{row.created_at:%Y%m%dT%H%M%SZ}",
            f"DTSTART{zone}{local(row.starts_at):%Y%m%dT%H%M%S}",
            f"DTEND{zone}{local(row.ends_at):%Y%m%dT%H%M%S}",
            f"SUMMARY:{row.title}",
            f"DESCRIPTION:{kind_name(row.kind)}\\n{row.about}",
            f"URL:{meeting_url(row.code)}",
            "STATUS:CONFIRMED",
            "TRANSP:OPAQUE",
            "END:VEVENT",
        )
    )


def _folded(line: str) -> bytes:
    raw, pieces, start, width = line.encode(), [], 0, 75
    while len(raw) - start > width:
        end = start + width
        while raw[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(raw[start:end])
        start, width = end, 74
    return b"\r\n ".join([*pieces, raw[start:]]) + b"\r\n"
