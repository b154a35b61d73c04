"""Why a clerk's step about a mail is not taken."""

from liaison_app.core.errors import N_, Refused


class AlreadyDone(Refused):
    """Somebody has dealt with the mail meanwhile."""

    message = N_("这封信已经有人处理了，请刷新后再看。")


class NoAddress(Refused):
    """The mail does not say clearly who sent it, so that nothing can be put to somebody's name."""

    message = N_("这封信看不出是哪个邮箱发的，不能登记。")
