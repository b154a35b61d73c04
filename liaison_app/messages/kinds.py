"""Channels, states and outcomes of messages, and the kinds of message, as data."""

from enum import StrEnum

from liaison_app.core.errors import N_


class Channel(StrEnum):
    EMAIL = "email"
    PHONE = "phone"


CHANNEL_NAMES = {Channel.EMAIL: N_("邮件"), Channel.PHONE: N_("电话")}


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    TOLD = "told"
    DROPPED = "dropped"


# A message in one of these may still reach its person, or should.
OPEN_STATES = (MessageState.QUEUED, MessageState.SENDING, MessageState.FAILED)


class Outcome(StrEnum):
    """How one try to deliver a message ended, or why a message was given up."""

    SENT = "sent"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    CUT = "cut"
    LATER = "later"
    UNSURE = "unsure"
    REFUSED = "refused"
    BAD = "bad"
    EXPIRED = "expired"
    RESTORED = "restored"
    BOUNCED = "bounced"


OUTCOME_NAMES = {
    Outcome.SENT: N_("邮件服务器收下了"),
    Outcome.UNREACHABLE: N_("邮件服务器没有接通"),
    Outcome.DENIED: N_("邮件服务器不让我们发，请管理员看设置"),
    Outcome.CUT: N_("还没交出去就断了"),
    Outcome.LATER: N_("对方服务器要求稍后再送"),
    Outcome.UNSURE: N_("送到一半断了，可能会收到两份相同的"),
    Outcome.REFUSED: N_("对方服务器拒收"),
    Outcome.BAD: N_("内容或地址有问题，没有发"),
    Outcome.EXPIRED: N_("过了该送到的时候，没有再发"),
    Outcome.BOUNCED: N_("退信：收下以后又退回来了，请改用电话或换邮箱"),
    Outcome.RESTORED: N_("恢复备份时还没发，可能后来发过了：先问一声，再重发或不发"),
}

# What the domains above send. A kind that is not named here is shown by its code.
KIND_NAMES = {
    "invite": N_("邀请"),
    "update": N_("变更"),
    "postponed": N_("延期"),
    "cancel": N_("取消"),
    "withdrawn": N_("不再邀请"),
    "counter_declined": N_("另提时间的回话"),
    "remind": N_("提醒"),
    "delegated": N_("委托回执"),
    "noted": N_("答复改了"),
    "signup": N_("报名"),
    "sign_in": N_("登录链接"),
}
# What opens somebody's account is for that person alone: not for who looks after the outbox.
PERSONAL_KINDS = frozenset({"sign_in"})
# To people of the public: the trail, which is for ever, does not name them.
CITIZEN_KINDS = frozenset({"signup"})


def kind_name(code: str) -> str:
    """Return the Chinese name of a kind, or its code where the table does not know it."""
    return KIND_NAMES.get(code, code)
