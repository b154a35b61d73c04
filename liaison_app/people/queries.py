"""Reads about people: deputies, officials and the posts they hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import contains_eager, selectinload

from liaison_app.core.db import db, get
from liaison_app.core.errors import Missing
from liaison_app.core.text import name_key
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import Alias, OrgUnit

from .models import Mandate, MandateState, Person, PersonAddress, Post, PostKind, PublicationConsent

_ACTIVE = select(Mandate.person_id).where(Mandate.state == MandateState.ACTIVE)
_HEADS_FIRST = {PostKind.HEAD: 0, PostKind.DEPUTY_HEAD: 1, PostKind.OFFICER: 2, PostKind.CONTACT: 3}


def get_person(person_id: int) -> Person:
    return get(Person, person_id)


def get_card(person_id: int) -> Person:
    """Return somebody with mandates and posts, or raise Missing."""
    with_both = (selectinload(Person.mandates), selectinload(Person.posts).joinedload(Post.unit))
    person = db.session.scalar(select(Person).where(Person.id == person_id).options(*with_both))
    if person is None:
        raise Missing
    return person


def list_deputies(
    *,
    text: str = "",
    level: int | None = None,
    ids: Collection[int] | None = None,
    active_only: bool = True,
    limit: int = 50,
    offset: int = 0,
) -> tuple[Sequence[Person], int]:
    """Return one stretch of the deputies that fit, by level and name in pinyin, and how many fit in all.

    `text` is looked for in names, employers, jobs, expertise and constituencies.
    """
    with_mandate = _ACTIVE if active_only else select(Mandate.person_id)
    wanted = select(Person).where(Person.id.in_(with_mandate))
    if text:
        wanted = wanted.where(
            or_(
                Person.name_key.contains(name_key(text), autoescape=True),
                Person.employer.contains(text, autoescape=True),
                Person.job_title.contains(text, autoescape=True),
                Person.expertise.contains(text, autoescape=True),
                Person.id.in_(
                    select(Mandate.person_id).where(Mandate.constituency.contains(text, autoescape=True))
                ),
            )
        )
    if level:
        wanted = wanted.where(Person.id.in_(select(Mandate.person_id).where(Mandate.level == level)))
    if ids is not None:
        wanted = wanted.where(Person.id.in_(ids))
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    highest = select(func.min(Mandate.level)).where(Mandate.person_id == Person.id).scalar_subquery()
    rows = wanted.options(selectinload(Person.mandates)).order_by(highest, Person.pinyin, Person.id)
    return list(db.session.scalars(rows.limit(limit).offset(offset))), total


def list_addresses(person_ids: Collection[int]) -> Sequence[PersonAddress]:
    """Return the further mail addresses from which the answers of these people are taken."""
    wanted = select(PersonAddress).where(
        PersonAddress.person_id.in_(person_ids), PersonAddress.ended_at.is_(None)
    )
    return list(db.session.scalars(wanted.order_by(PersonAddress.id)))


def list_at(address: str) -> Sequence[Person]:
    """Return the people who are reached at a mail address, or whose answers are taken from it."""
    key = address.lower()
    others = select(PersonAddress.person_id).where(
        PersonAddress.address == key, PersonAddress.ended_at.is_(None)
    )
    wanted = select(Person).where(or_(func.lower(Person.email) == key, Person.id.in_(others)))
    return list(db.session.scalars(wanted.order_by(Person.id))) if key else []


def list_named(name: str, limit: int = 20) -> Sequence[Person]:
    """Return the people of exactly this name, with mandates and posts."""
    with_both = (selectinload(Person.mandates), selectinload(Person.posts).joinedload(Post.unit))
    wanted = select(Person).where(Person.name_key == name_key(name)).options(*with_both)
    return list(db.session.scalars(wanted.order_by(Person.id).limit(limit)))


def published(person_ids: Collection[int], field: str) -> set[int]:
    """Return who of these people has agreed that the field is public."""
    agreed = select(PublicationConsent.person_id).where(
        PublicationConsent.person_id.in_(person_ids),
        PublicationConsent.field == field,
        PublicationConsent.withdrawn_at.is_(None),
    )
    return set(db.session.scalars(agreed))


def list_consents(person_id: int) -> Sequence[PublicationConsent]:
    """Return somebody's consents to publication, the withdrawn ones too, the newest first."""
    wanted = select(PublicationConsent).where(PublicationConsent.person_id == person_id)
    return list(db.session.scalars(wanted.order_by(PublicationConsent.id.desc())))


def list_posts(kinds: Collection[OrgKind], unit_ids: Collection[int] | None = None) -> Sequence[Post]:
    """Return the posts held now in units of these kinds, by protocol, the head of each unit first."""
    wanted = (
        select(Post)
        .join(Post.unit)
        .join(Post.person)
        .where(OrgUnit.kind.in_(kinds), Post.ended_at.is_(None))
        .options(contains_eager(Post.unit), contains_eager(Post.person))
        .order_by(OrgUnit.protocol_order, OrgUnit.id, Post.protocol_order, Post.id)
    )
    if unit_ids is not None:
        wanted = wanted.where(OrgUnit.id.in_(unit_ids))
    posts = list(db.session.scalars(wanted))
    posts.sort(key=lambda post: (post.unit.protocol_order, post.unit_id, _HEADS_FIRST[post.kind]))
    return posts


def find_unit(name: str) -> OrgUnit | None:
    """Return the unit of this full, short or former name (国税局 → 税务局), or None."""
    name = name.strip()
    found = db.session.scalar(
        select(OrgUnit).where(or_(OrgUnit.name == name, OrgUnit.short_name == name)).limit(1)
    )
    if found is None:
        found = db.session.scalar(
            select(OrgUnit).join(Alias, Alias.unit_id == OrgUnit.id).where(Alias.name == name)
        )
    return found
