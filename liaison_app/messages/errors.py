"""What can be wrong with a message, before and while it is sent."""

from liaison_app.core.errors import N_, LiaisonError, Refused


class BadMessage(LiaisonError):
    """A message that must not leave the building as it is; trying again cannot help.

    `why` is for the log and the messages page, in English, and holds nothing of the text.
    """

    message = N_("这封邮件的内容有问题，没有发出。")

    def __init__(self, why: str):
        self.why = why


class AlreadySettled(Refused):
    """Nothing is left to do about the message."""

    message = N_("这一条已经有了结果，请刷新后再看。")


class Replaced(Refused):
    """A later message has taken this one's place; the person must not get the older one after it."""

    message = N_("后面已经有更新的通知，这一条不能再发。")


class DeliveryFailed(Exception):
    """A mail was not handed over. `outcome` is one of `kinds.Outcome`; `why` is in the mail server's words."""

    def __init__(self, outcome: str, why: str):
        super().__init__(why)
        self.outcome = outcome
        self.why = why


class TemporaryFailure(DeliveryFailed):
    """Trying again later may help."""


class PermanentFailure(DeliveryFailed):
    """The recipient or the mail was refused for good."""
