"""The trail page: who did what, searchable and to take along for an inspection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import time, timedelta
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, requires
from liaison_app.access.permissions import Permission
from liaison_app.audit.models import Entry
from liaison_app.audit.rules import ACTION_NAMES
from liaison_app.core.errors import LiaisonError
from liaison_app.core.htmx import render
from liaison_app.core.paging import Page, asked_page
from liaison_app.core.sheets import MIMETYPE, csv_file
from liaison_app.core.text import clean_line, from_local, local, parse_date
from liaison_app.limits.rules import FILES

from . import queries

bp = Blueprint("audit", __name__)

PER_PAGE = 50
MOST_EXPORTED = 20_000


@bp.get("/audit")
@requires(Permission.AUDIT_READ)
def trail() -> ResponseReturnValue:
    """Show the trail of the own part of the tree, by words, action and days."""
    page = asked_page(request.args.get("page"))
    found, total = queries.search_trail(
        allowed_paths(Permission.AUDIT_READ), **_asked(), limit=PER_PAGE, offset=(page - 1) * PER_PAGE
    )
    return render(
        "dashboards/trail.html",
        fragment="dashboards/_trail.html",
        entries=found,
        paging=Page(page, PER_PAGE, total),
    )


@bp.get("/audit.csv")
@requires(Permission.AUDIT_READ, limit=FILES)
def export() -> ResponseReturnValue:
    """Give the same entries as a file for an inspection, at most MOST_EXPORTED."""
    found, _total = queries.search_trail(
        allowed_paths(Permission.AUDIT_READ), **_asked(), limit=MOST_EXPORTED
    )
    response = Response(csv_file(_rows(found)), content_type=MIMETYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _asked() -> dict[str, Any]:
    """Return the filters of the address; a day that cannot be read is left out."""
    days: dict[str, Any] = {}
    for name, after in (("since", timedelta()), ("until", timedelta(days=1))):
        try:
            days[name] = from_local(parse_date(request.args.get(name, "")), time(0)) + after
        except LiaisonError:
            days[name] = None
    action = request.args.get("action", "")
    return {
        "text": clean_line(request.args.get("q", ""))[:60],
        "action": action if action in ACTION_NAMES else "",
        **days,
    }


def _rows(entries: Sequence[Entry]) -> Iterator[list[object]]:
    yield [_("编号"), _("时间"), _("谁"), _("做了什么"), _("对象"), _("说明")]
    for one in entries:
        when = local(one.at).strftime("%Y-%m-%d %H:%M:%S")
        thing = f"{one.thing_kind} {one.thing_id or ''}".strip()
        yield [one.id, when, one.actor_name, _(ACTION_NAMES.get(one.action, one.action)), thing, one.sentence]
