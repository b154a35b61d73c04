"""Bodies and stations by the names that lists call them: full, short or former."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from sqlalchemy import select

from liaison_app.core.db import db
from liaison_app.core.text import name_key
from liaison_app.orgs import services as orgs
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import Alias, OrgUnit
from liaison_app.orgs.rules import congress_body_of, street_key

_STREETS = (OrgKind.STREET_WORKING_COMMITTEE, OrgKind.TOWNSHIP_PRESIDIUM)


class Units:
    """The tree as it is when this is made, and as far as this adds to it; `scope` is the path that may be changed."""

    def __init__(self, scope: str):
        self._scope = scope
        self._read()

    def _read(self) -> None:
        self._units = list(db.session.scalars(select(OrgUnit).order_by(OrgUnit.protocol_order, OrgUnit.id)))
        self._by_id = {unit.id: unit for unit in self._units}
        self._names = {name_key(unit.name): unit for unit in self._units}
        self._former: dict[str, OrgUnit] = {}
        self.aliases: dict[int, list[str]] = {}
        for alias in db.session.scalars(select(Alias).order_by(Alias.id)):
            self._former[name_key(alias.name)] = self._by_id[alias.unit_id]
            self.aliases.setdefault(alias.unit_id, []).append(alias.name)

    def __getitem__(self, unit_id: int) -> OrgUnit:
        return self._by_id[unit_id]

    def find(self, name: str) -> OrgUnit | None:
        """Return the unit of this full or former name."""
        key = name_key(name)
        return self._names.get(key) or self._former.get(key)

    def bears(self, unit: OrgUnit, name: str) -> bool:
        """Return whether this is the unit's name of today, give or take the way it is written."""
        return name_key(unit.name) == name_key(name)

    def find_called(self, name: str, kind: OrgKind) -> list[OrgUnit]:
        """Return the units of a kind that bear this name, or else the short name."""
        found = self.find(name)
        if found is not None and found in self._of(kind):
            return [found]
        return [unit for unit in self._of(kind) if name_key(unit.short_name) == name_key(name)]

    def close_to(self, name: str, kind: OrgKind) -> str:
        """Return the most similar name of a unit of a kind, empty where none comes close."""
        names = [unit.name for unit in self._of(kind)]
        return next(iter(get_close_matches(name, names, n=1, cutoff=0.6)), "")

    def find_street(self, name: str) -> OrgUnit | None:
        """Return the congress body of a street or a town, or the standing committee where that is named."""
        found = self.find(name)
        if found is not None and found in [*self._of(*_STREETS), *self._of(OrgKind.STANDING_COMMITTEE)]:
            return found
        key = street_key(name)
        return next((unit for unit in self._of(*_STREETS) if street_key(unit.name) == key), None)

    def add_street(self, name: str) -> OrgUnit:
        """Add the congress body of a street or a town below the standing committee."""
        full, short, kind = congress_body_of(name)
        return self.added(orgs.add_unit(full, kind, self.trunk(OrgKind.STANDING_COMMITTEE), short_name=short))

    def trunk(self, kind: OrgKind) -> OrgUnit:
        """Return the first body of a kind that is in every district, else the root; an empty tree gets its trunk."""
        if not self._units:
            orgs.root_unit()
            self._read()
        return next(self._of(kind), None) or orgs.root_unit()

    def may_add(self, kind: OrgKind) -> bool:
        """Return whether `trunk` of that kind is within the scope."""
        above = next(self._of(kind), None) or next((unit for unit in self._units if not unit.parent_id), None)
        return above is None or self.is_within(above)

    def is_within(self, unit: OrgUnit) -> bool:
        return unit.path.startswith(self._scope)

    def added(self, unit: OrgUnit) -> OrgUnit:
        """Take in a unit that was just added."""
        self._units.append(unit)
        self._by_id[unit.id] = unit
        self._names[name_key(unit.name)] = unit
        return unit

    def _of(self, *kinds: OrgKind) -> Iterator[OrgUnit]:
        return (unit for unit in self._units if unit.kind in kinds)
