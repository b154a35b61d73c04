"""What was sent to whom, and what was answered."""

import secrets
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model, Secret
from liaison_app.scheduling.models import Meeting, Participant

from .kinds import AnswerState, Door, Weight


def first_generation() -> int:
    return secrets.randbelow(2**30)


class Invitation(Model):
    """One participant's invitation. `sent_sequence` is the meeting's sequence that the person was told last;
    an answer belongs to the sequence it was given for (RFC 5546 2.1.5).

    `reason` is for the host alone. `answered_by` names the clerk who wrote an answer down, and is empty where
    the person answered. `generation` begins anywhere, so that an invitation that gets the number of one lost with a
    disk does not get its link. `changes` are the last [field, before, after] for which the answer is asked anew.
    """

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id"), unique=True)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    generation: Mapped[int] = mapped_column(default=first_generation)
    answer: Mapped[AnswerState] = mapped_column(CodeType(AnswerState), default=AnswerState.WAITING)
    answered_at: Mapped[datetime | None]
    answered_sequence: Mapped[int | None]
    answered_by: Mapped[str] = mapped_column(String(100), default="")
    door: Mapped[Door | None] = mapped_column(CodeType(Door))
    reason: Mapped[str | None] = mapped_column(Secret)
    stand_in_text: Mapped[str] = mapped_column(String(100), default="")
    sent_sequence: Mapped[int | None]
    first_message_id: Mapped[str] = mapped_column(String(200), default="")
    withdrawn_at: Mapped[datetime | None]
    changes: Mapped[list[list[str]]] = mapped_column(JSON, default=list)

    meeting: Mapped[Meeting] = relationship()
    participant: Mapped[Participant] = relationship(lazy="joined", innerjoin=True)

    @property
    def unit_paths(self) -> tuple[str, ...]:
        """The host's unit, and the bureau's own: its clerk answers for its people."""
        unit = self.participant.unit
        return (self.meeting.unit.path, unit.path) if unit else (self.meeting.unit.path,)

    @property
    def name(self) -> str:
        return self.participant.person.name


class AnswerRecord(Model):
    """One answer as it came, whether it counted or lost (答复经过); rows are added and never changed.

    `given_at` is when the person decided, as far as the calendar says so, and `noted_at` when we heard of it;
    `sequence` is that of the invitation answered. `noted_by` names the clerk who wrote it down.
    """

    __tablename__ = "answer_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), index=True)
    answer: Mapped[AnswerState] = mapped_column(CodeType(AnswerState))
    door: Mapped[Door] = mapped_column(CodeType(Door))
    weight: Mapped[Weight] = mapped_column(CodeType(Weight))
    sequence: Mapped[int]
    given_at: Mapped[datetime]
    noted_at: Mapped[datetime]
    noted_by: Mapped[str] = mapped_column(String(100), default="")
    reason: Mapped[str | None] = mapped_column(Secret)

    invitation: Mapped[Invitation] = relationship()
