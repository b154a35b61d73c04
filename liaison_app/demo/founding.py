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
from liaison_app.core.db import db, keyed_hash
from liaison_app.core.text import from_local, name_key
from liaison_app.orgs import services as orgs
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Mandate, Person, Post
from liaison_app.people.rules import pinyin_of
from liaison_app.stations.models import Membership, Room, Station

from . import district, values

FOUNDED_AT = from_local(date(2024, 1, 2), time(9))
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

    In one transaction of the caller. Whoever holds a post or a mandate holds it since FOUNDED_AT.
    """
    rows = Rows()
    with clock.frozen(FOUNDED_AT):
        _found_units(rows)
        _found_stations(rows)
        _found_people(rows)
        return rows, [_found_account(planned, rows) for planned in district.ACCOUNTS]


def _found_units(rows: Rows) -> None:
    for unit in district.UNITS:
        rows.units[unit.key] = orgs.add_unit(
            unit.name,
            unit.kind,
            rows.units[unit.parent] if unit.parent else None,
            short_name=unit.short_name,
            phone=unit.phone,
            protocol_order=unit.protocol_order,
        )
    for alias in district.ALIASES:
        orgs.add_alias(rows.units[alias.unit], alias.name)


def _found_stations(rows: Rows) -> None:
    for planned in district.STATIONS:
        station = rows.stations[planned.key] = Station(
            unit=rows.units[planned.key],
            kind=planned.kind,
            tier=planned.tier,
            honours="、".join(planned.honours),
            address=planned.address,
            open_hours=planned.open_hours,
            access_notes=planned.access_notes,
            about=planned.about,
        )
        for room in planned.rooms:
            rows.rooms[room.key] = Room(
                station=station, name=room.name, capacity=room.capacity, is_accessible=room.is_accessible
            )
    db.session.add_all(rows.stations.values())
    db.session.add_all(rows.rooms.values())


def _found_people(rows: Rows) -> None:
    for planned in district.PEOPLE:
        rows.people[planned.key] = _person(planned)
    db.session.add_all(rows.people.values())
    db.session.add_all(
        Membership(station=rows.stations[planned.station], person=rows.people[planned.key])
        for planned in district.PEOPLE
        if planned.station
    )
    db.session.add_all(
        Post(
            person=rows.people[post.person],
            unit=rows.units[post.unit],
            kind=post.kind,
            title=post.title,
            protocol_order=post.protocol_order,
        )
        for post in district.POSTS
    )
    # The ids go into plans and accounts.
    db.session.flush()


def _person(planned: values.Person) -> Person:
    return Person(
        name=planned.name,
        name_key=name_key(planned.name),
        pinyin=pinyin_of(planned.name),
        gender=planned.gender,
        born_on=planned.born_on,
        ethnicity=planned.ethnicity,
        employer=planned.employer,
        job_title=planned.job_title,
        expertise="、".join(planned.expertise),
        mobile=planned.mobile,
        mobile_key=keyed_hash("mobile", planned.mobile),
        email=planned.email,
        is_demo=True,
        mandates=[
            Mandate(level=one.level, term=one.term, constituency=one.constituency, state=one.state)
            for one in planned.mandates
        ],
    )


def _found_account(planned: values.Account, rows: Rows) -> dict[str, str]:
    """Add an account with a fresh password, and return what is said about it in the file of accounts."""
    person, unit = rows.people[planned.person], rows.units[planned.unit]
    account = rows.accounts[planned.login] = accounts.create_account(planned.login, person.name, by=None)
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
