"""A bounded reader of .xlsx workbooks that strangers upload.

It streams the few members it needs and keeps nothing but rows, so that a hostile file costs no
more than its unpacked bytes. Libraries build trees of what they read; we write with one (templates.py).
"""

import re
import struct
import zlib
from collections.abc import Mapping
from datetime import date, timedelta
from io import BytesIO
from posixpath import normpath
from typing import NoReturn, TypeVar
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from liaison_app.core.errors import N_

from .errors import SheetRefused
from .rules import MAX_COLUMNS, SheetRow, column_letters

MAX_MEMBERS = 200
MAX_UNPACKED = 20 * 1024 * 1024
MAX_RATIO = 100
# Small files may shrink a lot and do no harm.
_RATIO_MATTERS_FROM = 1024 * 1024
_MAX_DIRECTORY = MAX_MEMBERS * 512
_LAST_ROW = 1_048_576
# The parser remembers every open element.
_MAX_DEPTH = 40
_CHUNK = 64 * 1024

_WORKBOOK = "xl/workbook.xml"
_CELL = re.compile("([A-Z]{1,3})[1-9][0-9]{0,6}")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NOT_IN_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')
_LAST_SERIAL = 2_958_466

Attributes = Mapping[str, str]


def read_xlsx(data: bytes, max_rows: int) -> list[SheetRow]:
    """Return the rows of the first visible sheet that hold something, at most `max_rows`.

    Integral numbers become digits, dates ISO text; cells with a formula or an error are marked.
    Raises: SheetRefused.
    """
    with _open(data) as archive:
        book = _parse(archive, _WORKBOOK, _Book())
        relations = _parse(archive, "xl/_rels/workbook.xml.rels", _Relations())
        strings = _parse(archive, relations.target("sharedStrings"), _Strings())
        styles = _parse(archive, relations.target("styles"), _Styles())
        sheet = _Sheet(strings.texts, styles.date_styles(), book.first_day, max_rows)
        member = relations.sheet(book.visible_sheets)
        if member not in archive.namelist():
            raise SheetRefused(N_("工作簿里没有能看见的工作表。"))
        return _parse(archive, member, sheet).rows


# --- the archive ------------------------------------------------------------


def _open(data: bytes) -> ZipFile:
    """Open the archive after looking at what it claims to hold; no claim is believed later on."""
    end = data.rfind(b"PK\x05\x06")
    directory = int.from_bytes(data[end + 12 : end + 16], "little")
    if end < 0 or data[max(end - 20, 0) : end].startswith(b"PK\x06\x07"):
        _refuse_damaged()
    if directory > _MAX_DIRECTORY:
        _refuse_bomb()
    try:
        archive = ZipFile(BytesIO(data))
    except (BadZipFile, ValueError, NotImplementedError, OverflowError, OSError, struct.error):
        _refuse_damaged()
    _refuse_suspicious(archive, len(data))
    return archive


def _refuse_suspicious(archive: ZipFile, packed: int) -> None:
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    grows = unpacked > _RATIO_MATTERS_FROM and unpacked > MAX_RATIO * packed
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED or grows:
        _refuse_bomb()
    if _WORKBOOK not in archive.namelist():
        raise SheetRefused(N_("这是一个压缩包，不是 .xlsx 表格。请用 Excel 或 WPS 另存为 .xlsx 或 .csv。"))
    if any(member.flag_bits & 1 for member in members):
        raise SheetRefused(N_("文件加了密码，打不开。请去掉密码后再传。"))
    if any(member.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for member in members):
        _refuse_damaged()


def _refuse_bomb() -> NoReturn:
    raise SheetRefused(
        N_("文件解开后太大（超过 {most} MB），没有读取。请只留下要导入的那张表。"),
        most=MAX_UNPACKED // 1024 // 1024,
    )


def _refuse_damaged() -> NoReturn:
    raise SheetRefused(N_("文件已损坏，读不出来。请用 Excel 或 WPS 打开，另存为 .xlsx 后再传。"))


def _refuse_doctype(*_declaration: object) -> NoReturn:
    raise SheetRefused(N_("文件里带有 DOCTYPE 声明，正常的表格没有它；没有读取。"))


# --- the members ------------------------------------------------------------


class _Member:
    """What listens to the elements of one member of the archive. Names come without prefix."""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Characters within the innermost element."""


Listener = TypeVar("Listener", bound=_Member)


def _parse(archive: ZipFile, name: str, listener: Listener) -> Listener:
    """Stream a member to its listener; one that is not there says nothing.

    Raises: SheetRefused, also the listener's own.
    """
    if name not in archive.namelist():
        return listener
    depth = 0

    def begin(tag: str, found: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            _refuse_damaged()
        listener.start(_local(tag), {_local(key): value for key, value in found.items()})

    def finish(tag: str) -> None:
        nonlocal depth
        depth -= 1
        listener.end(_local(tag))

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler, parser.EndElementHandler = begin, finish
    parser.CharacterDataHandler = listener.text
    try:
        with archive.open(name) as stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, BadZipFile, zlib.error, EOFError, ValueError, LookupError, NotImplementedError):
        _refuse_damaged()
    return listener


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Book(_Member):
    def __init__(self) -> None:
        self.visible_sheets: list[str] = []
        self.first_day = date(1899, 12, 30)

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.first_day = date(1904, 1, 1)
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            self.visible_sheets.append(attributes.get("id", ""))


class _Relations(_Member):
    def __init__(self) -> None:
        self._found: list[tuple[str, str, str]] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self._found.append((attributes.get("Id", ""), kind, _member_name(attributes.get("Target", ""))))

    def target(self, kind: str) -> str:
        """Return the name of the one member of a kind; empty where there is none."""
        return next((target for _id, its_kind, target in self._found if its_kind == kind), "")

    def sheet(self, ids: list[str]) -> str:
        """Return the name of the first of these sheets that is one of cells, not of a chart."""
        sheets = {its_id: target for its_id, kind, target in self._found if kind == "worksheet"}
        return next((sheets[its_id] for its_id in ids if its_id in sheets), "")


def _member_name(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else normpath(f"xl/{target}")


class _TextCollector(_Member):
    """Gathers the text of `t`, without the reading aids (拼音) in `rPh`."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._listens = False
        self._in_aid = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "rPh":
            self._in_aid = True
        self._listens = name == "t" and not self._in_aid

    def end(self, name: str) -> None:
        self._listens = False
        if name == "rPh":
            self._in_aid = False

    def text(self, text: str) -> None:
        if self._listens:
            self._parts.append(text)

    def take(self) -> str:
        """Return what was gathered and begin anew."""
        found = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), "".join(self._parts))
        self._parts.clear()
        return found


class _Strings(_TextCollector):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def end(self, name: str) -> None:
        super().end(name)
        if name == "si":
            self.texts.append(self.take())


class _Styles(_Member):
    def __init__(self) -> None:
        self._formats: dict[str, str] = {}
        self._styles: list[str] = []
        self._in_cell_styles = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            self._formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_styles = True
        elif name == "xf" and self._in_cell_styles:
            self._styles.append(attributes.get("numFmtId", "0"))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cell_styles = False

    def date_styles(self) -> frozenset[str]:
        """Return the numbers of the cell styles that show a number as a date or a time."""
        return frozenset(str(place) for place, code in enumerate(self._styles) if self._is_date(code))

    def _is_date(self, number_format: str) -> bool:
        if number_format in self._formats:
            plain = _NOT_IN_FORMAT.sub("", self._formats[number_format].lower())
            return re.search("[ymdhs]", plain) is not None and "general" not in plain
        return number_format.isascii() and number_format.isdigit() and int(number_format) in _BUILT_IN_DATES


class _Sheet(_TextCollector):
    """Collects rows; a cell is known by its reference or, without one, by its place after the last."""

    def __init__(self, strings: list[str], date_styles: frozenset[str], first_day: date, max_rows: int):
        super().__init__()
        self.rows: list[SheetRow] = []
        self._strings, self._date_styles, self._first_day, self._max_rows = (
            strings,
            date_styles,
            first_day,
            max_rows,
        )
        self._number = 0
        self._place = -1
        self._cell: Attributes = {}
        self._cells: dict[int, str] = {}
        self._formulas: set[int] = set()

    def start(self, name: str, attributes: Attributes) -> None:
        super().start(name, attributes)
        if name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._place = -1
            if not 1 <= self._number <= _LAST_ROW:
                _refuse_damaged()
        elif name == "c":
            self._cell = attributes
            self._place = _place(attributes["r"]) if "r" in attributes else self._place + 1
        elif name == "f":
            self._formulas.add(self._place)
        elif name == "v":
            self._listens = True

    def end(self, name: str) -> None:
        super().end(name)
        if name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()

    def _end_cell(self) -> None:
        text = self._value(self.take())
        if self._cell.get("t") == "e":
            self._formulas.add(self._place)
        if not text.strip() and self._place not in self._formulas:
            return
        if self._place >= MAX_COLUMNS:
            raise SheetRefused(
                N_("{cell} 单元格里有内容，超出了 {most} 列。请删去多余的列再传。"),
                cell=f"{column_letters(self._place)}{self._number}",
                most=MAX_COLUMNS,
            )
        self._cells[self._place] = text

    def _end_row(self) -> None:
        if self._cells:
            last = max(self._cells)
            cells = [self._cells.get(place, "") for place in range(last + 1)]
            self.rows.append(SheetRow(self._number, cells, frozenset(self._formulas)))
            if len(self.rows) > self._max_rows:
                refuse_too_long(self._max_rows)
        self._cells, self._formulas = {}, set()

    def _value(self, raw: str) -> str:
        kind = self._cell.get("t", "n")
        if kind == "s" and raw:
            return self._strings[int(raw)]
        if kind != "n":
            return raw
        return _number_text(raw, self._first_day if self._cell.get("s") in self._date_styles else None)


def refuse_too_long(most: int) -> NoReturn:
    """Refuse a sheet with more rows than anybody reads."""
    raise SheetRefused(N_("表格超过 {most} 行，请分成几个文件。"), most=most)


def _place(reference: str) -> int:
    match = _CELL.fullmatch(reference)
    if match is None:
        _refuse_damaged()
    place = 0
    for letter in match[1]:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _number_text(raw: str, first_day: date | None) -> str:
    """Write a number as a person would: 1.3800138E10 as digits, a date's number as its date."""
    try:
        number = float(raw)
    except ValueError:
        return raw
    if first_day and 0 <= number < _LAST_SERIAL:
        return _date_text(number, first_day)
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.15g}"


def _date_text(number: float, first_day: date) -> str:
    days, seconds = divmod(round(number * 86400), 86400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}" + (f":{seconds % 60:02}" if seconds % 60 else "")
    if days == 0 and seconds:
        return clock
    # Spreadsheets count a 29 February 1900 that never was.
    shift = 1 if first_day.year == 1899 and days < 60 else 0
    day = (first_day + timedelta(days=days + shift)).isoformat()
    return f"{day} {clock}" if seconds else day
