"""Add stations and rooms, and say who belongs where."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from liaison_app.core.db import db
from liaison_app.orgs import services as orgs
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person

from .kinds import StationKind, Tier
from .models import Membership, Room, Station


def add_station(
    name: str, parent: OrgUnit, kind: StationKind, tier: Tier, *, short_name: str = "", **facts: Any
) -> Station:
    """Add a station with its own unit below a street; `facts` are columns of Station."""
    unit = orgs.add_unit(name, OrgKind.STATION, parent, short_name=short_name)
    station = Station(unit=unit, kind=kind, tier=tier, **facts)
    db.session.add(station)
    return station


def set_room(station: Station, name: str, capacity: int, *, is_accessible: bool) -> Room:
    """Add a room, or change the one of that name; `capacity` in people."""
    room = next((one for one in station.rooms if one.name == name), None)
    if room is None:
        room = Room(name=name, capacity=capacity)
        station.rooms.append(room)
    room.capacity, room.is_accessible = capacity, is_accessible
    return room


def belong(station: Station, person: Person, past: Iterable[Membership], on: date) -> Membership:
    """Let a deputy belong to `station` alone from a day on; `past` are all memberships the deputy ever had."""
    here = None
    for membership in past:
        if membership.station_id == station.id:
            here = membership
        elif membership.left_on is None:
            membership.left_on = on
    if here is None:
        here = Membership(station=station, person=person, joined_on=on)
        db.session.add(here)
    elif here.left_on is not None:
        here.joined_on, here.left_on = on, None
    return here
