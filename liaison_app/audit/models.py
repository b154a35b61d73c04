"""The trail: who did what, and the chain that shows whether somebody touched it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from liaison_app.core.db import Model


class Entry(Model):
    """One thing done, refused or failed. The database refuses to change or delete an entry.

    `actor_roles` are the roles held at that moment, each with its unit, and `address` is where the request came
    from: both only of people with an account, never of citizens. `stamp` shows that the application wrote the
    entry. Entries from before these columns have None there.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_thing", "thing_kind", "thing_id"),
        Index("ix_audit_entry_actor", "actor_id", "at"),
        Index("uq_audit_entry_stamp", "stamp", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(100), default="")
    action: Mapped[str] = mapped_column(String(80))
    thing_kind: Mapped[str] = mapped_column(String(40), default="")
    thing_id: Mapped[int | None]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    sentence: Mapped[str] = mapped_column(Text, default="")
    actor_roles: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(45))
    # Read as it stands: what somebody wrote there by hand must not keep the trail from being shown.
    result: Mapped[str | None] = mapped_column(String(40))
    stamp: Mapped[str | None] = mapped_column(String(80))


class Link(Model):
    """One entry's place in the chain: `hash` is over the link before and the entry, with a key from outside.

    Append-only, as entries are. `key_mark` tells which key that was, after the installation's secret was changed.
    """

    __tablename__ = "audit_link"
    __table_args__ = (Index("uq_audit_link_entry_id", "entry_id", unique=True),)

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"))
    sealed_at: Mapped[datetime]
    key_mark: Mapped[str] = mapped_column(String(8))
    hash: Mapped[str] = mapped_column(String(64))
