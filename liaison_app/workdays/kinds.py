"""What the working calendar knows of a day and of a year."""

from enum import StrEnum

from liaison_app.core.errors import N_


class DayMark(StrEnum):
    """What an official notice says of a day: nobody works (放假), or people do on a weekend (调休上班)."""

    OFF = "off"
    WORK = "work"


class YearState(StrEnum):
    """How much is known of a year's holidays.

    Assumed: somebody entered what is expected before the notice came out. Unknown: nothing was entered; then
    Monday to Friday count as workdays.
    """

    PUBLISHED = "published"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


MARK_NAMES = {DayMark.OFF: N_("休"), DayMark.WORK: N_("班")}
YEAR_NAMES = {
    YearState.PUBLISHED: N_("已公布"),
    YearState.ASSUMED: N_("先这样假定"),
    YearState.UNKNOWN: N_("还没有公布"),
}
# What the holidays of the notices are called; another name is shown as it was typed.
HOLIDAY_NAMES = (
    N_("元旦"), N_("春节"), N_("清明"), N_("清明节"), N_("劳动节"), N_("端午"), N_("端午节"), N_("国庆节"), N_("中秋"),
    N_("中秋节"),
)  # fmt: skip
