"""What can be wrong with an answer, and when none can be taken."""

from liaison_app.core.errors import N_, LiaisonError, Refused


class NotAReply(LiaisonError):
    """A file or mail that answers no invitation; `why` is for the log, `method` what it is instead, if known."""

    message = N_("这封邮件不是对邀请的答复。")

    def __init__(self, why: str, *, method: str = ""):
        self.why = why
        self.method = method


class AnswerRefused(Refused):
    """Base of the refusals of an answer; `field` names the part of the form beside which it is shown."""

    field = "answer"


class StaleAnswer(AnswerRefused):
    """The form was opened before the last change of time or place (SECURITY B6)."""

    message = N_("时间或地点刚改过，您答的是原来的安排。请看清现在的安排，再答一次。")


class NoLongerAsked(AnswerRefused):
    message = N_("这一场不再请您出席，不用答复。")


class MeetingOff(AnswerRefused):
    message = N_("这一场已经取消，不用答复。")


class MeetingWaits(AnswerRefused):
    message = N_("这一场延期了。新的时间定了，会再请您答复。")


class MeetingOver(AnswerRefused):
    message = N_("这一场已经结束，不能再改答复。")


class ReasonMissing(AnswerRefused):
    message = N_("请写一句原因，只给主办单位看。")
    field = "reason"


class StandInMissing(AnswerRefused):
    message = N_("请选由谁代会，或者写上姓名。")
    field = "stand_in"


class NoStandIns(AnswerRefused):
    """Only a unit sends somebody else; a deputy's mandate is personal."""

    message = N_("您是以个人身份受邀的，不能委托别人。不能来请选“请假”。")


class TooOften(AnswerRefused):
    """A calendar asked for the invitation again, and has had enough of them for a day."""

    message = N_("一天里已经给这位发过几次了，没有再自动发。")
