"""Why a series cannot be as it was asked for."""

from __future__ import annotations

from datetime import date
from typing import Any

from liaison_app.core.errors import N_, LiaisonError, Refused
from liaison_app.core.text import CHINESE, show_date_short
from liaison_app.scheduling.errors import PlanRefused


class RuleRefused(PlanRefused):
    """One field of a rule cannot be."""


class DateRefused(Refused):
    """One date of a series is refused; `because` is what the meeting itself was refused for. Nothing was written."""

    message = N_("{day}排不上：{because}")
    status = 409

    def __init__(self, day: date, because: LiaisonError):
        self.day, self.because = day, because

    @property
    def values(self) -> dict[str, Any]:
        return self.values_in(CHINESE)

    def values_in(self, locale: str) -> dict[str, Any]:
        because = self.because.message.format(**self.because.values_in(locale))
        return {"day": show_date_short(self.day, locale=locale), "because": because}


class AlreadyInSeries(Refused):
    """The meeting belongs to a series, and a meeting belongs to one."""

    message = N_("这一场已经在一个系列里了。")
    status = 409


class NothingToDo(Refused):
    """No date was chosen."""

    message = N_("一场也没有选。请至少留一场。")
