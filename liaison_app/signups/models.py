"""Citizens and firms who ask for a seat."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model, Secret
from liaison_app.scheduling.models import Meeting, Pool

from .kinds import LIVE, SignUpState


class SignUp(Model):
    """One applicant's wish to attend one meeting (报名).

    Never deleted: a withdrawal is a state, so the registers stay whole. Two people may share a number and
    each holds one live place; `mobile` is encrypted, `mobile_key` its keyed hash. `form_token` is the digest of
    the form it came from and of the person, so that a double click makes one row. `needs` are words, joined.
    `seat_pool_id` is the pool whose seat was given to another role, None for a seat of the own.
    `offer_until` is the end of an offer: while confirmed, the seat is kept until then for an answer; after a
    withdrawal, nobody answered in time. After `erased_at` the row says no more who it was; seat, place and
    state stay for the counts.
    """

    __tablename__ = "signup"
    __table_args__ = (
        UniqueConstraint("meeting_id", "ticket_code"),
        Index("ix_signup_pool_state", "pool_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pool.id"))
    seat_pool_id: Mapped[int | None] = mapped_column(ForeignKey("pool.id"))
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(100))
    mobile: Mapped[str] = mapped_column(Secret)
    mobile_key: Mapped[str] = mapped_column(String(64))
    organisation: Mapped[str] = mapped_column(String(100), default="")
    question: Mapped[str | None] = mapped_column(Secret)
    needs: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[SignUpState] = mapped_column(CodeType(SignUpState))
    ticket_code: Mapped[str] = mapped_column(String(6))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    privacy_version: Mapped[str] = mapped_column(String(20), default="")
    signed_up_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    offer_until: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None] = mapped_column(Secret)
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    erased_at: Mapped[datetime | None]

    meeting: Mapped[Meeting] = relationship()
    pool: Mapped[Pool] = relationship(foreign_keys=[pool_id])

    @property
    def is_offered(self) -> bool:
        """Whether the seat is kept for an answer that has not come."""
        return self.state == SignUpState.CONFIRMED and self.offer_until is not None

    @property
    def was_passed_over(self) -> bool:
        """Whether an offer ran out, so that the seat went to the next."""
        return self.state == SignUpState.WITHDRAWN and self.offer_until is not None

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.meeting.unit.path,)


# One live place per person and meeting; whoever withdrew may come back.
Index(
    "uq_signup_live_person",
    SignUp.meeting_id,
    SignUp.mobile_key,
    SignUp.name_key,
    unique=True,
    sqlite_where=SignUp.state.in_(LIVE),
    postgresql_where=SignUp.state.in_(LIVE),
)
