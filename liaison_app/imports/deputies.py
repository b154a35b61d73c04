"""The roster of deputies against the database. Card, constituency and term of a row belong to its lowest level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from liaison_app.core.db import db
from liaison_app.core.errors import N_
from liaison_app.core.text import name_key
from liaison_app.orgs.kinds import OrgKind
from liaison_app.people import services as people
from liaison_app.people.models import Mandate, Person
from liaison_app.people.rules import MandateState
from liaison_app.stations import services as stations
from liaison_app.stations.models import Membership, Station

from . import rules
from .cells import BadCell
from .kinds import ListKind, Values
from .plan import Match, once
from .rules import Entry
from .units import Units

_OF_PERSON = (
    "name", "gender", "born_on", "ethnicity", "party", "education", "job_title", "employer", "expertise", "mobile", "email",
)  # fmt: skip
_OF_MANDATE = ("card_no", "constituency")
_KIND = ListKind.DEPUTIES


class Deputies:
    """The deputies and stations as they are when this is made; changes stay within the path `scope`."""

    def __init__(self, scope: str, today: date):
        self._today = today
        self._units = Units(scope)
        self._stations = {one.unit_id: one for one in db.session.scalars(select(Station))}
        self._unit_of = {one.id: self._units[one.unit_id] for one in self._stations.values()}
        self._past: dict[int, list[Membership]] = defaultdict(list)
        for membership in db.session.scalars(select(Membership).order_by(Membership.id)):
            self._past[membership.person_id].append(membership)
        self._by_card: dict[str, list[Person]] = defaultdict(list)
        self._by_mobile: dict[tuple[str | None, str], list[Person]] = defaultdict(list)
        self._by_station: dict[tuple[int, str], list[Person]] = defaultdict(list)
        everybody = select(Person).options(selectinload(Person.mandates)).order_by(Person.id)
        for person in db.session.scalars(everybody):
            self._remember(person)

    def _remember(self, person: Person) -> None:
        for card in {mandate.card_no for mandate in person.mandates if mandate.card_no}:
            self._by_card[card].append(person)
        if person.mobile_key:
            self._by_mobile[person.mobile_key, person.name_key].append(person)
        for station_id in self._station_ids(person):
            self._by_station[station_id, person.name_key].append(person)

    # --- matching -------------------------------------------------------------

    def match(self, entries: Sequence[Entry]) -> list[Match]:
        """Find each row's person: by card, by mobile and name, and last by name within the station.

        Who was found by the surer signs of one row is not taken for another row's person by the last one.
        """
        located = [self._locate(entry) for entry in entries]
        sure = [self._find_surely(entry) for entry in located]
        taken = {person.id for _entry, person in sure if person}
        found = [
            (entry, person) if person or entry.problems else self._find_by_name(entry, taken)
            for entry, person in sure
        ]
        return once(_KIND, (self._beside(entry, person) for entry, person in found))

    def _locate(self, entry: Entry) -> Entry:
        """Give the station the name that the database has, or refuse the row; whatever else is wrong with it."""
        if "station" not in entry.values:
            return entry
        typed = entry.values["station"]
        found = self._units.find_called(typed, OrgKind.STATION)
        if len(found) == 1 and found[0].id in self._stations:
            if self._units.is_within(found[0]):
                return rules.resolved(entry, station=found[0].name)
            return _refused(entry, "station", N_("这个站点不归您的单位管，请交给区里导入。"))
        if len(found) > 1:
            return _refused(entry, "station", N_("有几个站点都这样叫，请写全称。"))
        close = self._units.close_to(typed, OrgKind.STATION)
        if close:
            return _refused(entry, "station", N_("系统里没有这个站点，是不是“{close}”？"), close=close)
        return _refused(entry, "station", N_("系统里没有这个站点，请先导入联络站点。"))

    def _find_surely(self, entry: Entry) -> tuple[Entry, Person | None]:
        if entry.problems:
            return entry, None
        key, mobile, card = _key(entry), _mobile_key(entry), entry.values.get("card_no")
        holders = self._by_card.get(card, []) if card else []
        namesakes = [person for person in holders if person.name_key == key]
        # The name may have been put right; then the mobile has to agree.
        known = namesakes or [person for person in holders if mobile and person.mobile_key == mobile]
        if holders and not known:
            reason = N_("系统里这个证号是{name}的，姓名和手机都对不上。")
            return _refused(entry, "card_no", reason, name=holders[0].name), None
        known = known or (self._by_mobile.get((mobile, key), []) if mobile else [])
        if len(known) > 1:
            reason = N_("系统里有 {count} 位同名同号的人，分不清是哪一位，请先在系统里改正。")
            return _refused(entry, "name", reason, count=len(known)), None
        return entry, known[0] if known else None

    def _find_by_name(self, entry: Entry, taken: set[int]) -> tuple[Entry, Person | None]:
        unit = self._station_unit(entry)
        namesakes = self._by_station.get((self._stations[unit.id].id, _key(entry)), [])
        likely = [one for one in namesakes if one.id not in taken and not _is_another(one, entry.values)]
        if len(likely) > 1:
            reason = N_("这个站有 {count} 位同名的代表，请写上代表证号或手机。")
            return _refused(entry, "name", reason, count=len(likely)), None
        return entry, likely[0] if likely else None

    def _beside(self, entry: Entry, person: Person | None) -> Match:
        if entry.problems or person is None:
            return Match(entry)
        homes = [self._unit_of[station_id] for station_id in self._station_ids(person)]
        if homes and not any(map(self._units.is_within, homes)):
            reason = N_("这位代表现在属于{station}，不归您的单位管。")
            return Match(_refused(entry, "name", reason, station=homes[0].name))
        return Match(entry, self._stored(person, entry.values), person)

    def _stored(self, person: Person, said: Values) -> Mapping[str, Any]:
        current = _current(person, said)
        main = current.get(max(said["levels"]))
        states = [current[level].state for level in said["levels"] if level in current]
        others = [state for state in states if state is not said.get("state")]
        return {
            **{field: getattr(person, field) for field in _OF_PERSON},
            **{field: getattr(main, field, "") for field in (*_OF_MANDATE, "term")},
            "levels": tuple(sorted(current)),
            "state": next(iter(others or states), None),
            "station": "、".join(self._unit_of[station_id].name for station_id in self._station_ids(person)),
        }

    def _station_ids(self, person: Person) -> list[int]:
        return [one.station_id for one in self._past[person.id] if one.left_on is None]

    def _station_unit(self, entry: Entry) -> Any:
        return self._units.find_called(entry.values["station"], OrgKind.STATION)[0]

    # --- writing --------------------------------------------------------------

    def write(self, match: Match) -> None:
        """Store the person, the mandates and the station of a row."""
        said = match.entry.values
        facts = {field: said[field] for field in _OF_PERSON if field in said}
        if match.thing is None:
            person = people.add_person(**facts)
        else:
            person = match.thing
            people.revise_person(person, **facts)
        _set_mandates(person, said)
        station = self._stations[self._station_unit(match.entry).id]
        past = self._past[person.id] if match.thing is not None else []
        stations.belong(station, person, past, self._today)


def _refused(entry: Entry, field: str, reason: str, **values: object) -> Entry:
    return rules.refused(_KIND, entry, field, BadCell(reason, **values))


def _key(entry: Entry) -> str:
    return name_key(entry.values["name"])


def _mobile_key(entry: Entry) -> str | None:
    mobile = entry.values.get("mobile")
    return people.mobile_key(mobile) if mobile else None


def _is_another(person: Person, said: Values) -> bool:
    """Return whether a namesake of the same station is somebody else: both card and mobile are other ones."""
    cards = {mandate.card_no for mandate in person.mandates if mandate.card_no}
    other_card = bool(cards) and "card_no" in said and said["card_no"] not in cards
    other_mobile = bool(person.mobile) and "mobile" in said and said["mobile"] != person.mobile
    return other_card and other_mobile


# --- mandates ---------------------------------------------------------------


def _current(person: Person, said: Values) -> dict[int, Mandate]:
    """Return the mandate of each level that is alive; where none is, of each level that the row names.

    Of several at one level, the one of the term that the row names counts, else the latest.
    """
    counted = [one for one in person.mandates if one.state is not MandateState.ENDED]
    counted = counted or [one for one in person.mandates if one.level in said["levels"]]
    by_level: dict[int, Mandate] = {}
    for mandate in sorted(counted, key=lambda one: (one.term == said.get("term"), one.id)):
        by_level[mandate.level] = mandate
    return by_level


def _set_mandates(person: Person, said: Values) -> None:
    """Let the person hold mandates of just the levels of the row; one of another term ends the one before."""
    current = _current(person, said)
    lowest = max(said["levels"])
    for level, mandate in current.items():
        if level not in said["levels"]:
            mandate.state = MandateState.ENDED
    for level in said["levels"]:
        term = said.get("term", "") if level == lowest else ""
        mandate = _mandate(person, current.get(level), level, term)
        mandate.state = said.get("state", mandate.state)
        if level == lowest:
            for field in _OF_MANDATE:
                setattr(mandate, field, said.get(field, getattr(mandate, field)))


def _mandate(person: Person, current: Mandate | None, level: int, term: str) -> Mandate:
    """Return the mandate of a level, in `term` where that is said. One whose term was not known just gets it."""
    if current is not None and (not term or current.term == term):
        return current
    known = any((one.level, one.term) == (level, term) for one in person.mandates)
    if current is not None and not current.term and not known:
        current.term = term
        return current
    if current is not None:
        current.state = MandateState.ENDED
    following = people.elect(person, level, term)
    following.state = MandateState.ACTIVE
    return following
