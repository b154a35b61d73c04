"""How somebody was noted as there, and why a note was taken back, as data."""

from enum import StrEnum

from liaison_app.core.errors import N_


class Way(StrEnum):
    """By what the person was found."""

    CODE = "code"
    SCAN = "scan"
    DIGITS = "digits"
    LIST = "list"
    PAPER = "paper"
    WALK_IN = "walk_in"


WAY_NAMES = {
    Way.CODE: N_("入场号"),
    Way.SCAN: N_("二维码"),
    Way.DIGITS: N_("手机后四位"),
    Way.LIST: N_("名单"),
    Way.PAPER: N_("签到表"),
    Way.WALK_IN: N_("临时来的"),
}


# What stands for a name that was emptied; a walk-in is known as one by having a name.
ERASED = "（已清空）"


class UndoReason(StrEnum):
    WRONG_PERSON = "wrong_person"
    NOT_THERE = "not_there"
    TWICE = "twice"


UNDO_REASON_NAMES = {
    UndoReason.WRONG_PERSON: N_("签错了人"),
    UndoReason.NOT_THERE: N_("人没有来"),
    UndoReason.TWICE: N_("登记了两次"),
}
