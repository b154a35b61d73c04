"""From the rows of a sheet to what would be stored, and what a row is against what is stored already."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from liaison_app.core.errors import N_, LiaisonError
from liaison_app.core.text import Unreadable, clean_line

from .cells import BadCell, says_nothing
from .errors import SheetRefused
from .kinds import TABLES, Column, ListKind, Table

MAX_ROWS = 5000
MAX_COLUMNS = 60
MAX_CELL = 2000
HEADER_WITHIN = 20
# The example row of a template begins so, and is passed over where somebody leaves it in.
EXAMPLE = "示例："


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a sheet that is not empty: its number there, from 1, and the text of its cells.

    `formulas` are the places, from 0, of cells that hold no fixed content.
    """

    number: int
    cells: Sequence[str]
    formulas: frozenset[int] = frozenset()

    def text(self, place: int) -> str:
        return self.cells[place] if place < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be taken: the column's header, what stands in the cell, and the reason."""

    header: str
    typed: str
    reason: LiaisonError

    def __str__(self) -> str:
        return (
            f"{self.header}“{self.typed}”：{self.reason}" if self.typed else f"{self.header}：{self.reason}"
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it was understood: values by field, only of cells that say something."""

    number: int
    title: str
    values: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole list as it was understood; `ignored` are headers that mean nothing here."""

    kind: ListKind
    entries: tuple[Entry, ...]
    ignored: tuple[str, ...] = ()


class Outcome(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    ERROR = "error"


OUTCOME_NAMES = {
    Outcome.NEW: N_("新增"),
    Outcome.CHANGED: N_("更改"),
    Outcome.SAME: N_("不变"),
    Outcome.ERROR: N_("有误"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A value that would be replaced, as a person reads it; mobiles are masked."""

    header: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row."""

    number: int
    title: str
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()


# --- reading ----------------------------------------------------------------


def read_list(kind: ListKind, rows: Sequence[SheetRow]) -> Reading:
    """Understand the rows of a list; title rows above the header are passed over.

    Raises: SheetRefused where there is no header, where columns are missing or doubled, where
    cells hold formulas, or where there are more rows than can be taken.
    """
    table = TABLES[kind]
    header_at, places = _find_header(table, rows)
    body = [row for row in rows[header_at + 1 :] if _says_something(row, places)]
    if not body:
        raise SheetRefused(N_("表头下面没有内容。"))
    if len(body) > MAX_ROWS:
        raise SheetRefused(N_("内容超过 {most} 行，请分成几个文件。"), most=MAX_ROWS)
    _refuse_formulas(body, places)
    entries = _mark_doubles(table, [_read_row(table, row, places) for row in body])
    return Reading(kind, tuple(entries), _unknown_headers(rows[header_at], places))


def header_key(text: str) -> str:
    """Return a header without spaces, stars and remarks in brackets: “姓名*（必填）” is 姓名."""
    plain = unicodedata.normalize("NFKC", clean_line(text)).lower()
    return re.sub(r"\([^)]*\)|\[[^\]]*\]|[\s*:]", "", plain)


def _find_header(table: Table, rows: Sequence[SheetRow]) -> tuple[int, dict[int, Column]]:
    """Return where the header is, and its columns by place: the row that knows most of the headers."""
    candidates = [(at, _columns_of(table, row)) for at, row in enumerate(rows[:HEADER_WITHIN])]
    at, found = max(candidates, key=lambda candidate: len(candidate[1]), default=(0, []))
    if len(found) < 2:
        wanted = "、".join(column.header for column in table.columns if column.is_required)
        raise SheetRefused(
            N_("没有找到表头。请在第一行写上列名（{wanted}……），或下载模板来填。"), wanted=wanted
        )
    _refuse_doubled_columns(found)
    known = {column.field for _place, column in found}
    if missing := [
        column.header for column in table.columns if column.is_required and column.field not in known
    ]:
        raise SheetRefused(
            N_("第 {row} 行的表头缺少：{missing}。"), row=rows[at].number, missing="、".join(missing)
        )
    return at, dict(found)


def _columns_of(table: Table, row: SheetRow) -> list[tuple[int, Column]]:
    by_key = {
        header_key(name): column for column in table.columns for name in (column.header, *column.aliases)
    }
    keys = [(place, header_key(text[:MAX_CELL])) for place, text in enumerate(row.cells)]
    return [(place, by_key[key]) for place, key in keys if key in by_key]


def _refuse_doubled_columns(found: list[tuple[int, Column]]) -> None:
    for header, count in Counter(column.header for _place, column in found).items():
        if count > 1:
            where = "、".join(column_letters(place) for place, column in found if column.header == header)
            raise SheetRefused(N_("{where} 列都是“{header}”，请只留一列。"), where=where, header=header)


def _refuse_formulas(body: Iterable[SheetRow], places: Mapping[int, Column]) -> None:
    found = [
        f"{column_letters(place)}{row.number}"
        for row in body
        for place in sorted(row.formulas)
        if place in places
    ]
    if found:
        raise SheetRefused(
            N_("{where} 是公式或错误值，不是填好的内容。请全选、复制，再“选择性粘贴”为数值，然后重新上传。"),
            where="、".join(found[:5]) + ("……" if len(found) > 5 else ""),
        )


def _says_something(row: SheetRow, places: Mapping[int, Column]) -> bool:
    if any(place in places for place in row.formulas):
        return True
    first = clean_line(row.text(min(places))[:MAX_CELL])
    return not first.startswith(EXAMPLE) and any(row.text(place).strip() for place in places)


def _unknown_headers(row: SheetRow, places: Mapping[int, Column]) -> tuple[str, ...]:
    texts = [clean_line(text[:MAX_CELL]) for place, text in enumerate(row.cells) if place not in places]
    return tuple(text[:40] for text in texts if text)


def _read_row(table: Table, row: SheetRow, places: Mapping[int, Column]) -> Entry:
    values: dict[str, Any] = {}
    problems = []
    for place, column in places.items():
        try:
            if (value := _read_cell(column, row.text(place))) not in (None, "", ()):
                values[column.field] = value
        except Unreadable as reason:
            problems.append(Problem(column.header, _short(row.text(place)), reason))
    title_place = next(place for place, column in places.items() if column.field == table.title_field)
    entry = Entry(row.number, _short(row.text(title_place)), values, tuple(problems))
    return entry if problems else _check_across(table, entry)


def _read_cell(column: Column, text: str) -> Any:
    if len(text) > MAX_CELL:
        raise BadCell(N_("最多 {most} 个字，现在是 {count} 个。"), most=MAX_CELL, count=len(text))
    if says_nothing(text):
        if column.is_required:
            raise BadCell(N_("不能空着。"))
        return None
    return column.read(text)


def _check_across(table: Table, entry: Entry) -> Entry:
    try:
        table.check(entry.values)
    except Unreadable as reason:
        return replace(entry, problems=(Problem(table.columns[0].header, entry.title, reason),))
    return entry


def _mark_doubles(table: Table, entries: list[Entry]) -> list[Entry]:
    """Give the second of two rows about the same thing a problem that names the first."""
    first_row: dict[tuple[str, ...], int] = {}
    marked = []
    for entry in entries:
        keys = [] if entry.problems else table.keys(entry.values)
        seen = [first_row[key] for key in keys if key in first_row]
        if seen:
            reason = BadCell(N_("与第 {row} 行重复，请合成一行。"), row=min(seen))
            entry = replace(entry, problems=(Problem(table.columns[0].header, entry.title, reason),))
        for key in keys:
            first_row.setdefault(key, entry.number)
        marked.append(entry)
    return marked


def _short(text: str) -> str:
    line = clean_line(text[:MAX_CELL])
    return line if len(line) <= 40 else line[:40] + "…"


def column_letters(place: int) -> str:
    """Return the letters over a column, from its place, counted from 0: A, B … Z, AA."""
    letters = ""
    number = place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# --- judging ----------------------------------------------------------------


def judge(kind: ListKind, entry: Entry, stored: Mapping[str, Any] | None) -> Verdict:
    """Say what becomes of a row, given what is stored about the same thing; None where nothing is.

    `stored` has the fields of the list's columns, in the form their readers give. Only fields
    that the row speaks of are compared.
    """
    if entry.problems:
        return Verdict(entry.number, entry.title, Outcome.ERROR, problems=entry.problems)
    if stored is None:
        return Verdict(entry.number, entry.title, Outcome.NEW)
    changes = tuple(
        Change(column.header, _shown(column, before), _shown(column, after))
        for column, before, after in _joined(TABLES[kind], entry.values, stored)
        if after != before
    )
    return Verdict(entry.number, entry.title, Outcome.CHANGED if changes else Outcome.SAME, changes)


def _joined(
    table: Table, values: Mapping[str, Any], stored: Mapping[str, Any]
) -> Iterator[tuple[Column, Any, Any]]:
    """Give each column that a row speaks of with its value before and after."""
    for column in table.columns:
        if column.field in values:
            before = stored.get(column.field)
            yield column, before, column.joined(values[column.field], before)


def said(kind: ListKind, entry: Entry) -> tuple[Change, ...]:
    """Return all that a row says, as changes of what is not there yet; its title is left out."""
    table = TABLES[kind]
    return tuple(
        Change(column.header, "", _shown(column, entry.values[column.field]))
        for column in table.columns
        if column.field in entry.values and column.field != table.title_field
    )


def resolved(entry: Entry, **values: Any) -> Entry:
    """Return `entry` with names of stations, streets and the like as the database has them."""
    return replace(entry, values={**entry.values, **values})


def refused(kind: ListKind, entry: Entry, field_name: str, reason: LiaisonError) -> Entry:
    """Return `entry` with one more problem about a field, for what only the database knows."""
    column = next(column for column in TABLES[kind].columns if column.field == field_name)
    problem = Problem(column.header, _shown(column, entry.values.get(field_name)), reason)
    return replace(entry, problems=(*entry.problems, problem))


def _shown(column: Column, value: Any) -> str:
    return "" if value in (None, "", ()) else column.show(value)
