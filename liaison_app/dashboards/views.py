"""The desk: what is to be done today, and what comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any

from flask import Blueprint, g, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, may, requires
from liaison_app.access.permissions import ROLE_NAMES, Permission
from liaison_app.accounts import queries as accounts
from liaison_app.core import clock
from liaison_app.core.htmx import render
from liaison_app.core.text import from_local, local
from liaison_app.core.web import show_deadline, show_moment
from liaison_app.invitations import queries as invitations
from liaison_app.jobs.queries import last_heartbeat
from liaison_app.jobs.rules import is_silent
from liaison_app.messages import queries as messages
from liaison_app.proposals import queries as proposals
from liaison_app.scheduling import queries as scheduling
from liaison_app.scheduling import rules
from liaison_app.scheduling.kinds import MeetingState
from liaison_app.scheduling.models import Meeting
from liaison_app.stations import queries as stations

from . import calendars, queries

bp = Blueprint("dashboards", __name__)

AHEAD = timedelta(days=14)


@bp.get("/desk")
@requires(Permission.DESK_READ)
def desk() -> ResponseReturnValue:
    """Show what waits for this account; a bureau's clerk goes straight to the own bureau's invitations."""
    paths = allowed_paths(Permission.MEETING_READ)
    if not paths:
        return redirect(url_for(_home_without_meetings()), 303)
    now = clock.now()
    today = local(now).date()
    midnight = from_local(today, time(0))
    found = scheduling.list_between(midnight, midnight + AHEAD, paths=paths)
    ids = [meeting.id for meeting in found]
    answers, seats = invitations.counts_for(ids), queries.seats_for(ids)
    return render(
        "dashboards/desk.html",
        tasks=_tasks(found, answers),
        meetings=found,
        answers=answers,
        seats=seats,
        todays=[one for one in found if local(one.starts_at).date() == today],
        recent=queries.recent_entries(paths),
        figures=_figures(paths, today),
        role_words=_role_words(),
        before=accounts.find_sign_in_before(g.account, g.browser_id),
    )


@bp.get("/desk/calendar")
@requires(Permission.MEETING_READ)
def calendar() -> ResponseReturnValue:
    """Show the own part of the tree by month or week, drafts included."""
    base = url_for("scheduling.meetings")
    paths = allowed_paths(Permission.MEETING_READ)
    return render(
        "dashboards/calendar.html",
        fragment="dashboards/_calendar.html",
        **calendars.page("dashboards.calendar", paths),
        stations=stations.list_stations(paths),
        link_of=lambda meeting: f"{base}/{meeting.id}",
    )


def _home_without_meetings() -> str:
    """Return the first page that an account without meetings has business on."""
    homes = (
        ("invitations.own", Permission.INVITATION_ANSWER),
        ("invitations.mine", Permission.INVITATION_OWN),
        ("accounts.accounts", Permission.ACCOUNT_MANAGE),
    )
    return next((home for home, one in homes if allowed_paths(one)), "imports.start")


def _role_words() -> str:
    return _("，").join(
        _("%(unit)s %(role)s", unit=one.unit.name, role=_(ROLE_NAMES[one.role]))
        for one in g.account.held(local(clock.now()).date())
    )


def _tasks(found: Sequence[Meeting], answers: dict[int, Any]) -> list[dict[str, str]]:
    """Return what waits, the gravest first: failures, late drafts, silent people, unfinished meetings.

    Nobody is asked to do what the account may not do.
    """
    now, managed = clock.now(), allowed_paths(Permission.MEETING_MANAGE)
    tasks = _first_steps()
    waiting = messages.count_attention(allowed_paths(Permission.MESSAGE_READ))
    if waiting:
        words = _("没送到的要改用电话；没有邮箱的由您转告。")
        tasks.append(
            _task(
                "late",
                "mail",
                _("%(n)d 条消息等您处理", n=waiting),
                words,
                _("去处理"),
                url_for("messages.outbox", state="attention"),
            )
        )
    if messages.mail_is_on() and allowed_paths(Permission.MESSAGE_READ) and is_silent(last_heartbeat(), now):
        words = _("邮件、到点要办的事都停着。请告诉管理员启动后台程序（flask worker），急的请打电话。")
        tasks.insert(
            0, _task("late", "warn", _("后台程序没有在运行"), words, _("看消息"), url_for("messages.outbox"))
        )
    for one in queries.list_postponed(managed):
        words = _("原因：%(reason)s", reason=one.state_reason)
        tasks.append(
            _about(
                one,
                "wait",
                "move",
                _("%(title)s　等着定新时间", title=one.title),
                words,
                _("定时间"),
                "scheduling.edit",
            )
        )
    waiting_wishes = proposals.count_open(managed)
    for one in found:
        if count := waiting_wishes.get(one.id):
            title = _("%(title)s　%(n)d 人另提时间", title=one.title, n=count)
            tasks.append(
                _about(
                    one, "wait", "move", title, show_moment(one.starts_at), _("看能不能改"), "proposals.desk"
                )
            )
        if one.state == MeetingState.DRAFT:
            last = rules.notice_by(one.kind, one.starts_at)
            late = now > last
            words = _("最晚 %(when)s 公告", when=show_deadline(last))
            title = (
                _("%(title)s　公告晚了，还是草稿", title=one.title)
                if late
                else _("%(title)s　还是草稿", title=one.title)
            )
            tasks.append(
                _about(
                    one, "late" if late else "wait", "clock", title, words, _("看一看"), "scheduling.meeting"
                )
            )
        silent = answers.get(one.id) if may(Permission.INVITATION_READ, one) else None
        if one.state == MeetingState.PUBLISHED and silent and silent.waiting and one.starts_at > now:
            title = _("%(title)s　%(n)d 位还没答复", title=one.title, n=silent.waiting)
            words = show_moment(one.starts_at)
            tasks.append(_about(one, "wait", "ring", title, words, _("逐个打电话"), "invitations.board"))
    for one in queries.list_unfinished(managed, now):
        title = _("%(title)s　开过了，还没记", title=one.title)
        tasks.append(
            _about(
                one, "pub", "check", title, show_moment(one.starts_at), _("记为已举行"), "scheduling.meeting"
            )
        )
    return tasks


def _first_steps() -> list[dict[str, str]]:
    """Return what comes before everything else in an installation that knows no station yet."""
    if queries.count_stations() or not allowed_paths(Permission.IMPORT_RUN):
        return []
    words = _("先导入联络站，再导入局委办和代表；名册页有模板。导好了就能新建场次。")
    return [_task("wait", "info", _("还没有联络站"), words, _("导入名册"), url_for("imports.start"))]


def _about(
    meeting: Meeting, kind: str, icon: str, title: str, text: str, label: str, endpoint: str
) -> dict[str, str]:
    return _task(kind, icon, title, text, label, url_for(endpoint, meeting_id=meeting.id))


def _task(kind: str, icon: str, title: str, text: str, label: str, url: str) -> dict[str, str]:
    return {"kind": kind, "icon": icon, "title": title, "text": text, "label": label, "url": url}


def _figures(paths: list[str], today: date) -> list[dict[str, Any]]:
    year = from_local(date(today.year, 1, 1), time(0)), from_local(date(today.year + 1, 1, 1), time(0))
    held, ahead, people = queries.year_figures(paths, *year)
    return [
        {"n": held, "label": _("场已举行"), "url": url_for("scheduling.meetings", when="past")},
        {
            "n": ahead,
            "label": _("场已发布"),
            "url": url_for("scheduling.meetings", state="published", when="all"),
        },
        {"n": people, "label": _("人次有席位"), "url": None},
    ]
