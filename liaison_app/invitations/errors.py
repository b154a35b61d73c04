"""What can be wrong with an answer."""

from liaison_app.core.errors import N_, LiaisonError


class NotAReply(LiaisonError):
    """A file or mail that answers no invitation; `why` is for the log, `method` what it is instead, if known."""

    message = N_("这封邮件不是对邀请的答复。")

    def __init__(self, why: str, *, method: str = ""):
        self.why = why
        self.method = method
