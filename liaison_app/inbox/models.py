"""What came in, and how far the mailbox was read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model, Secret, SecretBytes
from liaison_app.invitations.models import Invitation
from liaison_app.orgs.models import OrgUnit

from .kinds import MailState, Reason, Source


class ReceivedMail(Model):
    """One mail as it came, kept until it is understood (来信).

    `raw` is emptied once nothing is left to be decided. `digest` makes the same mail one row, whichever way it came.
    `unit_id` is the host's of the meeting it is about, else the district's. `words` say in a sentence why an answer
    was refused. `outbox_id` is our own mail that it answers or returns.
    """

    __tablename__ = "received_mail"
    __table_args__ = (Index("ix_received_mail_unit_state", "unit_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[Source] = mapped_column(CodeType(Source))
    state: Mapped[MailState] = mapped_column(CodeType(MailState), default=MailState.NEW, index=True)
    reason: Mapped[Reason | None] = mapped_column(CodeType(Reason))
    words: Mapped[str] = mapped_column(String(300), default="")
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"))
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id"), index=True)
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    sender: Mapped[str | None] = mapped_column(Secret)
    subject: Mapped[str | None] = mapped_column(Secret)
    raw: Mapped[bytes | None] = mapped_column(SecretBytes)
    is_cut: Mapped[bool] = mapped_column(default=False)
    arrived_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(100), default="")
    erased_at: Mapped[datetime | None]

    unit: Mapped[OrgUnit] = relationship()
    invitation: Mapped[Invitation | None] = relationship()

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.unit.path,)

    @property
    def is_open(self) -> bool:
        """Whether a clerk has to decide about it."""
        return self.state == MailState.REVIEW and self.erased_at is None


class Mailbox(Model):
    """How far one folder of a mail server was read: its UIDs count only under one UIDVALIDITY (RFC 9051 2.3.1.1).

    `failure` is why the last look failed, in the server's words.
    """

    __tablename__ = "mailbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(300), unique=True)
    uid_validity: Mapped[int] = mapped_column(BigInteger, default=0)
    last_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    looked_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(Text, default="")
