"""Calendars that people keep elsewhere, and when these say that they are busy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model, Secret
from liaison_app.people.models import Person

from .kinds import SourceKind


class CalendarSource(Model):
    """A person's own calendar (外部日历): a link that is read again and again, or a file that was uploaded once.

    `address` is a secret: whoever has it reads the whole calendar. `etag` and `changed` are what its server called
    the last copy. `read_at` is when the present blocks were read, and `until` how far they reach; `asked_at` is the
    last try, `trouble` the code of what went wrong with it (empty: nothing), `failures` how often in a row,
    `next_at` when to try again. `broken` counts the appointments that nobody could read.
    """

    __tablename__ = "calendar_source"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[SourceKind] = mapped_column(CodeType(SourceKind))
    label: Mapped[str] = mapped_column(String(60), default="")
    address: Mapped[str | None] = mapped_column(Secret)
    host: Mapped[str] = mapped_column(String(200), default="")
    etag: Mapped[str] = mapped_column(String(200), default="")
    changed: Mapped[str] = mapped_column(String(60), default="")
    added_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    until: Mapped[datetime | None]
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    trouble: Mapped[str] = mapped_column(String(40), default="")
    trouble_status: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    broken: Mapped[int] = mapped_column(default=0)
    removed_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship()

    @property
    def is_link(self) -> bool:
        return self.kind == SourceKind.LINK

    @property
    def waits(self) -> bool:
        """Whether nobody has asked for it yet."""
        return self.is_link and self.asked_at is None


class BusyBlock(Model):
    """A time at which somebody's own calendar says that they are not free: when, and nothing of what."""

    __tablename__ = "busy_block"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_busy_block_person_starts", "person_id", "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("calendar_source.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    is_tentative: Mapped[bool] = mapped_column(default=False)
