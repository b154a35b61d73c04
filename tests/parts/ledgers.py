"""What must be true of the ledger, found by looking at all of it; and how to take its guard away."""

from __future__ import annotations

from sqlalchemy import text

from liaison_app.core.db import db
from liaison_app.scheduling import rules
from liaison_app.scheduling.kinds import MeetingState
from liaison_app.scheduling.models import Meeting, Occupancy, Participant

GUARD_OFF = {
    "sqlite": (
        "DROP TRIGGER IF EXISTS occupancy_guard_insert",
        "DROP TRIGGER IF EXISTS occupancy_guard_update",
    ),
    "postgresql": ("ALTER TABLE occupancy DROP CONSTRAINT IF EXISTS occupancy_no_overlap",),
}

_OVERLAPS = """
SELECT count(*) FROM occupancy one JOIN occupancy other
ON other.resource_id = one.resource_id AND other.id > one.id
AND other.starts_at < one.ends_at AND one.starts_at < other.ends_at
WHERE one.live AND other.live
"""

Row = tuple[int, int, object, object]


def count_overlaps() -> int:
    """Return how many pairs of live bookings of one resource share a moment."""
    return db.session.scalar(text(_OVERLAPS)) or 0


def live_rows() -> set[Row]:
    """Return (meeting, resource, start, end) of all that is held."""
    found = db.session.query(
        Occupancy.meeting_id, Occupancy.resource_id, Occupancy.starts_at, Occupancy.ends_at
    ).filter(Occupancy.live)
    return {tuple(row) for row in found}


def owed_rows() -> set[Row]:
    """Return what should be held: room and expected people of every meeting that is neither off nor without time."""
    off = (MeetingState.POSTPONED, MeetingState.CANCELLED)
    owed: set[Row] = set()
    for meeting in db.session.query(Meeting).filter(Meeting.state.not_in(off)):
        expected = db.session.query(Participant.person_id).filter_by(
            meeting_id=meeting.id, removed_at=None, declined_at=None
        )
        resources = {rules.person_resource(person_id) for (person_id,) in expected}
        if meeting.room_id:
            resources.add(rules.room_resource(meeting.room_id))
        owed |= {(meeting.id, resource, meeting.starts_at, meeting.ends_at) for resource in resources}
    return owed
