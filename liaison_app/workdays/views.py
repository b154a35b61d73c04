"""The working calendar: which years are known, and entering a year's notice."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import requires
from liaison_app.access.permissions import Permission
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.fields import VersionForm
from liaison_app.core.htmx import render
from liaison_app.core.text import local
from liaison_app.core.time_fields import complain
from liaison_app.core.tokens import digest
from liaison_app.core.web import translated

from . import queries, rules, services
from .errors import NoticeRefused, YearChanged
from .forms import YearForm
from .kinds import MARK_NAMES, YEAR_NAMES, YearState
from .queries import YearFacts
from .rules import NoticeDay

bp = Blueprint("workdays", __name__)


@bp.get("/workdays")
@requires(Permission.WORKDAYS_MANAGE)
def years() -> ResponseReturnValue:
    """List the years with what is known of them."""
    today = local(clock.now()).date()
    return render("workdays/years.html", years=queries.list_years(today), today=today, year_names=YEAR_NAMES)


@bp.route("/workdays/<int:year>", methods=["GET", "POST"])
@requires(Permission.WORKDAYS_MANAGE)
def year(year: int) -> ResponseReturnValue:
    """Enter a year's notice: what was pasted is shown with all that changes, then written."""
    facts = queries.get_year(year)
    form = YearForm()
    changes = None
    if request.method == "GET":
        _show(form, facts)
    elif form.validate_on_submit() and (days := _read(form, year)) is not None:
        changes = rules.differences(facts.days, days)
        mark = _mark(form, days)
        if form.looked.data == mark:
            if _enter(form, year, days):
                flash(_("%(year)s 年的放假和调休存好了。", year=year))
                return redirect(url_for(".years"), 303)
        else:
            form.looked.data = mark
    return render(
        "workdays/year.html",
        status=422 if form.errors else 200,
        facts=facts,
        form=form,
        changes=changes,
        year_names=YEAR_NAMES,
        mark_names=MARK_NAMES,
    )


@bp.route("/workdays/<int:year>/drop", methods=["GET", "POST"])
@requires(Permission.WORKDAYS_MANAGE)
def drop(year: int) -> ResponseReturnValue:
    """Ask, then take out what was entered of a year."""
    facts = queries.get_year(year)
    form = VersionForm()
    if facts.entered is None:
        return redirect(url_for(".year", year=year), 303)
    if request.method == "GET":
        form.version.data = facts.entered.version
    elif form.validate_on_submit():
        try:
            with transaction():
                services.drop_year(year, version=form.version.data, by=g.account)
            flash(_("去掉了 %(year)s 年的录入。", year=year))
            return redirect(url_for(".years"), 303)
        except YearChanged as refusal:
            form.form_errors.append(translated(refusal))
    return render("workdays/drop.html", status=422 if form.errors else 200, facts=facts, form=form)


def _show(form: YearForm, facts: YearFacts) -> None:
    form.days.data = rules.as_lines(facts.days, _)
    form.state.data = YearState.PUBLISHED if facts.state is YearState.UNKNOWN else facts.state
    form.version.data = facts.entered.version if facts.entered else 0
    form.source.data = facts.entered.source if facts.entered else ""


def _mark(form: YearForm, days: list[NoticeDay]) -> str:
    """Return a short text that is another one for another table, so that what is written was looked at."""
    return digest(f"{form.state.data}\n{rules.as_lines(days)}")[:16]


def _read(form: YearForm, year: int) -> list[NoticeDay] | None:
    """Understand the table, or say beside its field what is wrong with it."""
    try:
        return rules.read_notice(form.days.data or "", year, YearState(form.state.data))
    except NoticeRefused as refusal:
        complain(form.days, translated(refusal))
        return None


def _enter(form: YearForm, year: int, days: list[NoticeDay]) -> bool:
    try:
        with transaction():
            services.enter_year(
                year,
                days,
                YearState(form.state.data),
                source=form.source.data or "",
                version=form.version.data,
                by=g.account,
            )
    except YearChanged as refusal:
        form.form_errors.append(translated(refusal))
        return False
    return True
