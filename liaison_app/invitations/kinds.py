"""What an invitation can be answered with, and by which door."""

from enum import StrEnum

from liaison_app.core.errors import N_


class AnswerState(StrEnum):
    """The iTIP PARTSTAT of an invitation, in our words."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    DELEGATED = "delegated"
    TENTATIVE = "tentative"


ANSWER_NAMES = {
    AnswerState.WAITING: N_("未答复"),
    AnswerState.ACCEPTED: N_("参加"),
    AnswerState.DECLINED: N_("请假"),
    AnswerState.DELEGATED: N_("委托"),
    AnswerState.TENTATIVE: N_("暂定"),
}


class Door(StrEnum):
    """By which door an answer came in: the personal link, a clerk's note of a telephone call, the bureau's own
    clerk with an account, the calendar, or a clerk who read it in a mail."""

    LINK = "link"
    PHONE = "phone"
    ACCOUNT = "account"
    CALENDAR = "calendar"
    MAIL = "mail"


DOOR_NAMES = {
    Door.LINK: N_("链接"),
    Door.PHONE: N_("电话"),
    Door.ACCOUNT: N_("单位联络员"),
    Door.CALENDAR: N_("日历"),
    Door.MAIL: N_("来信"),
}


class Weight(StrEnum):
    """What became of one answer among those of the same person: it counted when it came, or lost and why."""

    COUNTED = "counted"
    STALE = "stale"
    OLDER = "older"
    LATE = "late"


WEIGHT_NAMES = {
    Weight.COUNTED: N_("算数"),
    Weight.STALE: N_("没算：答的是改期、改地点以前的安排"),
    Weight.OLDER: N_("没算：后来又答过，这一份来晚了"),
    Weight.LATE: N_("没算：来的时候这一场已经不能答了"),
}
