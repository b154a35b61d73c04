"""The roster as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flask_babel import gettext as _

from liaison_app.core.text import mask_mobile
from liaison_app.core.web import show_moment
from liaison_app.scheduling.kinds import ROLE_NAMES

from .kinds import NEED_SEPARATOR, STATE_NAMES
from .models import SignUp


def roster_rows(signups: Iterable[SignUp], places: Mapping[int, int]) -> Iterator[list[object]]:
    """Yield the roster, the head first; telephone numbers are masked."""
    yield (
        [
            _("入场号"), _("状态"), _("候补位次"), _("姓名"), _("手机"), _("身份"), _("单位"), _("想问的事"),
            _("需要帮忙"), _("报名时间"), _("代填"), _("退出原因"),
        ]
    )  # fmt: skip
    for signup in signups:
        yield [
            signup.ticket_code,
            _(STATE_NAMES[signup.state]),
            places.get(signup.id, ""),
            signup.name,
            mask_mobile(signup.mobile or ""),
            _(ROLE_NAMES[signup.pool.role]),
            signup.organisation,
            signup.question or "",
            _("；").join(_(need) for need in signup.needs.split(NEED_SEPARATOR)) if signup.needs else "",
            show_moment(signup.signed_up_at),
            _("是") if signup.entered_by_id else "",
            signup.withdrawn_reason or "",
        ]
