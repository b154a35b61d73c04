"""The empty lists that people download, fill in and bring back."""

from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from liaison_app.core.errors import N_

from .kinds import TABLES, Column, ListKind, Table
from .rules import EXAMPLE, MAX_ROWS, column_letters

_HEADER_FONT = Font(bold=True)
_REQUIRED_FILL = PatternFill("solid", fgColor="F7E3DF")
_OPTIONAL_FILL = PatternFill("solid", fgColor="EFEBE2")
_EXAMPLE_FONT = Font(italic=True, color="777777")
_AS_TEXT = "@"
_NOTES = (
    N_("带 * 的列必填；没有列出的列会被跳过。"),
    N_("空着的格子不改动系统里已有的内容。"),
    N_("以“{example}”开头的一行不会导入，可以留着，也可以删去。"),
    N_("不要用公式；手机号一列请保持“文本”格式。"),
    N_("上传后先看预览，确认以后才写入；同一个文件传两次不会重复。"),
)


def template_xlsx(kind: ListKind) -> bytes:
    """Return a workbook with the header, an example row and a sheet of notes; every column is text."""
    table = TABLES[kind]
    columns = [column for column in table.columns if column.in_template]
    book = Workbook()
    book.properties.creator = ""
    sheet = book.active
    sheet.title = table.title
    sheet.freeze_panes = "B2"
    for place, column in enumerate(columns):
        _write_column(sheet, column_letters(place), column, is_first=place == 0)
    _write_notes(book.create_sheet(N_("填写说明")), table, columns)
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def _write_column(sheet: Worksheet, letters: str, column: Column, *, is_first: bool) -> None:
    dimension = sheet.column_dimensions[letters]
    dimension.width = max(12, 2 * len(column.header) + 4, 2 * len(column.example) + 2)
    # Else a spreadsheet takes the zeros off a card number, and the last digits off a long one.
    dimension.number_format = _AS_TEXT
    _write_text(sheet, f"{letters}1", _header(column))
    sheet[f"{letters}1"].font = _HEADER_FONT
    sheet[f"{letters}1"].fill = _REQUIRED_FILL if column.is_required else _OPTIONAL_FILL
    _write_text(sheet, f"{letters}2", (EXAMPLE if is_first else "") + column.example)
    sheet[f"{letters}2"].font = _EXAMPLE_FONT
    if column.options:
        choices = DataValidation(type="list", formula1=f'"{",".join(column.options)}"', allow_blank=True)
        choices.add(f"{letters}2:{letters}{MAX_ROWS + 1}")
        sheet.add_data_validation(choices)


def _write_notes(sheet: Worksheet, table: Table, columns: list[Column]) -> None:
    rows = [(table.title,), *((note.format(example=EXAMPLE),) for note in _NOTES), ()]
    rows += [(N_("列"), N_("怎么填"), N_("例子"))]
    rows += [
        (_header(column), column.note or "、".join(column.options), column.example) for column in columns
    ]
    for number, row in enumerate(rows, start=1):
        for place, text in enumerate(row):
            _write_text(sheet, f"{column_letters(place)}{number}", text)
            sheet[f"{column_letters(place)}{number}"].alignment = Alignment(
                vertical="top", wrap_text=len(row) > 1
            )
    sheet["A1"].font = _HEADER_FONT
    for letters, width in (("A", 16), ("B", 60), ("C", 40)):
        sheet.column_dimensions[letters].width = width


def _write_text(sheet: Worksheet, cell: str, text: str) -> None:
    sheet[cell] = text
    # Else what begins with “=” becomes a formula.
    sheet[cell].data_type = "s"
    sheet[cell].number_format = _AS_TEXT


def _header(column: Column) -> str:
    return column.header + ("*" if column.is_required else "")
