"""What answers to invitations say of people."""

from sqlalchemy import or_, select

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Whose, declare, excuse
from liaison_app.scheduling.models import Participant
from liaison_app.scheduling.personal import over_since

from .models import AnswerRecord, Invitation

_MINE = select(Participant.id)

ANSWERS = Holding(
    name="invitation",
    model=Invitation,
    title=N_("邀请的答复"),
    whose=Whose.OFFICIAL,
    basis=N_("参加活动是履行职责；请假、委托要说明原因"),
    event=N_("活动结束"),
    period="answer",
    since=over_since(Invitation.meeting_id),
    holds=or_(Invitation.reason.is_not(None), Invitation.stand_in_text != ""),
    of=lambda subject: (
        Invitation.participant_id.in_(_MINE.where(Participant.person_id == subject.person_id))
        if subject.person_id
        else None
    ),
    headline=lambda row: row.meeting.title,
    fields=(
        Field(Invitation.reason, N_("请假或委托的原因"), N_("主办方知道为什么不来")),
        Field(Invitation.stand_in_text, N_("代会人姓名"), N_("知道谁来代会"), ""),
    ),
)

RECORDS = Holding(
    name="answer_record",
    model=AnswerRecord,
    title=N_("答复经过"),
    whose=Whose.OFFICIAL,
    basis=N_("前后答得不一样时，要看得出哪一份算数"),
    event=N_("活动结束"),
    period="answer",
    since=over_since(AnswerRecord.meeting_id),
    holds=AnswerRecord.reason.is_not(None),
    of=lambda subject: (
        AnswerRecord.invitation_id.in_(
            select(Invitation.id).where(
                Invitation.participant_id.in_(_MINE.where(Participant.person_id == subject.person_id))
            )
        )
        if subject.person_id
        else None
    ),
    headline=lambda row: row.invitation.meeting.title,
    fields=(Field(AnswerRecord.reason, N_("请假或委托的原因"), N_("主办方知道为什么不来")),),
)

declare(ANSWERS, RECORDS)
excuse(
    "which clerk wrote an answer down is part of the record", Invitation.answered_by, AnswerRecord.noted_by
)
