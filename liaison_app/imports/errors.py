"""Why a whole list is refused. What is wrong with one row is a `Problem` of that row (rules.py)."""

from collections.abc import Sequence
from typing import Any

from liaison_app.core.errors import N_, Refused


class SheetRefused(Refused):
    """A file that is no list we can take; nothing of it is used. The reason is a message and its values."""

    def __init__(self, message: str, **values: object):
        self.message = message
        vars(self).update(values)


class ListRefused(Refused):
    """A list that was not written; `lines` say how it stands against the database now."""

    def __init__(self, lines: Sequence[Any]):
        self.lines = lines


class RowsRefused(ListRefused):
    message = N_("有 {count} 行有误，一行也没有写入。")

    def __init__(self, lines: Sequence[Any], count: int):
        super().__init__(lines)
        self.count = count


class ListOutdated(ListRefused):
    message = N_("核对以后，系统里的内容变了，一行也没有写入。请看过下面的新结果，再确认。")


class NotReady(Refused):
    message = N_("这份名册现在不能写入，请看它的状态。")


class FileGone(Refused):
    message = N_("文件已经不在了，请重新上传。")


class GivenUp(Refused):
    message = N_("试了几次都没有做成，一行也没有写入。请重新上传；还是不行，请找管理员。")
