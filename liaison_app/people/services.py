"""Write down people, the mandates and posts they hold, and the links to their own calendars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from liaison_app.audit import services as audit
from liaison_app.audit.services import Actor
from liaison_app.core import clock
from liaison_app.core.db import db, keyed_hash, lock
from liaison_app.core.errors import Missing
from liaison_app.core.text import name_key
from liaison_app.core.tokens import digest, make
from liaison_app.orgs.models import OrgUnit

from .models import Mandate, Person, PersonAddress, Post, PublicationConsent
from .queries import list_addresses, list_consents
from .rules import PUBLISHABLE, MandateState, PostKind, pinyin_of

FEED = "feed"
PINYIN_LENGTH = 200


def mobile_key(mobile: str) -> str:
    """Return the keyed hash by which a person is found from a mobile in its normal form."""
    return keyed_hash("mobile", mobile)


def add_person(name: str, **facts: Any) -> Person:
    """Add somebody; `facts` are columns of Person."""
    person = Person()
    revise_person(person, name=name, **facts)
    db.session.add(person)
    return person


def revise_person(person: Person, **facts: Any) -> None:
    """Change facts about a person; what is derived from name and mobile follows them."""
    for fact, value in facts.items():
        setattr(person, fact, value)
    if "name" in facts:
        person.name_key = name_key(person.name)
        person.pinyin = pinyin_of(person.name)[:PINYIN_LENGTH]
    if "mobile" in facts:
        person.mobile_key = mobile_key(person.mobile) if person.mobile else None


def elect(person: Person, level: int, term: str = "") -> Mandate:
    """Return the person's mandate of a level and term; a new one where there is none."""
    for mandate in person.mandates:
        if (mandate.level, mandate.term) == (level, term):
            return mandate
    mandate = Mandate(level=level, term=term, state=MandateState.ACTIVE)
    person.mandates.append(mandate)
    return mandate


def appoint(person: Person, unit: OrgUnit, kind: PostKind, title: str) -> Post:
    """Let a person hold a post in a unit from now on."""
    post = Post(person=person, unit=unit, kind=kind, title=title)
    db.session.add(post)
    return post


def end_posts(posts: Iterable[Post], at: datetime) -> None:
    """Let posts end; they stay in the books."""
    for post in posts:
        post.ended_at = at


def note_revealed(person_id: int, *, by: Actor) -> Person:
    """Note that somebody looked at a person's mobile, and return the person. Raises Missing."""
    person = lock(Person, person_id)
    audit.record("people:phone:reveal", person, by=by, sentence=person.name)
    return person


def note_consent(person_id: int, field: str, *, is_given: bool, by: Actor) -> None:
    """Write down that somebody agrees that a field is public, or does not any more. Raises Missing.

    Doing it twice does nothing.
    """
    if field not in PUBLISHABLE:
        raise Missing
    person = lock(Person, person_id)
    live = next(
        (one for one in list_consents(person_id) if one.field == field and one.withdrawn_at is None), None
    )
    if is_given == (live is not None):
        return
    now = clock.now()
    if live is not None:
        live.withdrawn_at, live.withdrawn_by = now, by.name
    else:
        db.session.add(
            PublicationConsent(person_id=person_id, field=field, recorded_at=now, recorded_by=by.name)
        )
    step = "give" if is_given else "withdraw"
    audit.record(f"people:consent:{step}", person, by=by, sentence=f"{person.name}：{PUBLISHABLE[field]}")


def add_address(person_id: int, address: str, *, by: Actor) -> None:
    """Take the answers of a person from one more mail address. Doing it twice does nothing. Raises Missing."""
    person = lock(Person, person_id)
    key = address.strip().lower()
    known = {person.email.lower(), *(one.address for one in list_addresses([person_id]))}
    if key in known:
        return
    db.session.add(PersonAddress(person_id=person_id, address=key, added_at=clock.now(), added_by=by.name))
    audit.record("people:address:add", person, by=by, sentence=person.name)


def end_address(person_id: int, address_id: int, *, by: Actor) -> None:
    """Take no answers from an address any more. Raises Missing."""
    person = lock(Person, person_id)
    found = next((one for one in list_addresses([person_id]) if one.id == address_id), None)
    if found is None:
        raise Missing
    found.ended_at, found.ended_by = clock.now(), by.name
    audit.record("people:address:end", person, by=by, sentence=person.name)


def issue_feed(person_id: int, *, by: Actor) -> str:
    """Return the token of a new secret link to the person's own calendar; an older link ends. Raises Missing."""
    person = lock(Person, person_id)
    person.feed_generation += 1
    token = make(FEED, person.id, person.feed_generation)
    person.feed_hash = digest(token)
    audit.record("people:feed:issue", person, by=by, sentence=person.name)
    return token


def revoke_feed(person_id: int, *, by: Actor) -> None:
    """End the secret link to the person's own calendar. Raises Missing."""
    person = lock(Person, person_id)
    if person.feed_hash is not None:
        person.feed_hash = None
        audit.record("people:feed:revoke", person, by=by, sentence=person.name)
