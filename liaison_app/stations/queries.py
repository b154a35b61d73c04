"""Reads about stations, their rooms and their deputies."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, selectinload

from liaison_app.core.db import db, get
from liaison_app.core.errors import Missing
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.queries import list_root_paths, within
from liaison_app.people.models import Mandate, MandateState, Person

from .kinds import Tier
from .models import Membership, Room, Station

_TIER_ORDER = list(Tier)


def get_station(station_id: int) -> Station:
    """Return the station with its rooms, or raise Missing."""
    station = db.session.scalar(
        select(Station).where(Station.id == station_id).options(selectinload(Station.rooms))
    )
    if station is None:
        raise Missing
    return station


def list_stations(paths: Collection[str] | None = None) -> Sequence[Station]:
    """Return the stations, demonstration ones first, then by protocol; with `paths`, those of the subtrees."""
    wanted = (
        select(Station).join(Station.unit).options(contains_eager(Station.unit), selectinload(Station.rooms))
    )
    if paths is not None:
        wanted = wanted.where(within(paths))
    found = list(db.session.scalars(wanted.order_by(OrgUnit.protocol_order, OrgUnit.id)))
    return sorted(found, key=lambda station: _TIER_ORDER.index(station.tier))


def get_room(room_id: int) -> Room:
    """Return the room or raise Missing."""
    return get(Room, room_id)


def list_rooms(paths: Collection[str]) -> Sequence[Room]:
    """Return the rooms of the stations of the subtrees, station by station."""
    wanted = (
        select(Room)
        .join(Room.station)
        .join(Station.unit)
        .where(within(paths))
        .options(contains_eager(Room.station).contains_eager(Station.unit))
    )
    return list(db.session.scalars(wanted.order_by(OrgUnit.protocol_order, OrgUnit.id, Room.id)))


def list_members(station_id: int) -> Sequence[Person]:
    """Return the deputies who belong to a station now and whose mandate is alive, the highest level first."""
    alive = select(Mandate.person_id).where(Mandate.state == MandateState.ACTIVE)
    highest = select(func.min(Mandate.level)).where(Mandate.person_id == Person.id).scalar_subquery()
    wanted = (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.station_id == station_id, Membership.left_on.is_(None), Person.id.in_(alive))
        .options(selectinload(Person.mandates))
        .order_by(highest, Person.pinyin, Person.id)
    )
    return list(db.session.scalars(wanted))


def list_names() -> dict[int, str]:
    """Return the name of each station by its id, by protocol."""
    rows = db.session.execute(
        select(Station.id, OrgUnit.name)
        .join(OrgUnit, OrgUnit.id == Station.unit_id)
        .order_by(OrgUnit.protocol_order, OrgUnit.id)
    )
    return dict(rows.all())


def list_member_ids(station_id: int) -> Sequence[int]:
    """Return the ids of those who belong to a station now, whatever their mandates."""
    here = Membership.station_id == station_id, Membership.left_on.is_(None)
    return list(db.session.scalars(select(Membership.person_id).where(*here)))


def list_homes(person_id: int) -> Sequence[Station]:
    """Return the stations that somebody belongs to now."""
    wanted = select(Station).join(Membership, Membership.station_id == Station.id)
    here = Membership.person_id == person_id, Membership.left_on.is_(None)
    return list(db.session.scalars(wanted.where(*here).order_by(Membership.id)))


def paths_of(person: Person) -> tuple[str, ...]:
    """Return where somebody belongs: the district, the own stations, and the units where a post is held. Who is
    responsible on one of these or above is responsible for the person."""
    posts = [post.unit.path for post in person.posts if post.ended_at is None]
    homes = [station.unit.path for station in list_homes(person.id)]
    return (*list_root_paths(), *homes, *posts)


def count_members() -> dict[int, int]:
    """Return how many deputies with a living mandate belong to each station now."""
    alive = select(Mandate.person_id).where(Mandate.state == MandateState.ACTIVE)
    rows = db.session.execute(
        select(Membership.station_id, func.count())
        .where(Membership.left_on.is_(None), Membership.person_id.in_(alive))
        .group_by(Membership.station_id)
    )
    return dict(rows.all())


def stations_of(person_ids: Collection[int]) -> dict[int, str]:
    """Return, per deputy, the name of the station the deputy belongs to now."""
    rows = db.session.execute(
        select(Membership.person_id, OrgUnit.name)
        .join(Station, Station.id == Membership.station_id)
        .join(OrgUnit, OrgUnit.id == Station.unit_id)
        .where(Membership.person_id.in_(person_ids), Membership.left_on.is_(None))
    )
    return dict(rows.all())
