"""Workbooks made by hand, honest and hostile, for the tests of the import."""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://x/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="r2" Type="http://x/relationships/sharedStrings" Target="sharedStrings.xml"/>'
    '<Relationship Id="r3" Type="http://x/relationships/styles" Target="/xl/styles.xml"/>'
    "</Relationships>"
)
_BOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://r">'
    '<workbookPr{epoch}/><sheets><sheet name="名单" sheetId="1" r:id="r1"/></sheets></workbook>'
)


def sheet_xml(*rows: str, before: str = "") -> str:
    """Return a sheet with these rows, each given as the inside of a `row`."""
    body = "".join(f"<row>{row}</row>" for row in rows)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<worksheet><sheetData>{body}</sheetData></worksheet>'
    )


def inline(*texts: str) -> str:
    """Return cells with text of their own."""
    return "".join(f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' for text in texts)


def workbook(
    sheet: str,
    *,
    strings: str = "<sst/>",
    styles: str = "<styleSheet/>",
    epoch: str = "",
    **more: str | bytes,
) -> bytes:
    """Return the bytes of a workbook of one sheet; `more` are members by name, "." written as "__"."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", _BOOK.format(epoch=epoch))
        archive.writestr("xl/_rels/workbook.xml.rels", _RELATIONS)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/sharedStrings.xml", strings)
        archive.writestr("xl/styles.xml", styles)
        for name, content in more.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()
