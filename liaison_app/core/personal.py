"""Where personal data lies: each domain declares its places in its `personal.py`, and nowhere else is a list kept.

The notice to the public, the nightly job, erasure, the copy for a person and the page of what is left walk the
same declarations, so what is said and what is done cannot differ. A test refuses a column that looks personal
and is neither declared nor excused here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, update
from sqlalchemy.orm import InstrumentedAttribute

from . import clock
from .db import Model, db
from .errors import N_

Moment = SQLColumnExpression[datetime] | SQLColumnExpression[datetime | None]


class Whose(StrEnum):
    CITIZEN = "citizen"
    OFFICIAL = "official"
    STAFF = "staff"


WHOSE_NAMES = {
    Whose.CITIZEN: N_("报名的群众"),
    Whose.OFFICIAL: N_("代表和受邀的负责人"),
    Whose.STAFF: N_("有账号的工作人员"),
}


@dataclass(frozen=True)
class Subject:
    """Whose data is looked for: one sign-up, or one person of the registers.

    `threads` are (about, thread) of the messages to that person; `name` is the own name among several on one
    telephone.
    """

    signup_id: int | None = None
    person_id: int | None = None
    threads: tuple[tuple[str, str], ...] = ()
    name: str = ""


def of_person(column: InstrumentedAttribute[Any]) -> Callable[[Subject], ColumnElement[bool] | None]:
    """Return the condition that a row is about one person of the registers, whom `column` names."""
    return lambda subject: column == subject.person_id if subject.person_id else None


@dataclass(frozen=True)
class Field:
    """One thing that a row says of somebody: `what` it is, `why` it is held, and what an emptied row holds instead.

    `tells` gives what the person's copy shows, where that is not the column's value. `masks` says that a page shows
    the last signs alone; a copy that is taken along has it in full.
    """

    column: InstrumentedAttribute[Any]
    what: str
    why: str
    emptied: Any = None
    tells: Callable[[Any, Subject], Any] | None = None
    masks: bool = False

    def told(self, row: Any, subject: Subject) -> Any:
        return self.tells(row, subject) if self.tells else getattr(row, self.column.key)


@dataclass(frozen=True)
class Holding:
    """Rows of one table that say something of people, and until when.

    `period` names an entry of `Settings.retention_days`, counted from `since`, which `event` says in words; without a
    period the data stays as long as `event` says. `holds` is the condition that a row still says something,
    `of` the condition that it is about one person (None: not to be told apart). `also` are columns that go with
    the fields, such as keyed hashes. `empties` does it where an UPDATE is not enough.
    """

    name: str
    model: type[Model]
    title: str
    whose: Whose
    basis: str
    event: str
    fields: tuple[Field, ...]
    holds: ColumnElement[bool]
    period: str | None = None
    since: Moment | None = None
    of: Callable[[Subject], ColumnElement[bool] | None] | None = None
    headline: Callable[[Any], str] | None = None
    also: Mapping[InstrumentedAttribute[Any], Any] = field(default_factory=dict)
    mark: InstrumentedAttribute[Any] | None = None
    empties: Callable[[Sequence[int]], None] | None = None

    @property
    def columns(self) -> tuple[InstrumentedAttribute[Any], ...]:
        marked = (self.mark,) if self.mark is not None else ()
        return (*(one.column for one in self.fields), *self.also, *marked)

    def empty(self, ids: Sequence[int]) -> None:
        """Take what these rows say of people out of them, in the caller's transaction; the rows stay."""
        if self.empties is not None:
            self.empties(ids)
            return
        values = {one.column: one.emptied for one in self.fields} | dict(self.also)
        if self.mark is not None:
            values[self.mark] = clock.now()
        db.session.execute(
            update(self.model)
            .where(self.model.id.in_(ids))  # type: ignore[attr-defined]
            .values(values)
            .execution_options(synchronize_session=False)
        )


_holdings: dict[str, Holding] = {}
_excused: dict[str, str] = {}


def declare(*holdings: Holding) -> None:
    """Add places to the list that everything walks."""
    _holdings.update((one.name, one) for one in holdings)


def excuse(why: str, *columns: InstrumentedAttribute[Any]) -> None:
    """Say why columns with a telling name or an encrypted value are no personal data to be emptied."""
    _excused.update((name_of(column), why) for column in columns)


def holdings() -> list[Holding]:
    """Return every place, the public's first."""
    order = list(Whose)
    return sorted(_holdings.values(), key=lambda one: order.index(one.whose))


def excused() -> Mapping[str, str]:
    return _excused


def name_of(column: InstrumentedAttribute[Any]) -> str:
    """Return “table.column”."""
    return f"{column.class_.__tablename__}.{column.property.columns[0].name}"
