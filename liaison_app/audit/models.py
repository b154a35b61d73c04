"""The trail: who did what."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from liaison_app.core.db import Model


class Entry(Model):
    """One thing done. The database refuses to change or delete an entry."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_thing", "thing_kind", "thing_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(100), default="")
    action: Mapped[str] = mapped_column(String(80))
    thing_kind: Mapped[str] = mapped_column(String(40), default="")
    thing_id: Mapped[int | None]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    sentence: Mapped[str] = mapped_column(Text, default="")
