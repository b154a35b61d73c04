"""Why somebody's calendar could not be read, in words for whoever added it."""

from liaison_app.core.errors import N_, Refused


class Unreadable(Refused):
    """`code` is kept beside the calendar, so that its page says the same sentence later."""

    code = "unreadable"
    message = N_("这份日历读不懂。请重新导出一次，或者换一个链接。")


class NotACalendar(Unreadable):
    code = "not_a_calendar"
    message = N_("网址或文件给的不是日历，可能是登录页。请用日历软件里“以 iCal 格式公开”的链接。")


class CutOff(Unreadable):
    code = "cut_off"
    message = N_("这份日历没有结尾，可能没有传完。")


class TooMuch(Unreadable):
    code = "too_much"
    message = N_("这份日历太大或者太复杂，读不完。请只分享“忙闲”，或者分成几份。")


class TooMany(Refused):
    """One person has more calendars than anybody keeps."""

    message = N_("一个人最多加 {most} 份日历，请先停用不用的。")

    def __init__(self, most: int):
        self.most = most
