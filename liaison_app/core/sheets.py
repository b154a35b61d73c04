"""Lists as files for a spreadsheet: UTF-8 with the mark that Excel wants, and no cell that runs as a formula."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

MIMETYPE = "text/csv; charset=utf-8"
# A cell that begins with one of these may be run as a formula (SECURITY D10).
_FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")


def safe_cell(value: object) -> str:
    """Return a value as text that no spreadsheet reads as a formula."""
    text = str(value)
    return f"'{text}" if text.lstrip("\ufeff ").startswith(_FORMULA_SIGNS) else text


def csv_file(rows: Iterable[Iterable[object]]) -> bytes:
    """Return rows, the first being the head, as CSV."""
    return b"".join(csv_lines(rows))


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """Yield a CSV file line by line, for a list that is too long to be held in memory."""
    yield b"\xef\xbb\xbf"
    line = StringIO()
    writer = csv.writer(line)
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
        yield line.getvalue().encode("utf-8", "replace")
        line.seek(0)
        line.truncate()
