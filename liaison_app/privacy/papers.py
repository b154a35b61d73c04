"""The copy that a person takes along: everything the declared places hold, with why and until when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask import Response
from flask_babel import gettext as _

from liaison_app.core import clock, links
from liaison_app.core.text import local

from .queries import Told


def copy_file(told: Sequence[Told]) -> str:
    """Return the copy as JSON, with labels in the reader's language and values in full."""
    office, phone, _mail = links.office()
    return json.dumps(
        {
            _("处理者"): office,
            _("电话"): phone,
            _("生成时间"): local(clock.now()).isoformat(),
            _("内容"): [_entry(one) for one in told],
        },
        ensure_ascii=False,
        indent=2,
    )


def _entry(one: Told) -> dict[str, Any]:
    return {
        _("存在哪里"): _(one.holding.title),
        _("关于"): one.headline,
        _("依据"): _(one.holding.basis),
        _("存到"): local(one.until).date().isoformat() if one.until else _(one.holding.event),
        _("项目"): [
            {_("是什么"): _(field.what), _("为什么"): _(field.why), _("值"): _plain(value)}
            for field, value in one.facts
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return local(value).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def as_file(body: str) -> Response:
    """Answer with a copy to keep."""
    response = Response(body, content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response
