"""What is held of people's own calendars."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute

from liaison_app.core.db import db
from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Moment, Subject, Whose, declare, of_person
from liaison_app.core.web import show_span
from liaison_app.people.models import Person

from . import services
from .models import BusyBlock, CalendarSource

BASIS = N_("本人或经办人自愿添加，排场次时少撞时间；随时可以停用")
LEFT = N_("离任（没有代表资格，也不担任职务）")


def _left(person_id: InstrumentedAttribute[Any]) -> Moment:
    """Return since when the person of a row holds no office."""
    return select(Person.left_at).where(Person.id == person_id).correlate(person_id.class_).scalar_subquery()


def _span(row: BusyBlock, subject: Subject) -> str:
    return show_span(row.starts_at, row.ends_at)


def _drop(ids: Sequence[int]) -> None:
    db.session.execute(delete(BusyBlock).where(BusyBlock.id.in_(ids)))


SOURCES = Holding(
    name="calendar_source",
    model=CalendarSource,
    title=N_("外部日历"),
    whose=Whose.OFFICIAL,
    basis=BASIS,
    event=LEFT,
    period="contact",
    since=_left(CalendarSource.person_id),
    holds=CalendarSource.removed_at.is_(None),
    of=of_person(CalendarSource.person_id),
    fields=(
        Field(CalendarSource.label, N_("日历的名字"), N_("分得清是哪一份"), ""),
        Field(
            CalendarSource.address,
            N_("日历的秘密链接"),
            N_("定时读忙闲"),
            tells=lambda row, _: row.host,
        ),
    ),
    empties=services.forget,
)
BLOCKS = Holding(
    name="busy_block",
    model=BusyBlock,
    title=N_("外部日历里没空的时间"),
    whose=Whose.OFFICIAL,
    basis=BASIS,
    event=LEFT,
    period="contact",
    since=_left(BusyBlock.person_id),
    holds=BusyBlock.id.is_not(None),
    of=of_person(BusyBlock.person_id),
    fields=(Field(BusyBlock.starts_at, N_("没空的时间"), N_("排场次时提醒主办方"), tells=_span),),
    empties=_drop,
)

declare(SOURCES, BLOCKS)
