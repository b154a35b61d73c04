"""What becomes of a proposal, and how good its time is."""

from enum import StrEnum

from liaison_app.core.errors import N_


class ProposalState(StrEnum):
    """`open` waits for the host; `lapsed` came to nothing: the meeting was moved or called off since, or the same
    person proposed anew."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"


STATE_NAMES = {
    ProposalState.OPEN: N_("等您看"),
    ProposalState.ACCEPTED: N_("已照办"),
    ProposalState.DECLINED: N_("已回绝"),
    ProposalState.LAPSED: N_("不用办了"),
}


class Grade(StrEnum):
    """Whether the wished time can be: as it was asked, only with something else changed or borne, or not at all."""

    AS_ASKED = "as_asked"
    IF = "if"
    NOT = "not"


GRADE_NAMES = {
    Grade.AS_ASKED: N_("可以照办"),
    Grade.IF: N_("若……则可以"),
    Grade.NOT: N_("不行"),
}


class Condition(StrEnum):
    """What goes with a time that is possible otherwise."""

    OTHER_ROOM = "other_room"
    LATE_NOTICE = "late_notice"
    NO_WORKDAY = "no_workday"
    OFF_HOURS = "off_hours"
    SIGNUP_ENDS = "signup_ends"
