"""What was erased on request, and what the nightly job did. Neither holds personal data."""

from datetime import datetime

from sqlalchemy import JSON, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from liaison_app.core.db import Model


class Erasure(Model):
    """One erasure on request, so that a restored backup can be put right.

    `key` is a keyed hash of what made the erased rows somebody's; `rows` is how many that were. The same lines
    stand in a file beside the database, which outlives the database.
    """

    __tablename__ = "erasure"
    __table_args__ = (UniqueConstraint("key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    what: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int]


class RetentionRun(Model):
    """One night's work: how many rows of each place were emptied. Without an end it was broken off."""

    __tablename__ = "retention_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
