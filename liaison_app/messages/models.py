"""Words that leave the building."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model, Secret, SecretBytes
from liaison_app.core.web import current_settings
from liaison_app.orgs.models import OrgUnit

from . import rules
from .kinds import CITIZEN_KINDS, PERSONAL_KINDS, Channel, MessageState, Outcome


class Message(Model):
    """One message to one person, in the exact bytes that go out (the outbox).

    `raw` is the MIME message of an e-mail, None for what a clerk says by telephone or copies into an SMS;
    `to_address` is the mail address or the telephone number. `dedupe_key` is “kind:subject:sequence”, so
    that nothing is sent twice; `thread` is the subject in it: of one thread nothing older follows something
    newer. `about` is “meeting:12”. After `expires_at` the message is of no use and is not sent any more.
    `failure` and `last_error` say what went wrong last, the latter in the words of the mail server. After
    `erased_at` nothing is left of the person and the words; that there was a message stays.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_about_thread", "about", "thread"),
        Index("ix_message_unit_state", "unit_id", "state"),
        Index("ix_message_state_created", "state", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    channel: Mapped[Channel] = mapped_column(CodeType(Channel))
    state: Mapped[MessageState] = mapped_column(CodeType(MessageState), default=MessageState.QUEUED)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"))
    about: Mapped[str] = mapped_column(String(60))
    thread: Mapped[str] = mapped_column(String(120), default="")
    dedupe_key: Mapped[str] = mapped_column(String(120), unique=True)
    to_name: Mapped[str] = mapped_column(String(100))
    to_address: Mapped[str] = mapped_column(Secret)
    subject: Mapped[str] = mapped_column(String(400))
    body: Mapped[str] = mapped_column(Secret)
    calendar: Mapped[bytes | None] = mapped_column(SecretBytes)
    raw: Mapped[bytes | None] = mapped_column(SecretBytes)
    message_id: Mapped[str] = mapped_column(String(200), default="", index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    failure: Mapped[Outcome | None] = mapped_column(CodeType(Outcome))
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(100), default="")
    superseded_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]

    unit: Mapped[OrgUnit] = relationship()

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.unit.path,)

    @property
    def meeting_id(self) -> int | None:
        """The meeting that the message is about, where it is about one."""
        kind, _, number = self.about.partition(":")
        return int(number) if kind == "meeting" and number.isdigit() else None

    @property
    def is_sealed(self) -> bool:
        """Whether the text is for nobody but its recipient; the outbox of a demo is everybody's mailbox."""
        return self.kind in PERSONAL_KINDS and not current_settings().is_demo

    @property
    def is_to_citizen(self) -> bool:
        """Whether it is to somebody of the public, whose name the trail must not keep."""
        return self.kind in CITIZEN_KINDS

    @property
    def can_settle(self) -> bool:
        return self.erased_at is None and rules.can_settle(self.state)

    @property
    def can_retry(self) -> bool:
        replaced = self.superseded_at is not None
        return self.erased_at is None and rules.can_retry(
            self.channel, self.state, self.failure, is_superseded=replaced
        )


class Delivery(Model):
    """One try to hand a message to the mail server.

    Without an outcome it is under way, or was cut off so that nobody knows: then a second copy may follow.
    """

    __tablename__ = "delivery"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(CodeType(Outcome))
    detail: Mapped[str] = mapped_column(Text, default="")
