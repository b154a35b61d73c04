"""Liaison stations and their rooms."""

from itertools import count

from liaison_app.core.db import db
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person
from liaison_app.stations.kinds import StationKind, Tier
from liaison_app.stations.models import Membership, Room, Station
from tests.factories.orgs import make_unit

_numbers = count(1)


def make_station(name: str = "", *, parent: OrgUnit | None = None, **facts) -> Station:
    """Add a station with its unit, and no room."""
    unit = make_unit(name or f"测试{next(_numbers)}号联络站", OrgKind.STATION, parent=parent)
    station = Station(
        **{
            "unit": unit,
            "kind": StationKind.STATION,
            "tier": Tier.DISTRICT,
            "address": "示例路 1 号",
            **facts,
        }
    )
    db.session.add(station)
    db.session.flush()
    return station


def make_room(station: Station | None = None, *, name: str = "接待室", capacity: int = 30, **facts) -> Room:
    """Add a room, of a new station where none is given."""
    room = Room(station=station or make_station(), name=name, capacity=capacity, **facts)
    db.session.add(room)
    db.session.flush()
    return room


def make_membership(station: Station, person: Person) -> Membership:
    """Let a deputy belong to a station."""
    membership = Membership(station_id=station.id, person_id=person.id)
    db.session.add(membership)
    return membership
