"""From the bytes of an uploaded file to rows of text. What a file is, its content says, not its name."""

import csv
import re
from io import StringIO

from liaison_app.core.errors import N_

from .errors import SheetRefused
from .rules import HEADER_WITHIN, MAX_COLUMNS, MAX_ROWS, SheetRow, column_letters
from .xlsx import read_xlsx, refuse_too_long

MAX_UPLOAD = 10 * 1024 * 1024
_MOST_ROWS = MAX_ROWS + HEADER_WITHIN
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# How spreadsheets force a text into a CSV: ="0371", '0371.
_FORCED_TEXT = re.compile(r'="([^"]*)"|\'(?=[0-9+])(.*)', re.DOTALL)


def read_sheet(data: bytes) -> list[SheetRow]:
    """Return the rows that hold something of an .xlsx workbook's first sheet, or of a .csv in UTF-8 or GB 18030.

    Raises: SheetRefused for what is neither, is too large, or is built to do harm.
    """
    if not data.strip():
        raise SheetRefused(N_("文件是空的。"))
    if len(data) > MAX_UPLOAD:
        raise SheetRefused(
            N_("文件有 {size} MB，最大 {most} MB。"), size=-(-len(data) // 2**20), most=MAX_UPLOAD // 2**20
        )
    if data.startswith(b"PK"):
        return read_xlsx(data, _MOST_ROWS)
    if data.startswith(_OLD_OFFICE):
        raise SheetRefused(
            N_("这是旧版 .xls 或加了密码的文件。请用 Excel 或 WPS 另存为不带密码的 .xlsx 后再传。")
        )
    return _read_csv(_decode(data))


def _decode(data: bytes) -> str:
    """Decode strictly: a file in UTF-8 with one broken byte must not turn into other characters."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    for candidate in (encoding, "gb18030"):
        try:
            text = data.decode(candidate)
        except UnicodeDecodeError:
            continue
        if _CONTROLS.search(text) or text.lstrip().startswith(("<", "%PDF", "{")):
            break
        return text
    raise SheetRefused(N_("这不是表格文件。请上传 .xlsx，或 UTF-8、GB 18030 编码的 .csv。"))


def _read_csv(text: str) -> list[SheetRow]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows = []
    try:
        for number, record in enumerate(reader, start=1):
            if any(cell.strip() for cell in record):
                rows.append(_csv_row(number, record))
            if len(rows) > _MOST_ROWS:
                refuse_too_long(_MOST_ROWS)
    except csv.Error:
        raise SheetRefused(N_("第 {line} 行读不懂，多半是引号不成对。"), line=reader.line_num) from None
    return rows


def _delimiter(text: str) -> str:
    beginning = text[:4096]
    return max(",\t;", key=beginning.count)


def _csv_row(number: int, record: list[str]) -> SheetRow:
    beyond = next((place for place, cell in enumerate(record) if place >= MAX_COLUMNS and cell.strip()), None)
    if beyond is not None:
        raise SheetRefused(
            N_("{cell} 单元格里有内容，超出了 {most} 列。请删去多余的列再传。"),
            cell=f"{column_letters(beyond)}{number}",
            most=MAX_COLUMNS,
        )
    cells = [_plain(cell) for cell in record[:MAX_COLUMNS]]
    return SheetRow(
        number, cells, frozenset(place for place, cell in enumerate(cells) if cell.startswith("="))
    )


def _plain(cell: str) -> str:
    match = _FORCED_TEXT.fullmatch(cell.strip())
    return (match[1] or match[2] or "") if match else cell.strip()
