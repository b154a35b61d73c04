"""Refusals of scheduling, with what a page needs to offer a way out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from liaison_app.core.errors import N_, LiaisonError, Refused
from liaison_app.core.text import CHINESE, show_span


@dataclass(frozen=True)
class Blocker:
    """What already holds a room or a person: “who” is the room's or person's name. Title, place and the link are
    for whoever may look into the unit of `unit_path`; for others there is `BusyElsewhere`."""

    kind: str
    who: str
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str
    meeting_id: int
    unit_path: str


class Conflict(Refused):
    """A room or a person is already booked; nothing was written."""

    message = N_("{who} 在 {span} 已经有安排：{title}（{place}）。")
    status = 409

    def __init__(self, blockers: list[Blocker]):
        self.blockers = blockers

    @property
    def values(self) -> dict[str, Any]:
        return self.values_in(CHINESE)

    def values_in(self, locale: str) -> dict[str, Any]:
        first = self.blockers[0]
        span = show_span(first.starts_at, first.ends_at, locale=locale)
        return {"who": first.who, "span": span, "title": first.title, "place": first.place}


class BusyElsewhere(Refused):
    """What a Conflict says to whoever may not look into the blocker's unit: who is busy when, and not with what."""

    message = N_("{who} 在 {span} 已经有别的安排。")
    status = 409

    def __init__(self, blocker: Blocker):
        self.blocker = blocker

    @property
    def values(self) -> dict[str, Any]:
        return self.values_in(CHINESE)

    def values_in(self, locale: str) -> dict[str, Any]:
        span = show_span(self.blocker.starts_at, self.blocker.ends_at, locale=locale)
        return {"who": self.blocker.who, "span": span}


class PlanRefused(Refused):
    """One field of a plan cannot be; `field` names it so that the page shows the sentence beside it."""

    def __init__(self, field: str, message: str, **values: Any):
        self.field, self.message = field, message
        self.data = values

    @property
    def values(self) -> dict[str, Any]:
        return self.data


class NotAllowedNow(LiaisonError):
    """The meeting is not in a state for this step."""

    message = N_("这一场现在不能这样做，请刷新后看它的状态。")
    status = 409


class ReasonMissing(Refused):
    message = N_("请写明原因，会告诉每一位受邀的人。")
