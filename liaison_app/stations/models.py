"""The stations, their rooms and their deputies."""

from datetime import date

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person

from .kinds import StationKind, Tier


class Station(Model):
    """A liaison station (人大代表联络站). It is an org unit as well, so that roles can be held on it."""

    __tablename__ = "station"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), unique=True)
    kind: Mapped[StationKind] = mapped_column(CodeType(StationKind))
    tier: Mapped[Tier] = mapped_column(CodeType(Tier))
    honours: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(200), default="")
    open_hours: Mapped[str] = mapped_column(String(200), default="")
    access_notes: Mapped[str] = mapped_column(String(200), default="")
    about: Mapped[str] = mapped_column(Text, default="")

    unit: Mapped[OrgUnit] = relationship(lazy="joined", innerjoin=True)
    rooms: Mapped[list["Room"]] = relationship(back_populates="station", order_by="Room.id")

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.unit.path,)

    @property
    def name(self) -> str:
        return self.unit.name

    @property
    def phone(self) -> str:
        return self.unit.phone


class Room(Model):
    """A room of a station; `capacity` is the number of people it holds, staff and guests together."""

    __tablename__ = "room"
    __table_args__ = (UniqueConstraint("station_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    capacity: Mapped[int]
    is_accessible: Mapped[bool] = mapped_column(default=False)

    station: Mapped[Station] = relationship(back_populates="rooms", lazy="joined", innerjoin=True)

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return self.station.unit_paths


class Membership(Model):
    """A deputy who belongs to a station, from one day to another (驻站代表)."""

    __tablename__ = "station_membership"
    __table_args__ = (UniqueConstraint("station_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    joined_on: Mapped[date | None]
    left_on: Mapped[date | None]

    person: Mapped[Person] = relationship()
    station: Mapped[Station] = relationship()
