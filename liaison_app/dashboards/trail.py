"""The trail page: who did what, searchable and to take along for an inspection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Row
from werkzeug.wsgi import FileWrapper

from liaison_app.access.guards import allowed_paths, requires
from liaison_app.access.permissions import Permission
from liaison_app.audit import queries as audit
from liaison_app.audit import traces
from liaison_app.audit.kinds import RESULT_NAMES, Result
from liaison_app.audit.rules import ACTION_NAMES, THING_NAMES
from liaison_app.core.errors import LiaisonError
from liaison_app.core.htmx import render
from liaison_app.core.paging import Page, asked_page
from liaison_app.core.sheets import MIMETYPE, csv_lines
from liaison_app.core.text import clean_line, from_local, local, parse_date, parse_time
from liaison_app.core.web import row_id
from liaison_app.limits.rules import FILES
from liaison_app.orgs import queries as orgs

from . import queries
from .queries import TrailFilter

bp = Blueprint("audit", __name__)

PER_PAGE = 50
AT_A_TIME = 1000
IN_MEMORY = 4 * 1024 * 1024
FILTERS = (
    "q",
    "who",
    "action",
    "result",
    "thing",
    "id",
    "unit",
    "since",
    "since_time",
    "until",
    "until_time",
)


@bp.get("/audit")
@requires(Permission.AUDIT_READ)
def trail() -> ResponseReturnValue:
    """Show the trail of the own part of the tree; the address says which entries: words, who, action, result,
    thing, unit, from when to when."""
    paths, wanted = allowed_paths(Permission.AUDIT_READ), _asked()
    page = asked_page(request.args.get("page"))
    return render(
        "dashboards/trail.html",
        fragment="dashboards/_trail.html",
        entries=queries.search_trail(paths, wanted, limit=PER_PAGE, offset=(page - 1) * PER_PAGE),
        paging=Page(page, PER_PAGE, queries.count_trail(paths, wanted)[0]),
        wanted=wanted,
        unit_choices=[(one.id, one.name) for one in orgs.list_units(paths)],
        chain=audit.chain_state(),
        names=lambda table: sorted(((code, _(name)) for code, name in table.items()), key=lambda one: one[1]),
        thing_names=THING_NAMES,
        result_names=RESULT_NAMES,
    )


@bp.get("/audit.csv")
@requires(Permission.AUDIT_READ, limit=FILES)
def export() -> ResponseReturnValue:
    """Give all of the same entries as a file for an inspection, each with its place in the chain."""
    paths, wanted = allowed_paths(Permission.AUDIT_READ), _asked()
    count, last_id = queries.count_trail(paths, wanted)
    traces.note_list_taken("audit:trail:export", None, count, FILTERS)
    entries = queries.walk_trail(paths, wanted, last_id=last_id, at_a_time=AT_A_TIME)
    # Without a name, so that nothing is left behind; in memory where it is small; closed with the response.
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    file.writelines(csv_lines(_rows(entries, traces.mark(count))))
    file.seek(0)
    response = Response(FileWrapper(file), content_type=MIMETYPE)
    response.call_on_close(file.close)
    response.headers.set("Content-Disposition", "attachment", filename="audit.csv")
    return response


def _asked() -> TrailFilter:
    """Return the filters of the address; what cannot be read, and is none of the known values, does not narrow."""
    args = request.args
    action, result, kind = args.get("action", ""), args.get("result", ""), args.get("thing", "")
    unit = args.get("unit", type=row_id)
    return TrailFilter(
        text=_words("q"),
        who=_words("who"),
        action=action if action in ACTION_NAMES else "",
        result=result if result in set(Result) else "",
        kind=kind if kind in THING_NAMES else "",
        thing_id=args.get("id", type=row_id),
        unit=next((one.path for one in orgs.list_units() if one.id == unit), "") if unit else "",
        since=_moment("since", time(0)),
        until=_moment("until", None),
    )


def _words(name: str) -> str:
    return clean_line(request.args.get(name, ""))[:60]


def _moment(name: str, otherwise: time | None) -> datetime | None:
    """Return day and time of the address; without a time `otherwise`, or where that is None the day's end."""
    try:
        day = parse_date(request.args.get(name, ""))
    except LiaisonError:
        return None
    try:
        # The minute that is named belongs to the span.
        after = timedelta() if otherwise is not None else timedelta(minutes=1)
        return from_local(day, parse_time(request.args.get(f"{name}_time", ""))) + after
    except LiaisonError:
        return (
            from_local(day, otherwise) if otherwise is not None else from_local(day, time(0)) + timedelta(1)
        )


def _rows(entries: Iterable[Row[Any]], mark: str) -> Iterator[list[object]]:
    yield [
        _("编号"), _("时间"), _("谁"), _("账号编号"), _("角色和单位"), _("地址"), _("做了什么"), _("对象"), _("结果"),
        _("说明"), _("链上位置"), _("校验值"),
    ]  # fmt: skip
    for one in entries:
        yield [
            one.id,
            local(one.at).strftime("%Y-%m-%d %H:%M:%S"),
            one.actor_name,
            one.actor_id or "",
            one.actor_roles or "",
            one.address or "",
            _(ACTION_NAMES.get(one.action, one.action)),
            f"{_(THING_NAMES.get(one.thing_kind, one.thing_kind)) if one.thing_kind else ''} {one.thing_id or ''}".strip(),
            _(RESULT_NAMES[one.result]) if one.result in RESULT_NAMES else one.result or "",
            one.sentence,
            one.position or "",
            one.hash or "",
        ]
    yield []
    yield [mark]
