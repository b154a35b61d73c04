"""Lists as files for a spreadsheet: UTF-8 with the mark that Excel wants, and no cell that runs as a formula."""

import csv
from collections.abc import Iterable
from io import StringIO

MIMETYPE = "text/csv; charset=utf-8"
# A cell that begins with one of these may be run as a formula (SECURITY D10).
_FORMULA_SIGNS = tuple("=+-@\t\r＝＋－＠")


def safe_cell(value: object) -> str:
    """Return a value as text that no spreadsheet reads as a formula."""
    text = str(value)
    return f"'{text}" if text.lstrip("\ufeff ").startswith(_FORMULA_SIGNS) else text


def csv_file(rows: Iterable[Iterable[object]]) -> bytes:
    """Return rows, the first being the head, as CSV."""
    lines = StringIO()
    writer = csv.writer(lines)
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
    return b"\xef\xbb\xbf" + lines.getvalue().encode("utf-8", "replace")
