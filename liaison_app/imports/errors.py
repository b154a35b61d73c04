"""Why a whole file is refused. What is wrong with one row is a `Problem` of that row (rules.py)."""

from liaison_app.core.errors import Refused


class SheetRefused(Refused):
    """A file that is no list we can take; nothing of it is used. The reason is a message and its values."""

    def __init__(self, message: str, **values: object):
        self.message = message
        vars(self).update(values)
