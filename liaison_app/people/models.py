"""Deputies, officials and the posts and mandates they hold."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model, Secret
from liaison_app.orgs.models import OrgUnit

from .rules import MandateState, PostKind


class Person(Model):
    """Somebody who may be invited. The mobile is encrypted; `mobile_key` is its keyed hash.

    `left_at` is when it was noticed that no mandate and no post is held any more.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(100), index=True)
    pinyin: Mapped[str] = mapped_column(String(200), default="")
    gender: Mapped[str] = mapped_column(String(10), default="")
    born_on: Mapped[date | None]
    ethnicity: Mapped[str] = mapped_column(String(40), default="")
    party: Mapped[str] = mapped_column(String(40), default="")
    education: Mapped[str] = mapped_column(String(40), default="")
    employer: Mapped[str] = mapped_column(String(100), default="")
    job_title: Mapped[str] = mapped_column(String(100), default="")
    expertise: Mapped[str] = mapped_column(String(200), default="")
    mobile: Mapped[str | None] = mapped_column(Secret)
    mobile_key: Mapped[str | None] = mapped_column(String(64), index=True)
    email: Mapped[str] = mapped_column(String(254), default="")
    left_at: Mapped[datetime | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    feed_generation: Mapped[int] = mapped_column(default=0)
    feed_hash: Mapped[str | None] = mapped_column(String(64), unique=True)

    mandates: Mapped[list["Mandate"]] = relationship(back_populates="person", order_by="Mandate.level")
    posts: Mapped[list["Post"]] = relationship(back_populates="person")


class PersonAddress(Model):
    """Another mail address from which a person's answers are taken: the own second one, or the secretary's.

    In lower case; `ended_at` says when it was taken back. `added_by` and `ended_by` name the clerks.
    """

    __tablename__ = "person_address"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    address: Mapped[str] = mapped_column(String(254), index=True)
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(String(100), default="")
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(100), default="")

    person: Mapped[Person] = relationship()


# One living row per person and address.
Index(
    "uq_person_address_live",
    PersonAddress.person_id,
    PersonAddress.address,
    unique=True,
    sqlite_where=PersonAddress.ended_at.is_(None),
    postgresql_where=PersonAddress.ended_at.is_(None),
)


class PublicationConsent(Model):
    """Somebody's consent that one field stands on public pages, until withdrawn (个人信息保护法 25).

    Without one nothing but name, unit and level is public. `recorded_by` and `withdrawn_by` name the clerks.
    """

    __tablename__ = "publication_consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    field: Mapped[str] = mapped_column(String(40))
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(100), default="")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(String(100), default="")


# One consent in force per person and field.
Index(
    "uq_publication_consent_live",
    PublicationConsent.person_id,
    PublicationConsent.field,
    unique=True,
    sqlite_where=PublicationConsent.withdrawn_at.is_(None),
    postgresql_where=PublicationConsent.withdrawn_at.is_(None),
)


class Mandate(Model):
    """A deputy's mandate at one level: 1 national … 5 town."""

    __tablename__ = "mandate"
    __table_args__ = (UniqueConstraint("person_id", "level", "term"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    level: Mapped[int] = mapped_column(index=True)
    term: Mapped[str] = mapped_column(String(40), default="")
    constituency: Mapped[str] = mapped_column(String(100), default="")
    card_no: Mapped[str] = mapped_column(String(40), default="")
    state: Mapped[MandateState] = mapped_column(CodeType(MandateState), default=MandateState.ACTIVE)

    person: Mapped[Person] = relationship(back_populates="mandates")


class Post(Model):
    """A post that a person holds in a unit: 局长, 副局长, 联系人."""

    __tablename__ = "post"
    __table_args__ = (Index("ix_post_unit_kind", "unit_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"))
    kind: Mapped[PostKind] = mapped_column(CodeType(PostKind))
    title: Mapped[str] = mapped_column(String(60), default="")
    protocol_order: Mapped[int] = mapped_column(default=1000)
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(back_populates="posts")
    unit: Mapped[OrgUnit] = relationship()

    @property
    def is_head(self) -> bool:
        return self.kind == PostKind.HEAD

    @property
    def is_contact(self) -> bool:
        return self.kind == PostKind.CONTACT
