"""What citizens see: the page of a meeting with its sign-up form, and their own ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import segno
from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import public
from liaison_app.core import clock, links
from liaison_app.core.db import transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.core.htmx import leave, render
from liaison_app.core.web import translated, wait_for
from liaison_app.limits import requests as limits
from liaison_app.limits.errors import TooMany
from liaison_app.scheduling.kinds import ANSWERING_ROLES, ROLE_NAMES, MeetingState, RoleCode
from liaison_app.scheduling.models import Meeting

from . import queries, rules, services
from .errors import NotSaid, SignUpRefused
from .forms import SignUpForm, seats_left
from .kinds import COMING_DOORS, FORM_DOORS, Door, SignUpState
from .models import SignUp
from .queries import AtTable
from .rules import PoolSeats

bp = Blueprint("signups_public", __name__)

PICTURE_SECONDS = 3600
HOSTS = (RoleCode.CHAIR, RoleCode.SC_LEADER)
# The word-and-shape state that stands for each door.
TAGS = {
    Door.OPEN: "open",
    Door.QUEUE: "full",
    Door.FULL: "full",
    Door.NOT_YET: "published",
    Door.CLOSED: "shut",
    Door.NONE: "published",
    Door.RUNNING: "live",
    Door.OVER: "held",
    Door.POSTPONED: "postponed",
    Door.CANCELLED: "cancelled",
}


@bp.route("/m/<string:code>", methods=["GET", "POST"])
@public(on=queries.get_public_page)
def page(meeting: Meeting) -> ResponseReturnValue:
    """Show a meeting to everybody, and take a sign-up for it."""
    form = SignUpForm()
    form.offer(queries.list_seats(meeting.id), meeting.code)
    if form.validate_on_submit():
        if form.is_machine():
            return leave(url_for(".received", code=meeting.code))
        try:
            with transaction():
                limits.take_sign_up(meeting.id)
                signup = services.sign_up(form.pool_id(), form.applicant(), form_token=form.form_token.data)
                token = services.ticket_token(signup)
        except NotSaid:
            return leave(url_for(".received", code=meeting.code))
        except SignUpRefused as refusal:
            form.form_errors.append(translated(refusal))
        except TooMany as refusal:
            form.form_errors.append(translated(refusal))
            return wait_for(_page(meeting, form), refusal)
        else:
            return leave(url_for(".ticket", token=token))
    return _page(meeting, form)


def _page(meeting: Meeting, form: SignUpForm) -> Response:
    # After a refusal somebody else may just have taken a seat.
    seats = queries.list_seats(meeting.id) if form.errors else form.seats
    at_table = queries.list_at_table(meeting.id)
    door, at = rules.door(queries.hours_of(meeting), seats, clock.now())
    response = render(
        "signups/page.html",
        fragment="signups/_ask.html",
        status=422 if form.errors else 200,
        meeting=meeting,
        form=form,
        door=door,
        at=at,
        has_form=door in FORM_DOORS,
        is_coming=door in COMING_DOORS,
        tag=TAGS[door],
        left={str(pool.role): seats_left(pool) for pool in seats if pool.takes_signups},
        above=_answering(at_table),
        below=_seated(seats, says_left=door in COMING_DOORS),
        answers=[one for one in at_table if one.role in ANSWERING_ROLES],
        hosts=[one for one in at_table if one.role in HOSTS],
        deputies=[one.name for one in at_table if one.role == RoleCode.DEPUTY],
        phone=_phone(meeting),
        page_url=links.meeting_url(meeting.code),
        privacy_version=rules.PRIVACY_VERSION,
    )
    if not form.errors:
        # Each visitor's form has its own token, so nobody else may be given this page.
        response.headers["Cache-Control"] = "private, no-cache"
    return response


def _answering(at_table: Sequence[AtTable]) -> list[dict[str, Any]]:
    number = sum(one.role in ANSWERING_ROLES for one in at_table)
    return (
        [{"role": RoleCode.BUREAU_HEAD, "label": _("部门"), "seats": number, "taken": number}]
        if number
        else []
    )


def _seated(seats: Sequence[PoolSeats], *, says_left: bool) -> list[dict[str, Any]]:
    return [
        {
            "role": pool.role,
            "label": _(ROLE_NAMES[pool.role]),
            "seats": max(pool.seats, pool.taken),
            "taken": pool.taken,
            "why": seats_left(pool) if says_left and pool.takes_signups else "",
        }
        for pool in seats
        if pool.seats
    ]


def _phone(meeting: Meeting) -> str:
    """Return the number that people call about a meeting; empty where only the office has one."""
    station = meeting.room.station if meeting.room else meeting.station
    return (station.phone if station else "") or meeting.unit.phone


@bp.get("/m/<string:code>/received")
@public(on=queries.get_public_page)
def received(meeting: Meeting) -> ResponseReturnValue:
    """Say the same to whoever is signed up already, asks too often or is no person (SECURITY G3)."""
    return render("signups/received.html", meeting=meeting, phone=_phone(meeting))


@bp.get("/m/<string:code>/qr.png")
@public(on=queries.get_public_page)
def page_qr(meeting: Meeting) -> ResponseReturnValue:
    """The address of a meeting's page as a picture, for posters."""
    response = _picture(links.meeting_url(meeting.code))
    response.headers["Cache-Control"] = f"public, max-age={PICTURE_SECONDS}"
    return response


@bp.get("/t/<string:token>")
@public(on=queries.get_by_token, is_secret=True)
def ticket(signup: SignUp) -> ResponseReturnValue:
    """Show a sign-up to whoever has its link. Reading it changes nothing."""
    meeting, now = signup.meeting, clock.now()
    hours = queries.hours_of(meeting)
    return render(
        "signups/ticket.html",
        signup=signup,
        meeting=meeting,
        token=_token(),
        role=_(ROLE_NAMES[signup.pool.role]),
        place=queries.find_place(signup),
        now_at=now,
        is_off=meeting.state in {MeetingState.CANCELLED, MeetingState.POSTPONED},
        is_over=_is_over(meeting, now),
        was_moved=meeting.significant_sequence > 0 and meeting.first_starts_at != meeting.starts_at,
        may_leave=signup.state != SignUpState.WITHDRAWN and rules.may_leave(hours, now),
        may_return=signup.state == SignUpState.WITHDRAWN
        and signup.erased_at is None
        and rules.why_shut(hours, now) is None,
        phone=_phone(meeting),
    )


def _is_over(meeting: Meeting, now: datetime) -> bool:
    return meeting.state in {MeetingState.HELD, MeetingState.CLOSED} or now >= meeting.ends_at


def _token() -> str:
    """Return the ticket's token from the address: the database knows only its hash."""
    return str((request.view_args or {})["token"])


@bp.get("/t/<string:token>/qr.png")
@public(on=queries.get_by_token, is_secret=True)
def ticket_qr(signup: SignUp) -> ResponseReturnValue:
    """The link of a ticket as a picture that WeChat can save."""
    return _picture(links.ticket_url(_token()))


def _picture(address: str) -> Response:
    picture = BytesIO()
    segno.make(address, error="m", micro=False).save(picture, kind="png", scale=8, border=3)
    return Response(picture.getvalue(), mimetype="image/png")


@bp.route("/t/<string:token>/withdraw", methods=["GET", "POST"])
@public(on=queries.get_by_token, is_secret=True)
def withdraw(signup: SignUp) -> ResponseReturnValue:
    """Ask before a seat is given back, then give it back."""
    token = _token()
    if request.method == "POST":
        had_seat = signup.state == SignUpState.CONFIRMED
        words = _("席位退了，谢谢您提前说。") if had_seat else _("已退出候补，谢谢您提前说。")
        return _step(token, services.withdraw, signup.id, words)
    if signup.state == SignUpState.WITHDRAWN:
        return redirect(url_for(".ticket", token=token), 303)
    return render("signups/withdraw.html", signup=signup, meeting=signup.meeting, token=token)


@bp.post("/t/<string:token>/accept")
@public(on=queries.get_by_token, is_secret=True)
def accept(signup: SignUp) -> ResponseReturnValue:
    """Say yes to a seat that is kept for an answer."""
    return _step(_token(), services.accept, signup.id, _("好，席位是您的了。"))


@bp.post("/t/<string:token>/come-back")
@public(on=queries.get_by_token, is_secret=True)
def come_back(signup: SignUp) -> ResponseReturnValue:
    """Sign up again after a withdrawal, under the same link."""
    return _step(_token(), services.come_back, signup.id, _("又报上了，请看下面。"))


def _step(token: str, step: Any, signup_id: int, words: str) -> ResponseReturnValue:
    """Take a step of one's own sign-up and go back to the ticket, with the refusal or `words`."""
    try:
        with transaction():
            step(signup_id)
    except LiaisonError as refusal:
        flash(translated(refusal), "error")
    else:
        flash(words)
    return leave(url_for(".ticket", token=token))
