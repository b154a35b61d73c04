"""Sheets as .docx, for an office that changes them before it prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from flask_babel import gettext as _

from liaison_app.core.web import show_span
from liaison_app.scheduling.kinds import ROLE_NAMES
from liaison_app.scheduling.models import Meeting

from . import rules
from .queries import Guest

MIMETYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HEAD_FONT, TEXT_FONT = "黑体", "仿宋"
WIDTHS_CM = (1.4, 3.0, 3.6, 4.2, 2.2, 3.2)
# What XML cannot hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def sign_in_sheet(meeting: Meeting, guests: Sequence[Guest]) -> bytes:
    """Return the sign-in sheet: the same lines with the same marks as on the page to print."""
    paper = _paper()
    _say(paper, _("%(title)s签到表", title=meeting.title), size=18, font=HEAD_FONT, centred=True)
    for label, value in (
        (_("时间"), show_span(meeting.starts_at, meeting.ends_at)),
        (_("地点"), meeting.place),
        (_("主办"), meeting.unit.name),
    ):
        _say(paper, f"{label}{_('：')}{value}", size=12)
    heads = [_("行号"), _("姓名"), _("身份"), _("单位或社区"), _("到场时间"), _("签名")]
    table = paper.add_table(rows=1, cols=len(heads), style="Table Grid")
    _fill(table.rows[0], heads, font=HEAD_FONT)
    for number, guest in enumerate(guests, start=1):
        role = guest.title or _(ROLE_NAMES[guest.role])
        words = [
            rules.row_code(number),
            guest.name,
            role + (_("（代会）") if guest.is_stand_in else ""),
            guest.of,
        ]
        _fill(table.add_row(), [*words, "", ""])
    for number in range(1, rules.SPARE_LINES + 1):
        _fill(table.add_row(), [rules.row_code(number, "B"), *[""] * 5])
    _repeat_head(table.rows[0])
    _say(paper, _("B 行给临时来的人。会后按行号录入。"), size=10.5)
    return _packed(paper)


def name_cards(guests: Sequence[Guest]) -> bytes:
    """Return a name card for each, one to a page across, as large as the name allows."""
    paper = _paper()
    page = paper.sections[0]
    page.page_width, page.page_height = page.page_height, page.page_width
    for number, guest in enumerate(guests):
        size = 160 if len(guest.name) <= 3 else 120 if len(guest.name) <= 5 else 60
        line = _say(paper, guest.name, size=size, font=HEAD_FONT, centred=True)
        line.paragraph_format.space_before = Pt(90)
        line.paragraph_format.page_break_before = number > 0
        _say(paper, guest.of or _(ROLE_NAMES[guest.role]), size=28, centred=True)
    return _packed(paper)


def _paper() -> Any:
    paper = Document()
    paper.core_properties.author = paper.core_properties.comments = ""
    page = paper.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(1.6)
    page.top_margin = page.bottom_margin = Cm(1.8)
    return paper


def _say(place: Any, words: str, *, size: float, font: str = TEXT_FONT, centred: bool = False) -> Any:
    line = place.add_paragraph()
    _write(line, words, size, font)
    if centred:
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return line


def _write(line: Any, words: str, size: float, font: str) -> None:
    run = line.add_run(_FORBIDDEN.sub("", words))
    run.font.size, run.font.name = Pt(size), font
    # Else Word takes another font for Chinese.
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)


def _fill(row: Any, words: Sequence[str], *, font: str = TEXT_FONT) -> None:
    row.height = Cm(0.95)
    for cell, word, width in zip(row.cells, words, WIDTHS_CM, strict=True):
        cell.width = Cm(width)
        _write(cell.paragraphs[0], word, 11, font)


def _repeat_head(row: Any) -> None:
    """Have the head stand on every page."""
    row._tr.get_or_add_trPr().append(row._tr.makeelement(qn("w:tblHeader"), {qn("w:val"): "true"}))


def _packed(paper: Any) -> bytes:
    packed = BytesIO()
    paper.save(packed)
    return packed.getvalue()
