"""Meetings as rows. They hold nothing in the ledger: for that, call scheduling's services."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from itertools import count

from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.scheduling.models import Meeting, Participant, Pool
from liaison_app.stations.models import Room
from tests.factories.people import make_person
from tests.factories.stations import make_room

_numbers = count(1)


def make_meeting(
    title: str = "供暖专场", *, room: Room | None = None, seats: Mapping[RoleCode, int] | None = None, **facts
) -> Meeting:
    """Add a published, public meeting in a week's time, open for sign-up, with pools of `seats` per role.

    `facts` are columns of Meeting; `room_id=None` with `place_text` makes one outside.
    """
    if room is None and "room_id" not in facts:
        room = make_room()
    now = clock.now()
    starts_at = facts.pop("starts_at", now + timedelta(days=7))
    values = {
        "code": f"test{next(_numbers):04}",
        "uid": str(uuid.uuid4()),
        "kind": "face_bureau",
        "title": title,
        "state": MeetingState.PUBLISHED,
        "station_id": room.station_id if room else None,
        "room_id": room.id if room else None,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=2),
        "first_starts_at": starts_at,
        "created_at": now,
        "revised_at": now,
        "published_at": now,
        **facts,
    }
    if "unit_id" not in values and "unit" not in values:
        values["unit_id"] = room.station.unit_id if room else make_room().station.unit_id
    meeting = Meeting(**values)
    db.session.add(meeting)
    db.session.flush()
    for role, number in (seats or {}).items():
        make_pool(meeting, role, number)
    return meeting


def make_pool(
    meeting: Meeting | None = None,
    role: RoleCode = RoleCode.CITIZEN,
    seats: int = 4,
    *,
    wait_places: int = 100,
) -> Pool:
    """Add the seats of a role, at a new meeting where none is given."""
    meeting = meeting or make_meeting()
    pool = Pool(
        meeting_id=meeting.id,
        role=role,
        seats=seats,
        wait_places=wait_places,
        position=list(RoleCode).index(role),
    )
    db.session.add(pool)
    db.session.flush()
    return pool


def make_participant(
    meeting: Meeting,
    person: Person | None = None,
    role: RoleCode = RoleCode.DEPUTY,
    *,
    unit: OrgUnit | None = None,
    **facts,
) -> Participant:
    """Invite somebody to a meeting, without telling anybody."""
    person = person or make_person()
    participant = Participant(
        meeting_id=meeting.id, person_id=person.id, role=role, unit_id=unit.id if unit else None, **facts
    )
    db.session.add(participant)
    db.session.flush()
    return participant
