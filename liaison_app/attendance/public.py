"""The door (门口): for a volunteer without an account, behind the PIN of one meeting, for its day."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from liaison_app.access.guards import public
from liaison_app.accounts.rules import agent_words
from liaison_app.core.db import transaction
from liaison_app.core.errors import Missing, Refused
from liaison_app.core.htmx import render
from liaison_app.core.web import row_id, translated
from liaison_app.limits import requests as limits
from liaison_app.scheduling.models import Meeting

from . import queries, rules, services
from .forms import FindForm, PinForm, UndoForm, WalkInForm
from .kinds import UndoReason, Way
from .models import DoorDevice

bp = Blueprint("door", __name__)

# The browser session remembers this telephone's key, whom it looked for, and by what.
_KEY, _FOUND = "door", "door_found"
LATEST = 5
MOST_FOUND = 6


@bp.route("/door/<string:code>", methods=["GET", "POST"])
@public(on=queries.get_door)
def door(meeting: Meeting) -> ResponseReturnValue:
    """Ask a telephone for the PIN; then look people up and show who was found."""
    device = _device(meeting)
    if device is None:
        return _ask_pin(meeting)
    limits.waive()
    form = FindForm()
    if form.validate_on_submit():
        try:
            query = rules.read_query(form.query.data)
            found = queries.find(meeting, query)
        except Refused as refusal:
            session.pop(_FOUND, None)
            form.query.errors = [translated(refusal)]
        else:
            session[_FOUND] = [query.way, *(one.key for one in found[:MOST_FOUND])]
            return redirect(url_for(".door", code=meeting.code), 303)
    return _page(meeting, device, form)


def _page(
    meeting: Meeting, device: DoorDevice, form: FindForm, walk_in: WalkInForm | None = None
) -> Response:
    guests = queries.list_guests(meeting.id)
    keys = session.get(_FOUND, [""])[1:]
    shown = _walk_in_form(meeting) if walk_in is None else walk_in
    return render(
        "attendance/door.html",
        status=422 if form.errors or shown.errors else 200,
        meeting=meeting,
        device=device,
        form=form,
        walk_in=shown,
        found=[one for one in guests if one.key in keys],
        table=[one for one in guests if one.key.startswith(queries.PARTICIPANT)],
        tallies=queries.tally(guests),
        latest=[(one, queries.name_of(one)) for one in queries.list_notes(meeting.id)[:LATEST]],
        undo_reasons=_undo_form().reason.choices,
    )


def _ask_pin(meeting: Meeting) -> ResponseReturnValue:
    form = PinForm()
    if form.validate_on_submit():
        limits.count_door_pin(meeting.id)
        try:
            with transaction():
                key = services.enrol(
                    meeting.id, form.pin.data.replace(" ", ""), form.keeper.data, agent_words(_agent())
                )
        except Refused as refusal:
            form.pin.errors = [translated(refusal)]
        else:
            session[_KEY] = key
            session.pop(_FOUND, None)
            return redirect(url_for(".door", code=meeting.code), 303)
    return render("attendance/pin.html", status=422 if form.errors else 200, meeting=meeting, form=form)


@bp.post("/door/<string:code>/in")
@public(on=queries.get_door)
def let_in(meeting: Meeting) -> ResponseReturnValue:
    """Note somebody as there: one who was just looked for, or one of the table."""
    device = _own_device(meeting)
    key = request.form.get("who", "")
    way, *keys = session.get(_FOUND, [Way.LIST])
    if key not in keys and not key.startswith(queries.PARTICIPANT):
        raise Missing
    try:
        with transaction():
            noted = services.note(meeting.id, key, Way(way) if key in keys else Way.LIST, by=device)
            name = queries.name_of(noted)
    except Refused as refusal:
        flash(translated(refusal), "error")
    else:
        session.pop(_FOUND, None)
        flash(_("签到了：%(name)s。", name=name))
    return redirect(url_for(".door", code=meeting.code), 303)


@bp.post("/door/<string:code>/walk-in")
@public(on=queries.get_door)
def walk_in(meeting: Meeting) -> ResponseReturnValue:
    """Note somebody whom nobody expected."""
    device, form = _own_device(meeting), _walk_in_form(meeting)
    if not form.validate_on_submit():
        return _page(meeting, device, FindForm(formdata=None), form)
    try:
        with transaction():
            services.note_walk_in(meeting.id, **form.given(), by=device)
    except Refused as refusal:
        flash(translated(refusal), "error")
    else:
        flash(_("登记了：%(name)s。", name=form.name.data))
    return redirect(url_for(".door", code=meeting.code), 303)


@bp.post("/door/<string:code>/undo")
@public(on=queries.get_door)
def undo(meeting: Meeting) -> ResponseReturnValue:
    """Take back a note of this meeting."""
    device, form = _own_device(meeting), _undo_form()
    try:
        check_in = queries.get_check_in(meeting.id, row_id(request.form.get("check_in", "")))
    except ValueError as error:
        raise Missing from error
    if form.validate_on_submit():
        with transaction():
            services.undo(check_in.id, UndoReason(form.reason.data), by=device)
        flash(_("撤销了。"))
    else:
        flash(_("没有撤销：请选一个原因。"), "error")
    return redirect(url_for(".door", code=meeting.code), 303)


@bp.post("/door/<string:code>/leave")
@public(on=queries.get_door)
def leave(meeting: Meeting) -> ResponseReturnValue:
    """End the work of this telephone."""
    device = _own_device(meeting)
    with transaction():
        services.end_device(device.id, by=device)
    session.pop(_KEY, None)
    session.pop(_FOUND, None)
    flash(_("这部手机不再管门口了。"))
    return redirect(url_for(".door", code=meeting.code), 303)


def _device(meeting: Meeting) -> DoorDevice | None:
    return queries.find_device(meeting.id, session.get(_KEY))


def _own_device(meeting: Meeting) -> DoorDevice:
    """Return the telephone that asks; one that never gave the PIN sees no page. Raises Missing."""
    device = _device(meeting)
    if device is None:
        raise Missing
    limits.waive()
    return device


def _agent() -> str:
    return request.user_agent.string


def _walk_in_form(meeting: Meeting) -> WalkInForm:
    form = WalkInForm(formdata=request.form if request.endpoint == "door.walk_in" else None, prefix="new")
    form.offer(queries.walk_in_roles(meeting), meeting.id)
    return form


def _undo_form() -> UndoForm:
    form = UndoForm()
    form.offer()
    return form
