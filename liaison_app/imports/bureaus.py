"""The list of bureaus, and of those who answer for them, against the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from liaison_app.core.db import db
from liaison_app.core.errors import N_
from liaison_app.core.text import name_key
from liaison_app.orgs import services as orgs
from liaison_app.orgs.kinds import ANSWERING, OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.rules import title_of_deputy, title_of_head
from liaison_app.people import services as people
from liaison_app.people.models import Person, Post
from liaison_app.people.rules import PostKind

from . import rules
from .cells import BadCell
from .kinds import OFFICIAL_FIELDS, ListKind, Official, Values, officials
from .plan import Match, once
from .rules import Entry
from .units import Units

_KIND = ListKind.BUREAUS
_OF_UNIT = ("short_name", "kind", "phone")
_TITLES = {
    PostKind.HEAD: title_of_head,
    PostKind.DEPUTY_HEAD: title_of_deputy,
    PostKind.CONTACT: lambda name: "联系人",
}
# A court answers to the congress, not to the government.
_ABOVE = {OrgKind.COURT: OrgKind.DISTRICT}


class Bureaus:
    """The bureaus and their people as they are when this is made; changes stay within the path `scope`."""

    def __init__(self, scope: str, now: datetime):
        self._now = now
        self._units = Units(scope)
        self._posts: dict[tuple[int, PostKind], list[Post]] = defaultdict(list)
        held = select(Post).where(Post.ended_at.is_(None)).options(joinedload(Post.person))
        for post in db.session.scalars(held.order_by(Post.protocol_order, Post.id)):
            self._posts[post.unit_id, post.kind].append(post)
        with_mobile = select(Person).where(Person.mobile_key.is_not(None)).order_by(Person.id.desc())
        self._by_mobile = {(one.mobile_key, one.name_key): one for one in db.session.scalars(with_mobile)}

    # --- matching -------------------------------------------------------------

    def match(self, entries: Sequence[Entry]) -> list[Match]:
        """Find each row's unit by its name, a former name, or, where it was renamed, by the former names in the row."""
        return once(_KIND, map(self._match, entries))

    def _match(self, entry: Entry) -> Match:
        if entry.problems:
            return Match(entry)
        said = entry.values
        unit = self._units.find(said["name"])
        if unit is not None and not self._units.bears(unit, said["name"]):
            entry = rules.resolved(entry, name=unit.name)
        elif unit is None:
            unit = self._renamed(said)
        entry = self._check(entry, unit)
        if entry.problems or unit is None:
            return Match(entry)
        return Match(entry, self._stored(unit, entry.values), unit)

    def _renamed(self, said: Values) -> OrgUnit | None:
        return next((unit for name in said.get("aliases", ()) if (unit := self._units.find(name))), None)

    def _check(self, entry: Entry, unit: OrgUnit | None) -> Entry:
        said = entry.values
        for name in said.get("aliases", ()):
            owner = self._units.find(name)
            if owner is not None and owner is not unit:
                reason = N_("“{name}”在系统里是“{unit}”的名称。")
                return _refused(entry, "aliases", reason, name=name, unit=owner.name)
        if unit is None:
            is_ours = self._units.may_add(_above(said))
        elif unit.kind not in ANSWERING:
            return _refused(entry, "name", N_("系统里有这个名称，但不是局委办。"))
        else:
            is_ours = self._units.is_within(unit)
        return entry if is_ours else _refused(entry, "name", N_("局委办不归您的单位管，请交给区里导入。"))

    def _stored(self, unit: OrgUnit, said: Values) -> Mapping[str, Any]:
        stored = {
            "name": unit.name,
            "aliases": tuple(self._units.aliases.get(unit.id, ())),
            **{field: getattr(unit, field) for field in _OF_UNIT},
        }
        for prefix, kind in OFFICIAL_FIELDS.items():
            wanted = [name_key(one.name) for one in officials(said) if one.post is kind]
            holders = [post.person for post in self._posts[unit.id, kind]]
            holders.sort(key=lambda person: _place(wanted, person.name_key))
            stored[f"{prefix}_name"] = tuple(person.name for person in holders)
            stored[f"{prefix}_mobile"] = tuple(person.mobile or "" for person in holders)
            stored[f"{prefix}_email"] = tuple(person.email for person in holders)
        for field in ("head_name", "head_mobile", "head_email"):
            stored[field] = next(iter(stored[field]), "")
        return stored

    # --- writing --------------------------------------------------------------

    def write(self, match: Match) -> None:
        """Store the unit of a row, its former names, and who holds its posts."""
        said = match.entry.values
        unit = match.thing or self._add(said)
        if not self._units.bears(unit, said["name"]):
            orgs.rename_unit(unit, said["name"])
        unit.name = said["name"]
        for field in _OF_UNIT:
            setattr(unit, field, said.get(field, getattr(unit, field)))
        for name in said.get("aliases", ()):
            orgs.add_alias(unit, name)
        # Everybody is found before any post ends: heads may become deputy heads in the same row.
        known = [post.person for kind in PostKind for post in self._posts[unit.id, kind]]
        named: dict[PostKind, list[Person]] = defaultdict(list)
        for official in officials(said):
            person = self._person(official, known)
            if person not in named[official.post]:
                named[official.post].append(person)
        for kind, wanted in named.items():
            self._appoint(unit, kind, wanted)

    def _add(self, said: Values) -> OrgUnit:
        kind, above = said.get("kind", OrgKind.BUREAU), self._units.trunk(_above(said))
        return self._units.added(orgs.add_unit(said["name"], kind, above, short_name=said["short_name"]))

    def _person(self, official: Official, known: list[Person]) -> Person:
        """Return the person: found by mobile and name, else by name among those `known` in the unit, else new."""
        key = name_key(official.name)
        person = self._by_mobile.get((people.mobile_key(official.mobile), key)) if official.mobile else None
        person = person or next((one for one in known if one.name_key == key), None)
        said = {"name": official.name, "mobile": official.mobile, "email": official.email}
        facts = {field: value for field, value in said.items() if value}
        if person is None:
            person = people.add_person(**facts)
            known.append(person)
        else:
            people.revise_person(person, **facts)
        if person.mobile_key:
            self._by_mobile[person.mobile_key, person.name_key] = person
        return person

    def _appoint(self, unit: OrgUnit, kind: PostKind, wanted: Sequence[Person]) -> None:
        """Let just these people hold the posts of a kind; who newly becomes head is a deputy head no more."""
        before = self._posts[unit.id, kind]
        title = before[0].title if before else _TITLES[kind](unit.name)
        self._end(unit, kind, [post for post in before if post.person not in wanted])
        holders = [post.person for post in before]
        fresh = [people.appoint(one, unit, kind, title) for one in wanted if one not in holders]
        self._posts[unit.id, kind] += fresh
        if kind is PostKind.HEAD:
            risen = {post.person for post in fresh}
            below = self._posts[unit.id, PostKind.DEPUTY_HEAD]
            self._end(unit, PostKind.DEPUTY_HEAD, [post for post in below if post.person in risen])

    def _end(self, unit: OrgUnit, kind: PostKind, posts: Sequence[Post]) -> None:
        people.end_posts(posts, self._now)
        self._posts[unit.id, kind] = [post for post in self._posts[unit.id, kind] if post not in posts]


def _above(said: Values) -> OrgKind:
    """Return the kind of body that a new unit hangs on."""
    return _ABOVE.get(said.get("kind", OrgKind.BUREAU), OrgKind.GOVERNMENT)


def _refused(entry: Entry, field: str, reason: str, **values: object) -> Entry:
    return rules.refused(_KIND, entry, field, BadCell(reason, **values))


def _place(wanted: Sequence[str], key: str) -> int:
    return wanted.index(key) if key in wanted else len(wanted)
