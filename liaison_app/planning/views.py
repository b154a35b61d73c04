"""Pages of series: lay one out from a meeting, see what became of its dates, change one or all, mend what a notice moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, may, requires
from liaison_app.access.permissions import Permission
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.core.fields import VersionForm
from liaison_app.core.htmx import render
from liaison_app.core.text import local
from liaison_app.core.time_fields import complain
from liaison_app.core.tokens import digest
from liaison_app.core.web import row_id, translated
from liaison_app.scheduling import queries as scheduling
from liaison_app.scheduling import services as meetings
from liaison_app.scheduling.errors import BusyElsewhere, ReasonMissing
from liaison_app.scheduling.kinds import MeetingState
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import EDITABLE
from liaison_app.stations import queries as stations
from liaison_app.workdays.queries import calendar_between
from liaison_app.workdays.rules import next_workday

from . import queries, rules, services
from .errors import RuleRefused
from .forms import CarryForm, PutBackForm, RuleForm, SaveForm, WhyForm, read_choices
from .kinds import (
    DATE_NAMES,
    FACET_NAMES,
    HOLDS,
    MONTHS_NAMES,
    NTH_NAMES,
    POLICY_NAMES,
    WEEKDAYS,
    DateState,
    Facet,
    HolidayPolicy,
    Repeat,
)
from .models import Series, SeriesDate
from .rules import Rule, Slot

bp = Blueprint("planning", __name__)


@bp.get("/series")
@requires(Permission.MEETING_READ)
def index() -> ResponseReturnValue:
    """List the series of the own part of the tree."""
    paths = allowed_paths(Permission.MEETING_READ)
    return render("planning/index.html", rows=queries.list_series(paths), words=rule_words)


@bp.get("/series/<int:series_id>")
@requires(Permission.MEETING_READ, on=queries.get_series)
def series(series: Series) -> ResponseReturnValue:
    """Show every date of a series with what became of it, and whether a date that was left out is free again."""
    return render(
        "planning/series.html",
        series=series,
        rows=[_row(one, series) for one in series.dates],
        words=rule_words(series),
        may_manage=may(Permission.MEETING_MANAGE, series),
        drafts=_drafts(series) if may(Permission.MEETING_PUBLISH, series) else [],
        ahead=services.ahead(series),
        date_names=DATE_NAMES,
        facet_names=FACET_NAMES,
    )


@bp.route("/meetings/<int:meeting_id>/series", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE, on=scheduling.get_meeting)
def lay_out(meeting: Meeting) -> ResponseReturnValue:
    """Lay out a series from a meeting: the rule stands in the address, below it every date and what is in its way."""
    if (known := queries.find_of(meeting.id)) is not None:
        return redirect(url_for(".series", series_id=known.series_id), 303)
    if meeting.state not in EDITABLE:
        flash(_("这一场已经不能改了。"), "error")
        return redirect(url_for("scheduling.meeting", meeting_id=meeting.id), 303)
    form = RuleForm(request.args) if "repeat" in request.args else RuleForm(formdata=None)
    save = SaveForm()
    slots = _propose(form, meeting) if "repeat" in request.args else None
    if slots is None:
        return _layout(meeting, form, save, None)
    mark = _mark(slots)
    if request.method == "POST" and save.validate() and request.form.get("do") != "look":
        if save.looked.data == mark:
            if (made := _save(form, save, meeting, slots)) is not None:
                return redirect(url_for(".series", series_id=made), 303)
        else:
            save.form_errors.append(_("日期有变动，请再看一遍，再存。"))
    save.looked.data = mark
    if request.method == "GET":
        save.version.data = meeting.version
    return _layout(meeting, form, save, slots)


def _layout(
    meeting: Meeting, form: RuleForm, save: SaveForm, slots: list[Slot] | None
) -> ResponseReturnValue:
    plan = rules.fresh(meetings.as_plan(meeting))
    outlooks = queries.look_ahead(plan, slots, but_meeting_id=meeting.id) if slots else []
    return render(
        "planning/lay_out.html",
        status=422 if form.errors or save.errors else 200,
        meeting=meeting,
        form=form,
        save=save,
        outlooks=outlooks,
        counts=_counts(outlooks),
        chosen=_chosen(slots or []),
        rooms=stations.list_rooms(allowed_paths(Permission.MEETING_MANAGE)) if outlooks else [],
        date_names=DATE_NAMES,
        said=lambda blocker: translated(BusyElsewhere(blocker)),
    )


def _propose(form: RuleForm, meeting: Meeting) -> list[Slot] | None:
    """Return the dates that the rule and the choices give, or None with the reason beside a field."""
    form.validate()
    rule = form.rule()
    if rule is None or form.last_day.data is None:
        return None
    try:
        first = local(meeting.starts_at).date()
        days = rules.rule_days(rule, first, form.last_day.data)
        return services.propose(
            meeting, rule, HolidayPolicy(form.policy.data), form.last_day.data, _choices(days)
        )
    except RuleRefused as refusal:
        complain(form[refusal.field], translated(refusal))
        return None


def _choices(days: Sequence[date]) -> dict[date, rules.Choice]:
    rooms = {room.id for room in stations.list_rooms(allowed_paths(Permission.MEETING_MANAGE))}
    return read_choices(request.form, days, rooms)


def _save(form: RuleForm, save: SaveForm, meeting: Meeting, slots: list[Slot]) -> int | None:
    rule = form.rule()
    assert rule is not None
    assert form.last_day.data is not None
    try:
        with transaction():
            made = services.make_series(
                meeting.id,
                rule,
                HolidayPolicy(form.policy.data),
                form.last_day.data,
                _choices([slot.rule_day for slot in slots]),
                version=save.version.data,
                by=g.account,
            )
            number = sum(slot.state in HOLDS for slot in slots) - 1
            made_id = made.id
    except LiaisonError as refusal:
        save.form_errors.append(translated(refusal))
        return None
    flash(_("排好了，加了 %(n)d 场草稿。看好了可以一起发布。", n=number))
    return made_id


@bp.route("/series/<int:series_id>/dates/<int:date_id>/skip", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE, on=queries.get_date)
def skip(row: SeriesDate) -> ResponseReturnValue:
    """Ask, then leave one date out."""
    if row.meeting is None or row.meeting.state not in EDITABLE:
        return _back(row.series_id, _("这一场现在不能这样做，请看它的状态。"))
    form = WhyForm()

    def act() -> str:
        services.skip(row.id, reason=form.reason.data or "", by=g.account)
        return _("这一次不办了。以后可以恢复。")

    return _asked(form, "planning/skip.html", row.series, act, row=row, meeting=row.meeting)


@bp.route("/series/<int:series_id>/dates/<int:date_id>/restore", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE, on=queries.get_date)
def restore(row: SeriesDate) -> ResponseReturnValue:
    """Put a date back that was left out."""
    if row.meeting is not None and row.meeting.state != MeetingState.CANCELLED:
        return _back(row.series_id, _("这一天已经有场次了。"))
    form = PutBackForm()
    if request.method == "GET":
        form.day.data = row.day or row.rule_day

    def act() -> str:
        assert form.day.data is not None
        services.restore(row.id, form.day.data, by=g.account)
        return _("恢复了，存成草稿。看好了再发布。")

    return _asked(form, "planning/restore.html", row.series, act, row=row)


@bp.route("/series/<int:series_id>/end", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE, on=queries.get_series)
def end(series: Series) -> ResponseReturnValue:
    """Ask, then call off what is still ahead."""
    rows = services.ahead(series)
    if not rows:
        return _back(series.id, _("这个系列后面没有场次了。"))
    form = WhyForm()

    def act() -> str:
        number = services.end(
            series.id, local(clock.now()).date(), reason=form.reason.data or "", by=g.account
        )
        return _("取消了后面的 %(n)d 场。", n=number)

    return _asked(form, "planning/end.html", series, act, rows=rows)


@bp.route("/series/<int:series_id>/publish", methods=["GET", "POST"])
@requires(Permission.MEETING_PUBLISH, on=queries.get_series)
def publish(series: Series) -> ResponseReturnValue:
    """Ask, then publish the drafts of a series together."""
    drafts = _drafts(series)
    if not drafts:
        return _back(series.id, _("没有要发布的草稿。"))
    form = VersionForm()

    def act() -> str:
        number = services.publish_drafts(series.id, _posted_versions(), by=g.account)
        return _("发布了 %(n)d 场，邀请都发出去了。", n=number)

    return _asked(form, "planning/publish.html", series, act, drafts=drafts)


@bp.route("/meetings/<int:meeting_id>/series/carry", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE, on=scheduling.get_meeting)
def carry(meeting: Meeting) -> ResponseReturnValue:
    """Show how a meeting differs from the others of its series, and change the chosen ones to be like it."""
    own = queries.find_of(meeting.id)
    if own is None:
        return redirect(url_for(".lay_out", meeting_id=meeting.id), 303)
    series = queries.get_series(own.series_id)
    source = rules.fresh(meetings.as_plan(meeting))
    others = [row for row in services.ahead(series) if row.meeting_id != meeting.id and row.meeting]
    plans = {row.meeting.id: meetings.as_plan(row.meeting) for row in others if row.meeting}
    mine = rules.facets(source)
    differs = {id: rules.differing(plan, mine) for id, plan in plans.items()}
    own_ways = {id: rules.differing(plan, series.pattern) for id, plan in plans.items()}
    form = CarryForm()
    if request.method == "GET":
        form.facets.data = [facet for facet in Facet if any(facet in found for found in differs.values())]
        later = [row.meeting for row in others if row.meeting and row.meeting.starts_at > meeting.starts_at]
        form.targets.data = [one.id for one in later if not own_ways[one.id]]

    def act() -> str:
        number = services.carry_on(
            meeting.id,
            [Facet(one) for one in form.facets.data or () if one in set(Facet)],
            {id: version for id, version in _posted_versions().items() if id in set(form.targets.data or ())},
            by=g.account,
        )
        return _("照着改了 %(n)d 场。", n=number)

    return _asked(
        form,
        "planning/carry.html",
        series,
        act,
        meeting=meeting,
        others=others,
        differs=differs,
        own_ways=own_ways,
        facet_names=FACET_NAMES,
    )


@bp.get("/repairs")
@requires(Permission.MEETING_MANAGE)
def repairs() -> ResponseReturnValue:
    """List the meetings ahead that lie on a holiday, or in a year whose holidays nobody knows."""
    found = queries.list_repairs(allowed_paths(Permission.MEETING_MANAGE))
    return render(
        "planning/repairs.html",
        off=[one for one in found if one.holiday],
        unknown=[one for one in found if not one.holiday],
        said=lambda blocker: translated(BusyElsewhere(blocker)),
    )


@bp.route("/meetings/<int:meeting_id>/shift", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE, on=scheduling.get_meeting)
def shift(meeting: Meeting) -> ResponseReturnValue:
    """Ask, then put a meeting on another day at the same hours; the next workday is offered."""
    if meeting.state not in EDITABLE:
        flash(_("这一场已经不能改了。"), "error")
        return redirect(url_for("scheduling.meeting", meeting_id=meeting.id), 303)
    day = local(meeting.starts_at).date()
    form = PutBackForm()
    confirm = VersionForm()
    if request.method == "GET":
        form.day.data = next_workday(calendar_between(day, day), day)
        confirm.version.data = meeting.version
    elif form.validate() and form.day.data is not None:
        try:
            with transaction():
                services.shift_meeting(meeting.id, form.day.data, version=confirm.version.data, by=g.account)
        except LiaisonError as refusal:
            form.form_errors.append(translated(refusal))
        else:
            flash(
                _("改到别的日子了，受邀的人会收到更新。") if meeting.published_at else _("改到别的日子了。")
            )
            return redirect(url_for("scheduling.meeting", meeting_id=meeting.id), 303)
    return render(
        "planning/shift.html", status=422 if form.errors else 200, form=form, confirm=confirm, meeting=meeting
    )


def _asked(
    form: Any, template: str, series: Series, act: Callable[[], str], **context: Any
) -> ResponseReturnValue:
    """Show a question; where it was answered, act, and say on the series' page what was done."""
    if form.validate_on_submit():
        try:
            with transaction():
                said = act()
        except ReasonMissing as refusal:
            complain(form.reason, translated(refusal))
        except LiaisonError as refusal:
            form.form_errors.append(translated(refusal))
        else:
            flash(said)
            return redirect(url_for(".series", series_id=series.id), 303)
    return render(template, status=422 if form.errors else 200, form=form, series=series, **context)


def _back(series_id: int, why: str) -> ResponseReturnValue:
    flash(why, "error")
    return redirect(url_for(".series", series_id=series_id), 303)


def _posted_versions() -> dict[int, int]:
    """Return the versions of the meetings as they were looked at, from fields “version-12”."""
    given = {
        name.removeprefix("version-"): value
        for name, value in request.form.items()
        if name.startswith("version-") and value.isdigit()
    }
    return {row_id(id): row_id(version) for id, version in given.items() if id.isdigit()}


def _drafts(series: Series) -> list[Meeting]:
    rows = services.ahead(series)
    return [row.meeting for row in rows if row.meeting and row.meeting.state == MeetingState.DRAFT]


def _row(one: SeriesDate, series: Series) -> dict[str, Any]:
    """Return one date with what its meeting does its own way, and whether it could be put back."""
    meeting = one.meeting
    if meeting is not None and meeting.state != MeetingState.CANCELLED:
        ways = rules.differing(meetings.as_plan(meeting), series.pattern)
        return {"date": one, "meeting": meeting, "ways": ways, "is_free": None}
    day = one.day or one.rule_day
    is_free = None
    if day > local(clock.now()).date() and one.state != DateState.MERGED:
        is_free = services.is_free(series, day)
    return {"date": one, "meeting": None, "ways": [], "is_free": is_free}


def _mark(slots: Sequence[Slot]) -> str:
    """Return a short text that is another one for other dates, so that what is written was looked at."""
    return digest("\n".join(f"{one.rule_day} {one.day} {one.state} {one.room_id}" for one in slots))[:16]


def _counts(outlooks: Sequence[queries.Outlook]) -> dict[str, int]:
    states = [one.slot.state for one in outlooks]
    return {
        "planned": states.count(DateState.PLANNED),
        "shifted": states.count(DateState.SHIFTED),
        "left": len(states) - sum(state in HOLDS for state in states),
        "blocked": sum(one.is_blocked for one in outlooks),
        "uncertain": sum(not one.slot.is_certain for one in outlooks),
    }


def _chosen(slots: Sequence[Slot]) -> dict[date, dict[str, str]]:
    """Return what was typed of each date, to show it again."""
    return {
        one.rule_day: {
            name: request.form.get(f"{name}-{one.rule_day.isoformat()}", "") for name in ("do", "day", "room")
        }
        for one in slots
    }


def rule_words(series: Series) -> str:
    """Return a rule and what it does at holidays, as people say it."""
    rule = services.rule_of(series)
    return _("%(rule)s；遇放假%(policy)s", rule=_rule(rule), policy=_(POLICY_NAMES[series.policy]))


def _rule(rule: Rule) -> str:
    days = _("、").join(_(WEEKDAYS[day]) for day in rule.weekdays)
    months = _(MONTHS_NAMES[rule.months])
    match rule.repeat:
        case Repeat.WEEKLY if rule.weeks_apart == 1:
            return _("每周%(days)s", days=days)
        case Repeat.WEEKLY:
            return _("每 %(n)d 周的%(days)s", n=rule.weeks_apart, days=days)
        case Repeat.MONTH_DAYS:
            return _("%(months)s %(days)s 日", months=months, days=_("、").join(map(str, rule.month_days)))
        case Repeat.NTH_WEEKDAY:
            return _("%(months)s%(nth)s%(days)s", months=months, nth=_(NTH_NAMES[rule.nth]), days=days)
        case Repeat.DATES:
            return _("自己列的 %(n)d 个日期", n=len(rule.dates))
