"""Meetings that were planned together."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model
from liaison_app.orgs.models import OrgUnit
from liaison_app.scheduling.models import Meeting

from .kinds import DateState, HolidayPolicy


class Series(Model):
    """A row of meetings by one rule. It only says which belong together: each meeting has its own time, UID and people.

    `rule` is that of `rules.Rule`, `pattern` what all dates have in common, by facet: a meeting that is otherwise
    was changed on its own.
    """

    __tablename__ = "series"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    title: Mapped[str] = mapped_column(String(100))
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)
    policy: Mapped[HolidayPolicy] = mapped_column(CodeType(HolidayPolicy))
    pattern: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]

    unit: Mapped[OrgUnit] = relationship()
    dates: Mapped[list[SeriesDate]] = relationship(back_populates="series", order_by="SeriesDate.rule_day")

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.unit.path,)


class SeriesDate(Model):
    """One date of a series: `rule_day` as the rule has it, and the meeting that is held for it, if one is.

    The meeting knows its own day. `day` is the one it was first given, and the one to restore it on.
    """

    __tablename__ = "series_date"
    __table_args__ = (UniqueConstraint("series_id", "rule_day"), UniqueConstraint("meeting_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    rule_day: Mapped[date]
    day: Mapped[date | None]
    state: Mapped[DateState] = mapped_column(CodeType(DateState))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))

    series: Mapped[Series] = relationship(back_populates="dates")
    meeting: Mapped[Meeting | None] = relationship()

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return self.series.unit_paths
