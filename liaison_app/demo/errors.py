"""Refusals of the demo."""

from datetime import date

from liaison_app.core.errors import N_, Refused


class TooEarly(Refused):
    """The demo holds the whole year 2024 as past, so it cannot stand before its end."""

    message = N_("演示数据里有 2024 年已办结的场次，日期不能早于 {earliest:%Y-%m-%d}。")

    def __init__(self, earliest: date):
        self.earliest = earliest


class NotDemo(Refused):
    """Invented people never come into an installation that works."""

    message = N_("演示数据只能在演示模式下装：LIAISON_MODE 现在是 production。")


class NotEmpty(Refused):
    """The demo would mix with what somebody has entered."""

    message = N_("数据库里已经有内容，演示数据只能装进空的数据库。")
