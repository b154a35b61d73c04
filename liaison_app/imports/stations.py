"""The list of stations and their rooms against the database."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from liaison_app.core.db import db
from liaison_app.core.errors import N_
from liaison_app.orgs import services as orgs
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.rules import congress_body_of
from liaison_app.stations import services as stations
from liaison_app.stations.models import Room, Station

from . import rules
from .cells import BadCell, RoomSpec
from .kinds import ListKind
from .plan import Match, once
from .rules import Entry
from .units import Units

_KIND = ListKind.STATIONS
_OF_STATION = ("kind", "tier", "address", "open_hours", "access_notes")
_SHORT_NAME_LENGTH = 40


class NewStreet(BadCell):
    """What a row brings about besides."""


class Stations:
    """The stations as they are when this is made; changes stay within the path `scope`."""

    def __init__(self, scope: str):
        self._units = Units(scope)
        with_rooms = select(Station).options(selectinload(Station.rooms))
        self._stations = {one.unit_id: one for one in db.session.scalars(with_rooms)}

    # --- matching -------------------------------------------------------------

    def match(self, entries: Sequence[Entry]) -> list[Match]:
        """Find each row's station by its name or a former name, and its street by the name of any body there."""
        return once(_KIND, map(self._match, entries))

    def _match(self, entry: Entry) -> Match:
        if entry.problems:
            return Match(entry)
        unit = self._units.find(entry.values["name"])
        station = self._stations.get(unit.id) if unit else None
        if unit is not None and not self._units.bears(unit, entry.values["name"]):
            entry = rules.resolved(entry, name=unit.name)
        street = self._units.find_street(entry.values["street"])
        full_name = street.name if street else congress_body_of(entry.values["street"])[0]
        entry = self._check(rules.resolved(entry, street=full_name), unit, station, street)
        if entry.problems:
            return Match(entry)
        notes = () if street else (NewStreet(N_("系统里没有“{street}”，写入时新建。"), street=full_name),)
        stored = self._stored(station) if station else None
        return Match(entry, stored, station, notes)

    def _check(
        self, entry: Entry, unit: OrgUnit | None, station: Station | None, street: OrgUnit | None
    ) -> Entry:
        if unit is not None and station is None:
            return _refused(entry, "name", N_("系统里有这个名称，但不是联络站点。"))
        if unit is not None and not self._units.is_within(unit):
            return _refused(entry, "name", N_("这个站点不归您的单位管，请交给区里导入。"))
        is_ours = self._units.is_within(street) if street else self._units.may_add(OrgKind.STANDING_COMMITTEE)
        return entry if is_ours else _refused(entry, "street", N_("这个街道不归您的单位管。"))

    def _stored(self, station: Station) -> Mapping[str, Any]:
        unit = station.unit
        return {
            "name": unit.name,
            "phone": unit.phone,
            "street": self._units[unit.parent_id].name if unit.parent_id else "",
            "rooms": tuple(
                RoomSpec(_room_name(room), room.capacity, room.is_accessible) for room in station.rooms
            ),
            **{field: getattr(station, field) for field in _OF_STATION},
        }

    # --- writing --------------------------------------------------------------

    def write(self, match: Match) -> None:
        """Store the station of a row and its rooms; a street that is not there yet is added."""
        said = match.entry.values
        street = self._units.find_street(said["street"]) or self._units.add_street(said["street"])
        station = match.thing or self._add(said, street)
        facts = {field: said[field] for field in _OF_STATION if field in said}
        for field, value in facts.items():
            setattr(station, field, value)
        unit = station.unit
        unit.name, unit.phone = said["name"], said.get("phone", unit.phone)
        if unit.parent_id != street.id:
            orgs.move_unit(unit, street)
        names = {_room_name(room): room.name for room in station.rooms}
        for spec in said["rooms"]:
            name = names.get(spec.name, spec.name)
            stations.set_room(station, name, spec.capacity, is_accessible=spec.is_accessible)

    def _add(self, said: Mapping[str, Any], street: OrgUnit) -> Station:
        short_name = said["name"].replace("人大代表联络站", "站")[:_SHORT_NAME_LENGTH]
        station = stations.add_station(
            said["name"], street, said["kind"], said["tier"], short_name=short_name
        )
        self._units.added(station.unit)
        return station


def _refused(entry: Entry, field: str, reason: str, **values: object) -> Entry:
    return rules.refused(_KIND, entry, field, BadCell(reason, **values))


def _room_name(room: Room) -> str:
    """Return a room's name as a list would have it."""
    return "".join(unicodedata.normalize("NFKC", room.name).split())
