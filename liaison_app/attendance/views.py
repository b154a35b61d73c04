"""Staff pages of the day itself: who came, the door, the paper sheet."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import requires
from liaison_app.access.permissions import Permission
from liaison_app.audit import traces
from liaison_app.core import clock, links
from liaison_app.core.codes import qr_inline
from liaison_app.core.db import transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.core.htmx import render
from liaison_app.core.web import translated
from liaison_app.limits.rules import FILES
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.queries import get_meeting

from . import queries, rules, services
from .forms import UndoForm, WalkInForm
from .kinds import UndoReason, Way
from .models import CheckIn, DoorDevice
from .papers import sheet_rows
from .queries import Guest

bp = Blueprint("attendance", __name__)

P = "/meetings/<int:meeting_id>/attendance"
# What the list shows, by the word in the address.
SHOWN = ("all", "missing", "came", "waiting")


@bp.get(P)
@requires(Permission.SIGNUP_READ, on=get_meeting)
def board(meeting: Meeting) -> ResponseReturnValue:
    """Show who is expected and who came, and the door."""
    show = request.args.get("show", "all")
    show = show if show in SHOWN else "all"
    everybody = queries.list_guests(meeting.id)
    guests = [one for one in everybody if one.is_expected or one.has_come]
    places = queries.places(meeting.id)
    shown = {
        "all": guests,
        "missing": [one for one in guests if not one.has_come],
        "came": [one for one in guests if one.has_come],
        "waiting": sorted(
            (one for one in everybody if one.key in places and not one.has_come),
            key=lambda one: places[one.key],
        ),
    }
    words = {
        "all": _("全部 %(n)d", n=len(shown["all"])),
        "missing": _("还没到 %(n)d", n=len(shown["missing"])),
        "came": _("到了 %(n)d", n=len(shown["came"])),
        "waiting": _("候补 %(n)d", n=len(shown["waiting"])),
    }
    return render(
        "attendance/board.html",
        fragment="attendance/_attendance.html",
        meeting=meeting,
        guests=shown[show],
        tallies=queries.tally(guests),
        pills=[
            {"label": words[name], "url": _board_url(meeting, name), "current": name == show}
            for name in SHOWN
            if name != "waiting" or shown[name] or name == show
        ],
        places=places,
        pin=queries.find_pin(meeting.id),
        devices=queries.list_devices(meeting.id),
        door_url=links.door_url(meeting.code),
        door_code=qr_inline(links.door_url(meeting.code)),
        opens_at=meeting.starts_at - rules.DOOR_OPENS_BEFORE,
        shuts_at=meeting.ends_at + rules.DOOR_SHUTS_AFTER,
        may_note=rules.may_note(meeting.state, meeting.starts_at, clock.now()),
        show=show,
    )


def _board_url(meeting: Meeting, show: str = "all") -> str:
    return url_for(".board", meeting_id=meeting.id, show=None if show == "all" else show)


@bp.post(f"{P}/in")
@requires(Permission.ATTENDANCE_MANAGE, on=get_meeting)
def let_in(meeting: Meeting) -> ResponseReturnValue:
    """Note one person of the list as there."""
    try:
        with transaction():
            noted = services.note(meeting.id, request.form.get("who", ""), Way.LIST, by=g.account)
            name = queries.name_of(noted)
    except LiaisonError as refusal:
        flash(translated(refusal), "error")
    else:
        flash(_("签到了：%(name)s。", name=name))
    return redirect(_board_url(meeting, request.form.get("show", "all")), 303)


@bp.route(f"{P}/walk-in", methods=["GET", "POST"])
@requires(Permission.ATTENDANCE_MANAGE, on=get_meeting)
def walk_in(meeting: Meeting) -> ResponseReturnValue:
    """Note somebody whom nobody expected."""
    form = WalkInForm()
    form.offer(queries.walk_in_roles(meeting), meeting.id)
    if form.validate_on_submit():
        try:
            with transaction():
                services.note_walk_in(meeting.id, **form.given(), by=g.account)
        except LiaisonError as refusal:
            form.form_errors.append(translated(refusal))
        else:
            flash(_("登记了：%(name)s。", name=form.name.data))
            return redirect(_board_url(meeting), 303)
    return render("attendance/walk_in.html", status=422 if form.errors else 200, meeting=meeting, form=form)


@bp.route(f"{P}/<int:check_in_id>/undo", methods=["GET", "POST"])
@requires(Permission.ATTENDANCE_MANAGE, on=queries.get_check_in)
def undo(check_in: CheckIn) -> ResponseReturnValue:
    """Ask for the reason, then take a note back."""
    form, meeting = UndoForm(), check_in.meeting
    form.offer()
    if form.validate_on_submit():
        with transaction():
            services.undo(check_in.id, UndoReason(form.reason.data), by=g.account)
        flash(_("撤销了。"))
        return redirect(_board_url(meeting), 303)
    return render(
        "attendance/undo.html",
        status=422 if form.errors else 200,
        meeting=meeting,
        form=form,
        check_in=check_in,
        name=queries.name_of(check_in),
    )


@bp.get(f"{P}/sheet")
@requires(Permission.SIGNUP_READ, on=get_meeting)
def sheet(meeting: Meeting) -> ResponseReturnValue:
    """The sign-in sheet (签到表) to print: who is expected, and lines for who comes anyhow."""
    return render(
        "attendance/sheet.html",
        meeting=meeting,
        rows=numbered(queries.list_guests(meeting.id)),
        spare=[rules.row_code(n, "B") for n in range(1, rules.SPARE_LINES + 1)],
    )


def numbered(guests: list[Guest]) -> list[tuple[str, Guest]]:
    """Return who is expected, each with the mark of the own line."""
    expected = [one for one in guests if one.is_expected]
    return [(rules.row_code(n), one) for n, one in enumerate(expected, start=1)]


@bp.route(f"{P}/paper", methods=["GET", "POST"])
@requires(Permission.ATTENDANCE_MANAGE, on=get_meeting)
def paper(meeting: Meeting) -> ResponseReturnValue:
    """Key the signed sheet in, line by line."""
    rows = numbered(queries.list_guests(meeting.id))
    if request.method == "POST":
        wanted = {one.key for _code, one in rows} & set(request.form.getlist("came"))
        try:
            with transaction():
                noted = services.key_in(meeting.id, sorted(wanted), by=g.account)
        except LiaisonError as refusal:
            flash(translated(refusal), "error")
        else:
            flash(_("按签到表登记了 %(n)d 人。", n=noted))
        return redirect(_board_url(meeting), 303)
    return render("attendance/paper.html", meeting=meeting, rows=rows)


@bp.get(f"{P}.csv")
@requires(Permission.SIGNUP_READ, on=get_meeting, limit=FILES)
def sheet_csv(meeting: Meeting) -> ResponseReturnValue:
    """Who was expected and who came, as a file for a spreadsheet; without telephone numbers."""
    guests = [one for one in queries.list_guests(meeting.id) if one.is_expected or one.has_come]
    name = f"attendance-{meeting.code}.csv"
    return traces.give_csv(sheet_rows(guests), name=name, action="attendance:list:export", about=meeting)


@bp.post(f"{P}/pin")
@requires(Permission.ATTENDANCE_MANAGE, on=get_meeting)
def open_door(meeting: Meeting) -> ResponseReturnValue:
    """Give the door a fresh PIN."""
    with transaction():
        door = queries.find_pin(meeting.id)
        was_open = bool(door and door.pin)
        services.set_pin(meeting.id, by=g.account)
    if was_open:
        flash(_("门口的口令换好了；之前的手机要重新输。"))
    else:
        flash(_("口令发好了。把地址和口令告诉门口帮忙的人。"))
    return redirect(_board_url(meeting), 303)


@bp.post(f"{P}/shut")
@requires(Permission.ATTENDANCE_MANAGE, on=get_meeting)
def shut_door(meeting: Meeting) -> ResponseReturnValue:
    """Take the PIN away."""
    with transaction():
        services.shut_door(meeting.id, by=g.account)
    flash(_("门口关了，口令作废。"))
    return redirect(_board_url(meeting), 303)


@bp.post(f"{P}/devices/<int:device_id>/end")
@requires(Permission.ATTENDANCE_MANAGE, on=queries.get_device)
def end_device(device: DoorDevice) -> ResponseReturnValue:
    """Send one telephone away from the door."""
    with transaction():
        services.end_device(device.id, by=g.account)
    flash(_("%(keeper)s 的手机不再管门口了。", keeper=device.keeper))
    return redirect(_board_url(device.meeting), 303)
