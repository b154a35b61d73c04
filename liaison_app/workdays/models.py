"""Holidays and make-up workdays, as the official notices give them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model

from .kinds import DayMark, YearState


class CalendarYear(Model):
    """A year of which somebody entered the holidays; `source` is the notice, such as 国办发明电〔2025〕7号.

    A year that is not here is as the library of past notices has it, or unknown.
    """

    __tablename__ = "calendar_year"
    __table_args__ = (CheckConstraint("year BETWEEN 2004 AND 2100", name="year_in_range"),)

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[YearState] = mapped_column(CodeType(YearState))
    source: Mapped[str] = mapped_column(String(100), default="")
    version: Mapped[int] = mapped_column(default=1)
    revised_at: Mapped[datetime]

    days: Mapped[list[CalendarDay]] = relationship(
        back_populates="notice", order_by="CalendarDay.day", cascade="all, delete-orphan"
    )


class CalendarDay(Model):
    """One day that is not like others of its week. It may lie in the last days of the year before its notice's."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(ForeignKey("calendar_year.year"), index=True)
    mark: Mapped[DayMark] = mapped_column(CodeType(DayMark))
    name: Mapped[str] = mapped_column(String(20), default="")

    notice: Mapped[CalendarYear] = relationship(back_populates="days")
