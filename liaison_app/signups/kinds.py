"""The states of a sign-up and the help people may ask for, as data."""

from enum import StrEnum

from liaison_app.core.errors import N_
from liaison_app.scheduling.kinds import RoleCode


class SignUpState(StrEnum):
    CONFIRMED = "confirmed"
    WAITING = "waiting"
    WITHDRAWN = "withdrawn"


LIVE = (SignUpState.CONFIRMED, SignUpState.WAITING)

STATE_NAMES = {
    SignUpState.CONFIRMED: N_("有席位"),
    SignUpState.WAITING: N_("候补"),
    SignUpState.WITHDRAWN: N_("已退出"),
}


class Door(StrEnum):
    """How the public finds the sign-up of a meeting; decided by `rules.door`."""

    OPEN = "open"
    QUEUE = "queue"
    FULL = "full"
    NOT_YET = "not_yet"
    CLOSED = "closed"
    NONE = "none"
    RUNNING = "running"
    OVER = "over"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"


# In these the form stands on the page.
FORM_DOORS = frozenset({Door.OPEN, Door.QUEUE})
# In these the meeting is still ahead, so that its free seats mean something.
COMING_DOORS = FORM_DOORS | {Door.FULL, Door.NOT_YET, Door.CLOSED, Door.NONE}

# What a person may ask for, in the words that are kept and shown to the clerk.
NEEDS = (N_("坐轮椅来"), N_("手语"), N_("听不清，坐前面"), N_("只会说方言"), N_("不会写字，请人记录"))
NEED_SEPARATOR = "；"

# Who comes for a firm says which.
FIRM_ROLES = frozenset({RoleCode.PROPERTY_REP, RoleCode.ENTERPRISE_REP})
