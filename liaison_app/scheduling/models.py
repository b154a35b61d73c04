"""Meetings, who takes part, and what they occupy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model, Secret
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person
from liaison_app.stations.models import Room, Station

from .kinds import MeetingState, PlaceKind, RoleCode


class Meeting(Model):
    """One meeting (场次) at a station, an outside place or online.

    `unit_id` is the hosting unit and decides who may see and change it; `code` is the public name in
    addresses; `uid` and `sequence` are those of the calendar, `uid` for life (RFC 5545 3.8.4.7);
    `significant_sequence` is the sequence of the last change that people must answer anew (RFC 5546 2.1.4);
    `version` rises with every change, so that a stale form is noticed. `issues_raised` and `issues_solved` are
    what the office counted, None where nobody did. `seat_limit` is for everybody in the room, `firm_limit` for those
    of one firm who sign up, each None for no limit; from `spill_hours` before the start on, seats that nobody of
    their role waits for go to who waits for another (None: never).
    """

    __tablename__ = "meeting"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("sequence >= 0", name="sequence_not_negative"),
        Index("ix_meeting_unit_starts", "unit_id", "starts_at"),
        Index("ix_meeting_station_starts", "station_id", "starts_at"),
        Index("ix_meeting_state_starts", "state", "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    uid: Mapped[str] = mapped_column(String(60), unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    significant_sequence: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(100))
    state: Mapped[MeetingState] = mapped_column(CodeType(MeetingState), default=MeetingState.DRAFT)
    state_reason: Mapped[str] = mapped_column(String(300), default="")
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"))
    station_id: Mapped[int | None] = mapped_column(ForeignKey("station.id"))
    place_kind: Mapped[PlaceKind] = mapped_column(CodeType(PlaceKind), default=PlaceKind.ROOM)
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id"))
    place_text: Mapped[str] = mapped_column(String(200), default="")
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    first_starts_at: Mapped[datetime]
    seat_limit: Mapped[int | None]
    firm_limit: Mapped[int | None]
    spill_hours: Mapped[int | None]
    is_public: Mapped[bool] = mapped_column(default=True)
    signup_opens_at: Mapped[datetime | None]
    signup_closes_at: Mapped[datetime | None]
    about: Mapped[str] = mapped_column(Text, default="")
    agenda: Mapped[str] = mapped_column(Text, default="")
    notice: Mapped[str] = mapped_column(Text, default="")
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revised_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    ended_state_at: Mapped[datetime | None]
    issues_raised: Mapped[int | None]
    issues_solved: Mapped[int | None]

    unit: Mapped[OrgUnit] = relationship(foreign_keys=[unit_id])
    station: Mapped[Station | None] = relationship()
    room: Mapped[Room | None] = relationship()
    participants: Mapped[list[Participant]] = relationship(
        back_populates="meeting", order_by="(Participant.position, Participant.id)"
    )
    pools: Mapped[list[Pool]] = relationship(back_populates="meeting", order_by="(Pool.position, Pool.id)")

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.unit.path,)

    @property
    def place(self) -> str:
        """The place in words: station and room, outside place or address on the net."""
        if self.room:
            return f"{self.room.station.name} {self.room.name}"
        return self.place_text


class Participant(Model):
    """A person invited to a meeting, in a role; a bureau's head or who comes in the head's place (委托代会).

    Never deleted: `removed_at` says when somebody was taken off, `declined_at` when leave was asked.
    """

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("meeting_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[RoleCode] = mapped_column(CodeType(RoleCode))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    is_lead: Mapped[bool] = mapped_column(default=False)
    title: Mapped[str] = mapped_column(String(100), default="")
    stand_in_for_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    stand_in_reason: Mapped[str | None] = mapped_column(Secret)
    position: Mapped[int] = mapped_column(default=0)
    declined_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]

    meeting: Mapped[Meeting] = relationship(back_populates="participants")
    person: Mapped[Person] = relationship(foreign_keys=[person_id], lazy="joined", innerjoin=True)
    unit: Mapped[OrgUnit | None] = relationship(lazy="joined")
    stand_in_for: Mapped[Person | None] = relationship(foreign_keys=[stand_in_for_id])

    @property
    def is_expected(self) -> bool:
        return self.removed_at is None and self.declined_at is None


class Pool(Model):
    """The seats of one role at one meeting (按角色的名额), and how many may wait."""

    __tablename__ = "pool"
    __table_args__ = (
        UniqueConstraint("meeting_id", "role"),
        CheckConstraint("seats >= 0", name="seats_not_negative"),
        CheckConstraint("wait_places >= 0", name="wait_places_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    role: Mapped[RoleCode] = mapped_column(CodeType(RoleCode))
    seats: Mapped[int]
    wait_places: Mapped[int] = mapped_column(default=100)
    position: Mapped[int] = mapped_column(default=0)

    meeting: Mapped[Meeting] = relationship(back_populates="pools")


class Occupancy(Model):
    """One resource held by one meeting for a half-open time [starts_at, ends_at).

    Written by `scheduling.occupancy` alone; two live rows of one resource never overlap, and the
    database itself sees to it (a trigger on SQLite, an exclusion constraint on PostgreSQL).
    """

    __tablename__ = "occupancy"
    __table_args__ = (
        UniqueConstraint("meeting_id", "resource_id"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_occupancy_resource_starts", "resource_id", "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    resource_id: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    live: Mapped[bool] = mapped_column(default=True)

    meeting: Mapped[Meeting] = relationship()


class CalendarEntry(Model):
    """The VEVENT of a meeting as public feeds carry it, written whenever the meeting changes.

    Feeds join these bytes; building a thousand events anew would take half a second.
    """

    __tablename__ = "calendar_entry"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    revised_at: Mapped[datetime]
