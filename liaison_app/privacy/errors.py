"""Why something about personal data is not done."""

from liaison_app.core.errors import N_, Refused


class AlreadyErased(Refused):
    message = N_("已经删除过了。")
