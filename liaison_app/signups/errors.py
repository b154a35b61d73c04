"""Why a sign-up is refused, with what the page needs to say which, since when, and what to do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from liaison_app.core.errors import N_, Refused
from liaison_app.core.text import CHINESE, show_deadline


class SignUpRefused(Refused):
    """Base of the refusals below, for callers that treat them alike."""

    message = N_("这次没有报上名。")


class NotYetOpen(SignUpRefused):
    message = N_("报名 {opens_at} 开始，到时候再来。")

    def __init__(self, opens_at: datetime):
        self.opens_at = opens_at

    @property
    def values(self) -> dict[str, Any]:
        return self.values_in(CHINESE)

    def values_in(self, locale: str) -> dict[str, Any]:
        return {"opens_at": show_deadline(self.opens_at, locale=locale)}


class SignUpClosed(SignUpRefused):
    message = N_("报名已于 {closed_at} 截止。还想来，请打站里的电话。")

    def __init__(self, closed_at: datetime):
        self.closed_at = closed_at

    @property
    def values(self) -> dict[str, Any]:
        return self.values_in(CHINESE)

    def values_in(self, locale: str) -> dict[str, Any]:
        return {"closed_at": show_deadline(self.closed_at, locale=locale)}


class MeetingOff(SignUpRefused):
    """The meeting is cancelled, postponed or over: nothing about its seats changes any more."""

    message = N_("这一场现在不能报名，请看它的状态。")


class PoolFull(SignUpRefused):
    """Seats and places to wait of one role are all taken."""

    message = N_("{seats} 个名额和 {wait_places} 个候补都满了。")

    def __init__(self, seats: int, wait_places: int):
        self.seats, self.wait_places = seats, wait_places
        if not wait_places:
            self.message = N_("{seats} 个名额都满了，这一场不设候补。")

    @property
    def values(self) -> dict[str, Any]:
        return {"seats": self.seats, "wait_places": self.wait_places}


class FirmFull(SignUpRefused):
    """As many of this firm have signed up as the organizer lets in. A firm is nobody's private matter."""

    message = N_("一个单位最多报 {limit} 人，“{firm}”已经报满。要换人，请先让一位退出。")

    def __init__(self, firm: str, limit: int):
        self.firm, self.limit = firm, limit

    @property
    def values(self) -> dict[str, Any]:
        return {"firm": self.firm, "limit": self.limit}


class OfferOver(Refused):
    """The time to answer has run out; the seat goes to whoever is next."""

    message = N_("答复的时间 {until} 已经过了，席位给了下一位。还想来，可以再报，从候补的最后排起。")

    def __init__(self, until: datetime):
        self.until = until

    @property
    def values(self) -> dict[str, Any]:
        return self.values_in(CHINESE)

    def values_in(self, locale: str) -> dict[str, Any]:
        return {"until": show_deadline(self.until, locale=locale)}


class NothingTooMany(Refused):
    """Nobody is put back on a wait list while there is a seat for everybody."""

    message = N_("席位够坐，不用请人改成候补。")


class NotSaid(SignUpRefused):
    """Base of what a stranger is never told, because it says who is signed up (SECURITY G3); the clerk is."""


class AlreadySignedUp(NotSaid):
    message = N_("这个姓名和手机号已经报了这一场。")


class TooManyOnPhone(NotSaid):
    message = N_("一个手机号最多替两个人报名。")


class ReasonMissing(Refused):
    message = N_("请写明原因，以后查得到。")
