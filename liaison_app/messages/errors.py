"""What can be wrong with a message before anybody tries to send it."""

from liaison_app.core.errors import N_, LiaisonError


class BadMessage(LiaisonError):
    """A message that must not leave the building as it is; trying again cannot help.

    `why` is for the log and the messages page, in English, and holds nothing of the text.
    """

    message = N_("这封邮件的内容有问题，没有发出。")

    def __init__(self, why: str):
        self.why = why
