"""What received mails say of people."""

from sqlalchemy import func, select

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Whose, declare, excuse
from liaison_app.invitations.models import Invitation
from liaison_app.scheduling.models import Participant

from .models import Mailbox, ReceivedMail

_THEIRS = select(Invitation.id).join(Invitation.participant)

MAILS = Holding(
    name="received_mail",
    model=ReceivedMail,
    title=N_("收到的来信"),
    whose=Whose.OFFICIAL,
    basis=N_("收下本人对邀请的答复"),
    event=N_("收到或处理"),
    period="message",
    since=func.coalesce(ReceivedMail.settled_at, ReceivedMail.arrived_at),
    holds=ReceivedMail.erased_at.is_(None),
    of=lambda subject: (
        ReceivedMail.invitation_id.in_(_THEIRS.where(Participant.person_id == subject.person_id))
        if subject.person_id
        else None
    ),
    headline=lambda row: row.subject or "",
    fields=(
        Field(ReceivedMail.sender, N_("发件人"), N_("核对是不是本人"), masks=True),
        Field(ReceivedMail.subject, N_("标题"), N_("知道是哪一封")),
        Field(ReceivedMail.raw, N_("来信原文"), N_("处理完以前留着"), None, lambda row, _: bool(row.raw)),
    ),
    mark=ReceivedMail.erased_at,
)

declare(MAILS)
excuse("which clerk dealt with a mail is part of the record", ReceivedMail.settled_by)
excuse("one of a list of findings, not somebody's words", ReceivedMail.reason)
excuse("our own mailbox on the mail server", Mailbox.name)
