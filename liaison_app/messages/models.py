"""Words that leave the building."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model, Secret, SecretBytes
from liaison_app.orgs.models import OrgUnit


class Channel(StrEnum):
    EMAIL = "email"
    PHONE = "phone"


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    TOLD = "told"
    DROPPED = "dropped"


class Message(Model):
    """One message to one person, in the exact bytes that go out (the outbox).

    `raw` is the MIME message of an e-mail, None for what a clerk says by telephone or copies into an SMS.
    `dedupe_key` is “kind:subject:sequence”, so that nothing is sent twice; `about` is “meeting:12”.
    """

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_about", "about"), Index("ix_message_unit_state", "unit_id", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    channel: Mapped[Channel] = mapped_column(CodeType(Channel))
    state: Mapped[MessageState] = mapped_column(CodeType(MessageState), default=MessageState.QUEUED)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"))
    about: Mapped[str] = mapped_column(String(60))
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    to_name: Mapped[str] = mapped_column(String(100))
    to_address: Mapped[str] = mapped_column(Secret)
    subject: Mapped[str] = mapped_column(String(400))
    body: Mapped[str] = mapped_column(Secret)
    calendar: Mapped[bytes | None] = mapped_column(SecretBytes)
    raw: Mapped[bytes | None] = mapped_column(SecretBytes)
    message_id: Mapped[str] = mapped_column(String(200), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(100), default="")

    unit: Mapped[OrgUnit] = relationship()

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.unit.path,)
