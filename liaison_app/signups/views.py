"""Staff pages of sign-ups: the roster of a meeting, sign-up for somebody else, taking somebody off."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import requires
from liaison_app.access.permissions import Permission
from liaison_app.audit import traces
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.core.htmx import render
from liaison_app.core.web import translated
from liaison_app.limits.rules import FILES, REVEAL
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.queries import get_meeting

from . import queries, rules, services
from .errors import SignUpRefused
from .forms import EntryForm, PutBackForm, WithdrawalForm, seats_left
from .kinds import LIVE, SignUpState
from .models import SignUp
from .papers import roster_rows

bp = Blueprint("signups", __name__)

# What the roster shows, by the word in the address.
SHOWN = {
    "live": LIVE,
    "confirmed": (SignUpState.CONFIRMED,),
    "waiting": (SignUpState.WAITING,),
    "withdrawn": (SignUpState.WITHDRAWN,),
}
# The browser session remembers whose number to show once, never the number.
REVEALED = "revealed_signup"


@bp.get("/meetings/<int:meeting_id>/signups")
@requires(Permission.SIGNUP_READ, on=get_meeting)
def roster(meeting: Meeting) -> ResponseReturnValue:
    """Show who holds the seats of a meeting, and who waits for them in which order."""
    show = request.args.get("show", "live")
    show = show if show in SHOWN else "live"
    signups = queries.list_roster(meeting.id)
    pools = queries.list_seats(meeting.id)
    if any(one.question or one.withdrawn_reason for one in signups if one.state in SHOWN[show]):
        traces.note_view("signups:question:view", meeting)
    counts = {name: sum(one.state in states for one in signups) for name, states in SHOWN.items()}
    words = {
        "live": _("有席位和候补 %(n)d", n=counts["live"]),
        "confirmed": _("有席位 %(n)d", n=counts["confirmed"]),
        "waiting": _("候补 %(n)d", n=counts["waiting"]),
        "withdrawn": _("已退出 %(n)d", n=counts["withdrawn"]),
    }
    return render(
        "signups/roster.html",
        fragment="signups/_roster.html",
        meeting=meeting,
        signups=[one for one in signups if one.state in SHOWN[show]],
        places=queries.queue_places(meeting.id),
        seats=[(pool, seats_left(pool)) for pool in pools if pool.takes_signups],
        to_call=sorted((one for one in signups if one.is_offered), key=lambda one: one.offer_until),
        over={pool.pool_id: pool.too_many for pool in pools if pool.too_many},
        too_many=max((pool.too_many for pool in pools), default=0),
        pills=[
            {"label": words[name], "url": _roster_url(meeting, name), "current": name == show}
            for name in SHOWN
        ],
        revealed=session.pop(REVEALED, None),
        takes=rules.why_shut(queries.hours_of(meeting), clock.now(), by_staff=True) is None,
        may_leave=rules.may_leave(queries.hours_of(meeting), clock.now()),
    )


def _roster_url(meeting: Meeting, show: str = "live") -> str:
    return url_for(".roster", meeting_id=meeting.id, show=None if show == "live" else show)


@bp.get("/meetings/<int:meeting_id>/signups.csv")
@requires(Permission.SIGNUP_READ, on=get_meeting, limit=FILES)
def roster_csv(meeting: Meeting) -> ResponseReturnValue:
    """Give the roster as a file for a spreadsheet, with masked numbers."""
    rows = roster_rows(queries.list_roster(meeting.id), queries.queue_places(meeting.id))
    name = f"signups-{meeting.code}.csv"
    return traces.give_csv(rows, name=name, action="signups:roster:export", about=meeting)


@bp.route("/meetings/<int:meeting_id>/signups/new", methods=["GET", "POST"])
@requires(Permission.SIGNUP_MANAGE, on=get_meeting)
def enter(meeting: Meeting) -> ResponseReturnValue:
    """Sign up somebody who called or came by (代填)."""
    form = EntryForm()
    form.offer(queries.list_seats(meeting.id), meeting.code)
    if form.validate_on_submit():
        try:
            with transaction():
                signup = services.sign_up(
                    form.pool_id(), form.applicant(), form_token=form.form_token.data, by=g.account
                )
                words = _entered(signup)
        except SignUpRefused as refusal:
            form.form_errors.append(translated(refusal))
        else:
            flash(words)
            return redirect(_roster_url(meeting), 303)
    return render(
        "signups/enter.html",
        status=422 if form.errors else 200,
        meeting=meeting,
        form=form,
        left={str(pool.role): seats_left(pool) for pool in form.pools.values()},
    )


def _entered(signup: SignUp) -> str:
    """Return what the clerk tells the person on the telephone."""
    code = f"{signup.ticket_code[:3]} {signup.ticket_code[3:]}"
    place = queries.find_place(signup)
    if place is None:
        return _("已登记：%(name)s 有席位，入场号 %(code)s。", name=signup.name, code=code)
    return _("已登记：%(name)s 候补第 %(n)d 位，入场号 %(code)s。", name=signup.name, n=place, code=code)


@bp.route("/meetings/<int:meeting_id>/signups/<int:signup_id>/withdraw", methods=["GET", "POST"])
@requires(Permission.SIGNUP_MANAGE, on=queries.get_hosted)
def take_off(signup: SignUp) -> ResponseReturnValue:
    """Ask for the reason, then take somebody off the list; whoever waits first moves up."""
    form = WithdrawalForm()
    if form.validate_on_submit():
        try:
            with transaction():
                services.withdraw(signup.id, by=g.account, reason=form.reason.data)
        except LiaisonError as refusal:
            form.form_errors.append(translated(refusal))
        else:
            flash(_("已退：%(name)s。有候补的已经递补。", name=signup.name))
            return redirect(_roster_url(signup.meeting), 303)
    return render(
        "signups/take_off.html",
        status=422 if form.errors else 200,
        form=form,
        signup=signup,
        meeting=signup.meeting,
    )


@bp.post("/meetings/<int:meeting_id>/signups/<int:signup_id>/accept")
@requires(Permission.SIGNUP_MANAGE, on=queries.get_hosted)
def accept(signup: SignUp) -> ResponseReturnValue:
    """Note that somebody who was called takes the seat that is kept for an answer."""
    try:
        with transaction():
            services.accept(signup.id, by=g.account)
    except LiaisonError as refusal:
        flash(translated(refusal), "error")
    else:
        flash(_("记下了：%(name)s 来。", name=signup.name))
    return redirect(_roster_url(signup.meeting), 303)


@bp.route("/meetings/<int:meeting_id>/signups/<int:signup_id>/put-back", methods=["GET", "POST"])
@requires(Permission.SIGNUP_MANAGE, on=queries.get_hosted)
def put_back(signup: SignUp) -> ResponseReturnValue:
    """Ask for the reason, then let somebody wait who had a seat, after seats or room became fewer."""
    form = PutBackForm()
    if form.validate_on_submit():
        try:
            with transaction():
                services.put_back(signup.id, by=g.account, reason=form.reason.data)
        except LiaisonError as refusal:
            form.form_errors.append(translated(refusal))
        else:
            flash(_("已改成候补：%(name)s，排在最前面。", name=signup.name))
            return redirect(_roster_url(signup.meeting), 303)
    return render(
        "signups/put_back.html",
        status=422 if form.errors else 200,
        form=form,
        signup=signup,
        meeting=signup.meeting,
    )


@bp.post("/meetings/<int:meeting_id>/signups/<int:signup_id>/phone")
@requires(Permission.PHONE_REVEAL, on=queries.get_hosted, limit=REVEAL)
def reveal(signup: SignUp) -> ResponseReturnValue:
    """Show one full telephone number once, and note in the trail who looked."""
    with transaction():
        services.note_reveal(signup, by=g.account)
    session[REVEALED] = signup.id
    return redirect(_roster_url(signup.meeting), 303)
