"""How meetings repeat, and what becomes of a date that is a day off."""

from enum import StrEnum

from liaison_app.core.errors import N_


class Repeat(StrEnum):
    """By what the dates of a series are counted."""

    WEEKLY = "weekly"
    MONTH_DAYS = "month_days"
    NTH_WEEKDAY = "nth_weekday"
    DATES = "dates"


class Months(StrEnum):
    """In which months something that is counted by months falls."""

    EVERY = "every"
    ODD = "odd"
    EVEN = "even"
    QUARTER = "quarter"


class HolidayPolicy(StrEnum):
    """What becomes of a date on which nobody works."""

    NEXT_WORKDAY = "next_workday"
    NEXT_SAME_WEEKDAY = "next_same_weekday"
    PREVIOUS_WORKDAY = "previous_workday"
    SKIP = "skip"
    ASK = "ask"


class DateState(StrEnum):
    """What became of one date of a series.

    Merged: it was put off to a day that is another date of the series already. Open: a day off, and the office has
    not said yet what to do.
    """

    PLANNED = "planned"
    SHIFTED = "shifted"
    SKIPPED = "skipped"
    MERGED = "merged"
    OPEN = "open"


class Facet(StrEnum):
    """One side of a meeting that can be carried over to the other dates of its series."""

    TIME = "time"
    PLACE = "place"
    PEOPLE = "people"
    SEATS = "seats"
    WORDS = "words"


REPEAT_NAMES = {
    Repeat.WEEKLY: N_("每周"),
    Repeat.MONTH_DAYS: N_("每月几号"),
    Repeat.NTH_WEEKDAY: N_("每月第几个星期几"),
    Repeat.DATES: N_("自己列日期"),
}
MONTHS_NAMES = {
    Months.EVERY: N_("每个月"),
    Months.ODD: N_("单月"),
    Months.EVEN: N_("双月"),
    Months.QUARTER: N_("每季度第一个月"),
}
POLICY_NAMES = {
    HolidayPolicy.NEXT_WORKDAY: N_("顺延到下一个工作日"),
    HolidayPolicy.NEXT_SAME_WEEKDAY: N_("改到下一周的同一天"),
    HolidayPolicy.PREVIOUS_WORKDAY: N_("提前到上一个工作日"),
    HolidayPolicy.SKIP: N_("这次不办"),
    HolidayPolicy.ASK: N_("先空着，由我来定"),
}
DATE_NAMES = {
    DateState.PLANNED: N_("照排"),
    DateState.SHIFTED: N_("改到别的日子"),
    DateState.SKIPPED: N_("不办"),
    DateState.MERGED: N_("并到另一场"),
    DateState.OPEN: N_("还没定"),
}
FACET_NAMES = {
    Facet.TIME: N_("几点到几点"),
    Facet.PLACE: N_("地点"),
    Facet.PEOPLE: N_("部门和代表"),
    Facet.SEATS: N_("名额"),
    Facet.WORDS: N_("类型、主题、介绍、议程"),
}
WEEKDAYS = (N_("星期一"), N_("星期二"), N_("星期三"), N_("星期四"), N_("星期五"), N_("星期六"), N_("星期日"))
LAST = 5
NTH_NAMES = {1: N_("第一个"), 2: N_("第二个"), 3: N_("第三个"), 4: N_("第四个"), LAST: N_("最后一个")}
# A date with one of these has, or will have, a meeting of its own.
HOLDS = (DateState.PLANNED, DateState.SHIFTED)
