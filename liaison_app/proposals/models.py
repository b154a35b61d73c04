"""Another time that an invited person asked for."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model, Secret
from liaison_app.invitations.kinds import Door
from liaison_app.invitations.models import Invitation
from liaison_app.scheduling.models import Meeting

from .kinds import ProposalState


class Proposal(Model):
    """An invited person's wish for another time (另提时间; iTIP's COUNTER). It never moves the meeting by itself.

    `sequence` is that of the meeting as the person saw it. `comment` is for the host alone, `reply` is what the host
    said to it. `offers` are the other times that went with a refusal, as [start, end] in ISO 8601 (UTC); `is_offered`
    says that the wish itself was chosen from such a list. No invitation has two open ones.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index(
            "uq_proposal_open",
            "invitation_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("invitation.id"), index=True)
    state: Mapped[ProposalState] = mapped_column(CodeType(ProposalState), default=ProposalState.OPEN)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    comment: Mapped[str | None] = mapped_column(Secret)
    door: Mapped[Door] = mapped_column(CodeType(Door))
    sequence: Mapped[int]
    is_offered: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(String(100), default="")
    reply: Mapped[str | None] = mapped_column(Secret)
    offers: Mapped[list[list[str]]] = mapped_column(JSON, default=list)

    invitation: Mapped[Invitation] = relationship(lazy="joined", innerjoin=True)
    meeting: Mapped[Meeting] = relationship()

    @property
    def unit_paths(self) -> tuple[str, ...]:
        """The host's alone: nobody else decides when the meeting is."""
        return (self.meeting.unit.path,)

    @property
    def name(self) -> str:
        return self.invitation.name

    @property
    def offered_spans(self) -> list[tuple[datetime, datetime]]:
        return [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in self.offers]
