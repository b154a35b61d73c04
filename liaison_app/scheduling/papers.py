"""The list of meetings as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from flask_babel import gettext as _

from liaison_app.core.text import local, show_time

from .kinds import STATE_NAMES, kind_name
from .models import Meeting


def meetings_rows(
    meetings: Iterable[Meeting], bureaus: Mapping[int, Sequence[str]]
) -> Iterator[list[object]]:
    """Yield meetings, the head first; `bureaus` are the short names at each table."""
    yield (
        [
            _("日期"), _("开始"), _("结束"), _("主题"), _("类型"), _("地点"), _("主办"), _("到场部门"), _("状态"), _("原因"),
            _("提出问题"), _("已经解决"),
        ]
    )  # fmt: skip
    for one in meetings:
        yield [
            local(one.starts_at).date().isoformat(),
            show_time(one.starts_at),
            show_time(one.ends_at),
            one.title,
            _(kind_name(one.kind)),
            one.place,
            one.unit.name,
            _("、").join(bureaus.get(one.id, [])),
            _(STATE_NAMES[one.state]),
            one.state_reason,
            "" if one.issues_raised is None else one.issues_raised,
            "" if one.issues_solved is None else one.issues_solved,
        ]
