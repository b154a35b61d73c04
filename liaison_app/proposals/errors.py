"""Why a proposal is not taken, or cannot be settled."""

from typing import Any

from liaison_app.core.errors import N_, Refused


class ProposalRefused(Refused):
    """Base of the refusals of a wished time; `field` names the part of the form beside which it is shown."""

    field = "day"


class SameTime(ProposalRefused):
    message = N_("现在就是这个时间。想换，请填别的时间。")


class TimeOver(ProposalRefused):
    message = N_("这个时间已经过了，请选以后的时间。")
    field = "starts"


class TooFar(ProposalRefused):
    message = N_("最远只能提到两年以后。")


class BadLength(ProposalRefused):
    message = N_("一场最短 15 分钟，最长 12 小时，结束要晚于开始。")
    field = "ends"


class OfferGone(ProposalRefused):
    message = N_("给过的这个时间现在用不上了，请另选一个，或者自己填。")
    field = "offer"


class AlreadySettled(Refused):
    message = N_("这个提议已经处理过了，或者这一场后来改过。请看现在的情况。")
    status = 409


class NotPossible(Refused):
    """The time was possible when the card was shown, and is not any more."""

    message = N_("现在排不下了：{why}")
    status = 409

    def __init__(self, why: str):
        self.why = why

    @property
    def values(self) -> dict[str, Any]:
        return {"why": self.why}
