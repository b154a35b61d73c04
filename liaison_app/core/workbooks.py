"""Lists as .xlsx: every cell is text, whatever it begins with."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEAD, _TOP = Font(bold=True), Alignment(vertical="top", wrap_text=True)
_AS_TEXT = "@"
WIDEST, NARROWEST = 40, 8


def xlsx_file(title: str, rows: Iterable[Iterable[object]]) -> bytes:
    """Return rows, the first being the head, as a workbook of one sheet.

    What begins with = + - @ stays text, also when somebody edits the cell (SECURITY D10).
    """
    book = Workbook()
    book.properties.creator = ""
    sheet = book.active
    sheet.title = title[:31]
    sheet.freeze_panes = "A2"
    widths: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(value))
            cell.data_type, cell.number_format, cell.quotePrefix = "s", _AS_TEXT, True
            cell.alignment = _TOP
            if number == 1:
                cell.font = _HEAD
            widths[cell.column_letter] = max(
                widths.get(cell.column_letter, NARROWEST), 2 * len(str(value)) + 2
            )
    for letter, width in widths.items():
        sheet.column_dimensions[letter].width = min(width, WIDEST)
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()
