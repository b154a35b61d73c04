"""Deputies and officials, all invented."""

from itertools import count

from liaison_app.core.db import db, keyed_hash
from liaison_app.core.text import name_key
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Mandate, Person, Post, PostKind

_numbers = count(1)


def make_person(name: str = "", *, mobile: str | None = None, email: str = "", **facts) -> Person:
    """Add a person without post or mandate."""
    name = name or f"试用{next(_numbers)}"
    person = Person(
        name=name,
        name_key=name_key(name),
        mobile=mobile,
        mobile_key=keyed_hash("mobile", mobile) if mobile else None,
        email=email,
        **facts,
    )
    db.session.add(person)
    db.session.flush()
    return person


def make_deputy(name: str = "", *, level: int = 4, **facts) -> Person:
    """Add a person who holds a living mandate."""
    person = make_person(name, **facts)
    db.session.add(Mandate(person_id=person.id, level=level))
    return person


def make_official(
    unit: OrgUnit, name: str = "", *, kind: PostKind = PostKind.HEAD, title: str = "局长", **facts
) -> Person:
    """Add a person who holds a post in `unit`."""
    person = make_person(name, **facts)
    db.session.add(Post(person_id=person.id, unit_id=unit.id, kind=kind, title=title))
    return person
