"""Write down who and what is there before the first meeting: bodies, stations, people, accounts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from liaison_app.access.permissions import ROLE_NAMES
from liaison_app.accounts import services as accounts
from liaison_app.accounts.models import Account
from liaison_app.accounts.rules import password_flaw
from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.core.text import from_local
from liaison_app.orgs import services as orgs
from liaison_app.orgs.models import OrgUnit
from liaison_app.people import services as people
from liaison_app.people.models import Person
from liaison_app.stations import services as stations
from liaison_app.stations.models import Room, Station

from . import district, values

FOUNDED_ON = date(2024, 1, 2)
FOUNDED_AT = from_local(FOUNDED_ON, time(9))
# Without letters and digits that look alike on paper.
PASSWORD_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
PASSWORD_GROUPS, GROUP_LENGTH = 3, 4


@dataclass
class Rows:
    """The rows that the keys of the district's values stand for."""

    units: dict[str, OrgUnit] = field(default_factory=dict)
    stations: dict[str, Station] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)


def found() -> tuple[Rows, list[dict[str, str]]]:
    """Write everything down, and return its rows and the accounts with their fresh passwords.

    In one transaction of the caller. Everything is there since FOUNDED_AT.
    """
    rows = Rows()
    with clock.frozen(FOUNDED_AT):
        _found_units(rows)
        _found_people(rows)
        return rows, [_found_account(planned, rows) for planned in district.ACCOUNTS]


def _found_units(rows: Rows) -> None:
    planned_stations = {station.key: station for station in district.STATIONS}
    for unit in district.UNITS:
        parent = rows.units[unit.parent] if unit.parent else None
        if unit.key in planned_stations and parent is not None:
            station = rows.stations[unit.key] = _found_station(planned_stations[unit.key], unit, parent, rows)
            rows.units[unit.key] = station.unit
        else:
            rows.units[unit.key] = orgs.add_unit(unit.name, unit.kind, parent, short_name=unit.short_name)
        rows.units[unit.key].phone = unit.phone
        rows.units[unit.key].protocol_order = unit.protocol_order
    for alias in district.ALIASES:
        orgs.add_alias(rows.units[alias.unit], alias.name)


def _found_station(planned: values.Station, unit: values.Unit, parent: OrgUnit, rows: Rows) -> Station:
    station = stations.add_station(
        unit.name,
        parent,
        planned.kind,
        planned.tier,
        short_name=unit.short_name,
        honours="、".join(planned.honours),
        address=planned.address,
        open_hours=planned.open_hours,
        access_notes=planned.access_notes,
        about=planned.about,
    )
    for room in planned.rooms:
        rows.rooms[room.key] = stations.set_room(
            station, room.name, room.capacity, is_accessible=room.is_accessible
        )
    return station


def _found_people(rows: Rows) -> None:
    for planned in district.PEOPLE:
        person = rows.people[planned.key] = people.add_person(
            planned.name,
            gender=planned.gender,
            born_on=planned.born_on,
            ethnicity=planned.ethnicity,
            employer=planned.employer,
            job_title=planned.job_title,
            expertise="、".join(planned.expertise),
            mobile=planned.mobile,
            email=planned.email,
            is_demo=True,
        )
        for planned_mandate in planned.mandates:
            mandate = people.elect(person, planned_mandate.level, planned_mandate.term)
            mandate.constituency, mandate.state = planned_mandate.constituency, planned_mandate.state
        if planned.station:
            stations.belong(rows.stations[planned.station], person, (), FOUNDED_ON)
    for planned_post in district.POSTS:
        post = people.appoint(
            rows.people[planned_post.person],
            rows.units[planned_post.unit],
            planned_post.kind,
            planned_post.title,
        )
        post.protocol_order = planned_post.protocol_order
    # The ids go into plans and accounts.
    db.session.flush()


def _found_account(planned: values.Account, rows: Rows) -> dict[str, str]:
    """Add an account with a fresh password, and return what is said about it in the file of accounts."""
    person, unit = rows.people[planned.person], rows.units[planned.unit]
    account = rows.accounts[planned.login] = accounts.create_account(planned.login, person.name, by=None)
    account.person_id, account.email = person.id, person.email
    password = make_password(planned.login, person.name)
    accounts.set_password(account, password, by=None)
    accounts.grant(account, planned.role, unit.id, by=None)
    said: dict[str, Any] = {
        "role": planned.role.value,
        "role_name": ROLE_NAMES[planned.role],
        "unit": unit.name,
        "login": planned.login,
        "password": password,
        "name": person.name,
    }
    return said


def make_password(login: str, name: str) -> str:
    """Return a random password that can be read from paper, and that the rules of accounts do not refuse."""
    while True:
        groups = (
            "".join(secrets.choice(PASSWORD_SIGNS) for _ in range(GROUP_LENGTH))
            for _ in range(PASSWORD_GROUPS)
        )
        password = "-".join(groups)
        if password_flaw(password, login, name) is None:
            return password
