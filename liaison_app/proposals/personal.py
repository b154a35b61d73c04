"""What proposals say of people."""

from sqlalchemy import or_, select

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Whose, declare, excuse
from liaison_app.invitations.models import Invitation
from liaison_app.scheduling.models import Participant
from liaison_app.scheduling.personal import over_since

from .models import Proposal

PROPOSALS = Holding(
    name="proposal",
    model=Proposal,
    title=N_("另提的时间"),
    whose=Whose.OFFICIAL,
    basis=N_("参加活动是履行职责；来不了，可以提别的时间"),
    event=N_("活动结束"),
    period="answer",
    since=over_since(Proposal.meeting_id),
    holds=or_(Proposal.comment.is_not(None), Proposal.reply.is_not(None)),
    of=lambda subject: (
        Proposal.invitation_id.in_(
            select(Invitation.id)
            .join(Participant, Participant.id == Invitation.participant_id)
            .where(Participant.person_id == subject.person_id)
        )
        if subject.person_id
        else None
    ),
    headline=lambda row: row.meeting.title,
    fields=(
        Field(Proposal.comment, N_("为什么要换时间"), N_("主办方看能不能照办")),
        Field(Proposal.reply, N_("主办方的回话"), N_("知道当时怎么回的")),
    ),
)

declare(PROPOSALS)
excuse("which clerk settled a proposal is part of the record", Proposal.settled_by)
