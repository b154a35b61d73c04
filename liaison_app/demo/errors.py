"""Refusals of the demo."""

from datetime import date

from liaison_app.core.errors import N_, Refused


class TooEarly(Refused):
    """The demo holds the whole year 2024 as past, so it cannot stand before its end."""

    message = N_("演示数据里有 2024 年已办结的场次，日期不能早于 {earliest:%Y-%m-%d}。")

    def __init__(self, earliest: date):
        self.earliest = earliest
