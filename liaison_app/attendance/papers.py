"""Who came, as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask_babel import gettext as _

from liaison_app.core.web import show_moment
from liaison_app.scheduling.kinds import ROLE_NAMES

from .kinds import WAY_NAMES
from .queries import Guest


def roster_rows(guests: Iterable[Guest]) -> Iterator[list[object]]:
    """Yield who is expected, the head first; without telephone numbers."""
    yield [_("序号"), _("姓名"), _("身份"), _("单位或社区"), _("职务"), _("代会")]
    for number, guest in enumerate(guests, start=1):
        yield [
            number,
            guest.name,
            _(ROLE_NAMES[guest.role]),
            guest.of,
            guest.title,
            _("是") if guest.is_stand_in else "",
        ]


def sheet_rows(guests: Iterable[Guest]) -> Iterator[list[object]]:
    """Yield the list, the head first; without telephone numbers."""
    yield [
        _("姓名"),
        _("身份"),
        _("单位或社区"),
        _("应到"),
        _("到了"),
        _("到场时间"),
        _("签到方式"),
        _("代会"),
    ]
    for guest in guests:
        note = guest.check_in
        yield [
            guest.name,
            _(ROLE_NAMES[guest.role]),
            guest.of,
            _("是") if guest.is_expected else "",
            _("是") if note else "",
            show_moment(note.arrived_at) if note and note.arrived_at else "",
            _(WAY_NAMES[note.way]) if note else "",
            _("是") if guest.is_stand_in else "",
        ]
