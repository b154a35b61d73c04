"""Why a table of holidays is not taken."""

from __future__ import annotations

from datetime import date

from liaison_app.core.errors import N_, Refused, Stale


class NoticeRefused(Refused):
    """Base of what is wrong with a table of a year's holidays."""


class UnreadableLine(NoticeRefused):
    """A line that is no day, no mark, or neither."""

    message = N_(
        "第 {line} 行看不懂：“{text}”。请写成“2027-10-01 ~ 2027-10-07 休 国庆节”或者“2027-09-26 班”。"
    )

    def __init__(self, line: int, text: str):
        super().__init__(line, text)
        self.line, self.text = line, text


class ForeignYear(NoticeRefused):
    """A day that belongs to another year's notice."""

    message = N_("第 {line} 行不是 {year} 年的日子（元旦可以从上一年 12 月末开始）。")

    def __init__(self, line: int, year: int):
        super().__init__(line, year)
        self.line, self.year = line, year


class BackwardSpan(NoticeRefused):
    """A span that ends before it begins, or goes on for longer than any holiday."""

    message = N_("第 {line} 行的起止日期不对：结束要在开始以后，最长 15 天。")

    def __init__(self, line: int):
        super().__init__(line)
        self.line = line


class TwiceSaid(NoticeRefused):
    """A day that is both off and a workday, or stands twice."""

    message = N_("{day} 写了两次，请留一行。")

    def __init__(self, day: date):
        super().__init__(day)
        self.day = day


class WorkOnWeekday(NoticeRefused):
    """A make-up workday on a day on which people work anyway."""

    message = N_("{day} 本来就上班，不用写“班”；补班只会在周六、周日。")

    def __init__(self, day: date):
        super().__init__(day)
        self.day = day


class HolidayMissing(NoticeRefused):
    """A published year without one of the days that the law makes a holiday every year."""

    message = N_("没有{name}（{day}）。公布了的年份要有元旦、劳动节、国庆节，请补上，或者先选“先这样假定”。")

    def __init__(self, name: str, day: date):
        super().__init__(name, day)
        self.name, self.day = name, day


class NothingTyped(NoticeRefused):
    """A table without a single day."""

    message = N_("请把这一年的放假和调休写进来，一行一段。")


class YearChanged(Stale):
    """Somebody entered the year after the form was opened."""

    message = N_("这一年刚被别人改过，请先看现在的内容，再改。")
