"""What the outbox holds of those to whom something was sent."""

from sqlalchemy import func, tuple_

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Subject, Whose, declare, excuse

from . import services
from .models import Delivery, Message


def _own_name(row: Message, subject: Subject) -> str:
    """Of the people on one telephone a copy names its own alone."""
    return subject.name if subject.name in row.to_name.split("、") else ""


OUTBOX = Holding(
    name="message",
    model=Message,
    title=N_("发出的消息"),
    whose=Whose.CITIZEN,
    basis=N_("把席位、邀请和变更告诉本人"),
    event=N_("发出、告知或决定不发"),
    period="message",
    since=func.coalesce(Message.settled_at, Message.created_at),
    holds=Message.erased_at.is_(None),
    of=lambda subject: (
        tuple_(Message.about, Message.thread).in_(subject.threads) if subject.threads else None
    ),
    headline=lambda row: row.subject,
    fields=(
        Field(Message.to_name, N_("收件人"), N_("知道发给谁"), "", _own_name),
        Field(Message.to_address, N_("邮箱或电话"), N_("送到本人"), "", masks=True),
        Field(Message.body, N_("正文"), N_("告诉本人的话，也备查"), ""),
        Field(Message.raw, N_("邮件原文"), N_("按原样重发"), None, lambda row, _: bool(row.raw)),
        Field(Message.calendar, N_("日历附件"), N_("放进本人日历"), None, lambda row, _: bool(row.calendar)),
        Field(Message.last_error, N_("邮件服务器的答复"), N_("查为什么没送到"), ""),
    ),
    mark=Message.erased_at,
    empties=services.empty,
)

TRIES = Holding(
    name="delivery",
    model=Delivery,
    title=N_("投递记录"),
    whose=Whose.OFFICIAL,
    basis=N_("查为什么没送到"),
    event=N_("投递"),
    period="message",
    since=Delivery.started_at,
    holds=Delivery.detail != "",
    fields=(Field(Delivery.detail, N_("邮件服务器的答复"), N_("里面可能有邮箱"), ""),),
)

declare(OUTBOX, TRIES)
excuse("a headline with the meeting's title", Message.subject)
excuse("which clerk settled a message is part of the record", Message.settled_by)
