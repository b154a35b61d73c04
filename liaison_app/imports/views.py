"""Bring in lists: upload, look at what would become of each row, then write it or not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from urllib.parse import quote

from flask import Blueprint, Response, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, requires
from liaison_app.access.permissions import Permission
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import Refused
from liaison_app.core.htmx import render
from liaison_app.core.paging import Page, asked_page
from liaison_app.core.time_fields import complain
from liaison_app.core.web import translated
from liaison_app.jobs import queries as jobs

from . import plan, queries, services
from .errors import ListRefused, SheetRefused
from .forms import UploadForm
from .kinds import LIST_NAMES, ListKind
from .models import RUN_STATE_NAMES, ImportRun, RunState
from .rules import OUTCOME_NAMES, Outcome, Reading
from .templates import template_xlsx

bp = Blueprint("imports", __name__)

PER_PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A list that nobody has begun to check after so long makes the reader wonder.
PATIENCE = timedelta(seconds=10)
SILENT_AFTER = timedelta(minutes=1)
AT_WORK = (RunState.UPLOADED, RunState.READING, RunState.APPLYING)


@bp.route("/imports", methods=["GET", "POST"])
@requires(Permission.IMPORT_RUN)
def start() -> ResponseReturnValue:
    """Take in a list; below, the lists of before."""
    paths = allowed_paths(Permission.IMPORT_RUN)
    form = UploadForm(kind=request.args.get("kind"))
    form.offer(queries.list_tops(paths))
    if form.validate_on_submit():
        data = form.file.data.read()
        reading = _read(form, data)
        if reading is not None:
            with transaction():
                run = services.start(
                    reading,
                    form.file.data.filename or "",
                    data,
                    unit_id=form.unit_id.data,
                    by=g.account,
                    form_token=form.form_token.data,
                )
                run_id = run.id
            return redirect(url_for(".run", run_id=run_id), 303)
    return render(
        "imports/start.html",
        status=422 if form.errors else 200,
        form=form,
        runs=queries.list_runs(paths),
        list_names=LIST_NAMES,
        state_names=RUN_STATE_NAMES,
    )


def _read(form: UploadForm, data: bytes) -> Reading | None:
    """Understand the file, or say beside its field why that cannot be."""
    try:
        return services.read_file(form.kind.data, data)
    except SheetRefused as refusal:
        complain(form.file, translated(refusal))
        return None


@bp.get("/imports/<any(deputies, bureaus, stations):kind>/template.xlsx")
@requires(Permission.IMPORT_RUN)
def template(kind: str) -> ResponseReturnValue:
    """The empty list to fill in."""
    which = ListKind(kind)
    response = Response(template_xlsx(which), content_type=XLSX)
    name = quote(f"{LIST_NAMES[which]}模板.xlsx", safe="")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{which}.xlsx\"; filename*=UTF-8''{name}"
    )
    return response


@bp.get("/imports/<int:run_id>")
@requires(Permission.IMPORT_RUN, on=queries.get_run)
def run(run: ImportRun) -> ResponseReturnValue:
    """Show how far the check of a list is, then what would become of each row; `?show=` keeps one outcome."""
    wanted = request.args.get("show", "")
    shown = Outcome(wanted) if wanted in set(Outcome) else None
    total = run.counts[shown] if shown else sum(run.counts.values())
    page = Page(asked_page(request.args.get("page")), PER_PAGE, total)
    return render(
        "imports/run.html",
        fragment="imports/_run.html",
        run=run,
        shown=shown,
        paging=page,
        lines=_lines(run, shown, page),
        at_work=run.state in AT_WORK,
        late=_late(run),
        refusal=translated(plan.heard(json.loads(run.refusal))) if run.refusal else "",
        list_name=_(LIST_NAMES[run.kind]),
        state_names=RUN_STATE_NAMES,
        outcome_names=OUTCOME_NAMES,
        said=translated,
    )


@bp.post("/imports/<int:run_id>/confirm")
@requires(Permission.IMPORT_RUN, on=queries.get_run)
def confirm(run: ImportRun) -> ResponseReturnValue:
    """Write the list: at once, or by the worker where it is long."""
    run_id = run.id
    try:
        if run.rows_total > services.AT_ONCE or run.data is None:
            with transaction():
                services.confirm(run_id, by=g.account)
        else:
            reading = services.read_file(run.kind, run.data)
            with transaction():
                written = services.write(run_id, reading, by=g.account).to_write
            flash(_("写好了 %(n)d 行。", n=written))
    except ListRefused as refusal:
        with transaction():
            services.keep(run_id, refusal)
        flash(translated(refusal), "error")
    except Refused as refusal:
        flash(translated(refusal), "error")
    return redirect(url_for(".run", run_id=run_id), 303)


@bp.post("/imports/<int:run_id>/discard")
@requires(Permission.IMPORT_RUN, on=queries.get_run)
def discard(run: ImportRun) -> ResponseReturnValue:
    """Throw a list away that was not written."""
    run_id = run.id
    try:
        with transaction():
            services.discard(run_id, by=g.account)
    except Refused as refusal:
        flash(translated(refusal), "error")
        return redirect(url_for(".run", run_id=run_id), 303)
    flash(_("这份名册不要了，文件已删去，什么也没有写入。"))
    return redirect(url_for(".start"), 303)


def _lines(run: ImportRun, shown: Outcome | None, page: Page) -> list[plan.Line]:
    if run.state in AT_WORK:
        return []
    return list(queries.list_lines(run.id, shown, limit=page.size, offset=(page.page - 1) * page.size))


def _late(run: ImportRun) -> dict[str, datetime | bool | None]:
    """Return when the worker was last heard of, where a list has waited for it for long; else nothing."""
    now = clock.now()
    if run.state not in AT_WORK or now - run.state_since < PATIENCE:
        return {}
    last = jobs.last_heartbeat()
    is_silent = last is None or now - last > SILENT_AFTER
    return {"last": last, "is_silent": is_silent} if is_silent or run.state is RunState.UPLOADED else {}
