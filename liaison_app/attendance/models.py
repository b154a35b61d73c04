"""Who came, and the door that notes it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.accounts.models import Account
from liaison_app.core.db import CodeType, Model, Secret, SecretBytes
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting, Participant
from liaison_app.signups.models import SignUp

from .kinds import UndoReason, Way


class DoorPin(Model):
    """The door of one meeting (门口): its PIN, and the generation that ends all telephones when it rises.

    Without a PIN the door is shut.
    """

    __tablename__ = "door_pin"

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), primary_key=True)
    pin: Mapped[str | None] = mapped_column(Secret)
    generation: Mapped[int] = mapped_column(default=0)
    set_at: Mapped[datetime]
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    meeting: Mapped[Meeting] = relationship()


class DoorDevice(Model):
    """A telephone at a door that gave the PIN; `key_hash` is of its cookie's value, `keeper` who holds it."""

    __tablename__ = "door_device"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    generation: Mapped[int]
    keeper: Mapped[str] = mapped_column(String(50))
    agent: Mapped[str] = mapped_column(String(60), default="")
    enrolled_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    meeting: Mapped[Meeting] = relationship()

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.meeting.unit.path,)


class CheckIn(Model):
    """Somebody noted as there (签到): a sign-up, a participant, or a walk-in, who has a `name` of its own.

    `arrived_at` is None where only the paper sheet says so. Never deleted: taken back by `undone_at` and a reason.
    """

    __tablename__ = "check_in"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN signup_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN participant_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN name = '' THEN 0 ELSE 1 END) = 1",
            name="one_person",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    signup_id: Mapped[int | None] = mapped_column(ForeignKey("signup.id"))
    participant_id: Mapped[int | None] = mapped_column(ForeignKey("participant.id"))
    name: Mapped[str] = mapped_column(String(100), default="")
    role: Mapped[RoleCode] = mapped_column(CodeType(RoleCode))
    organisation: Mapped[str] = mapped_column(String(100), default="")
    way: Mapped[Way] = mapped_column(CodeType(Way))
    arrived_at: Mapped[datetime | None]
    noted_at: Mapped[datetime]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("door_device.id"))
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    undone_at: Mapped[datetime | None]
    undone_reason: Mapped[UndoReason | None] = mapped_column(CodeType(UndoReason))

    meeting: Mapped[Meeting] = relationship()
    signup: Mapped[SignUp | None] = relationship()
    participant: Mapped[Participant | None] = relationship()

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.meeting.unit.path,)


class SheetPhoto(Model):
    """A photograph of the signed paper (签字原件), filed with its meeting.

    `picture` is a JPEG that was made anew from what was sent; None once somebody took it off or its time was over.
    """

    __tablename__ = "sheet_photo"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    picture: Mapped[bytes | None] = mapped_column(SecretBytes, deferred=True)
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    filed_at: Mapped[datetime]
    filed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    removed_at: Mapped[datetime | None]

    meeting: Mapped[Meeting] = relationship()
    filed_by: Mapped[Account | None] = relationship()

    @property
    def unit_id(self) -> int:
        return self.meeting.unit_id

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.meeting.unit.path,)


# Whoever comes through two doors at once is noted once (SECURITY J5).
for _name, _column in (("signup", CheckIn.signup_id), ("participant", CheckIn.participant_id)):
    Index(
        f"uq_check_in_live_{_name}",
        _column,
        unique=True,
        sqlite_where=CheckIn.undone_at.is_(None),
        postgresql_where=CheckIn.undone_at.is_(None),
    )
