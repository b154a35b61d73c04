"""Why somebody is not noted as there, in the words that the person at the door reads out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from liaison_app.core.errors import N_, Refused
from liaison_app.core.text import CHINESE, show_short, show_time


class NotLetIn(Refused):
    """Base of the refusals below."""

    message = N_("这个人没有签上。")


class Unreadable(NotLetIn):
    message = N_("请输六位入场号，或者手机号的后四位。")


class NobodyFound(NotLetIn):
    message = N_("这一场没有这个号码。请看清凭证；凭证没错，就按临时来的人登记。")


class OtherMeeting(NotLetIn):
    message = N_("这张凭证是另一场的：{title}，{at}。")

    def __init__(self, title: str, starts_at: datetime):
        self.title, self.starts_at = title, starts_at

    @property
    def values(self) -> dict[str, Any]:
        return self.values_in(CHINESE)

    def values_in(self, locale: str) -> dict[str, Any]:
        return {"title": self.title, "at": show_short(self.starts_at, locale=locale)}


class AlreadyIn(NotLetIn):
    message = N_("{name} {at} 已经签到了，不用再签。")

    def __init__(self, name: str, arrived_at: datetime | None):
        self.name, self.at = name, show_time(arrived_at) if arrived_at else ""
        if not arrived_at:
            self.message = N_("{name} 已经按签到表登记了，不用再签。")


class StillWaiting(NotLetIn):
    message = N_("{name} 还在候补，没有席位。请先在旁边等，问一问工作人员。")

    def __init__(self, name: str):
        self.name = name


class SeatGivenBack(NotLetIn):
    message = N_("{name} 的席位已经退了。还是来了，就按临时来的人登记。")

    def __init__(self, name: str):
        self.name = name


class NotNow(NotLetIn):
    message = N_("这一场现在不签到：要在发布之后，开场前两小时起。")


class TooManyPhotos(Refused):
    message = N_("这一场已经有 10 张照片，请先删掉不要的。")


class WrongPin(Refused):
    message = N_("口令不对。请看清六位数，或者问给您口令的人。")
