"""The desk of a meeting's proposals, for its host."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import may, requires
from liaison_app.access.permissions import Permission
from liaison_app.audit import traces
from liaison_app.core.db import transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.core.htmx import render
from liaison_app.core.web import translated
from liaison_app.invitations import queries as invitations
from liaison_app.invitations.kinds import DOOR_NAMES
from liaison_app.messages import queries as messages
from liaison_app.scheduling import queries as meetings
from liaison_app.scheduling.errors import BusyElsewhere, Conflict
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.views import shown_blockers

from . import queries, services
from .forms import AcceptForm, DeclineForm
from .kinds import GRADE_NAMES, STATE_NAMES, ProposalState
from .models import Proposal

bp = Blueprint("proposals", __name__)
bp.add_app_template_global(queries.open_invitation_ids, "open_proposals")


@bp.get("/meetings/<int:meeting_id>/proposals")
@requires(Permission.INVITATION_READ, on=meetings.get_meeting)
def desk(meeting: Meeting) -> ResponseReturnValue:
    """Show what was proposed: what waits with whether it can be, what was settled with how."""
    found = queries.list_of_meeting(meeting.id)
    sees_reasons = may(Permission.INVITATION_ANSWER, meeting)
    if sees_reasons and any(one.comment for one in found):
        traces.note_view("invitations:reason:view", meeting)
    waiting = [one for one in found if one.state == ProposalState.OPEN]
    verdicts = {one.id: queries.judge(one) for one in waiting}
    return render(
        "proposals/desk.html",
        meeting=meeting,
        waiting=waiting,
        settled=[one for one in found if one.state != ProposalState.OPEN],
        verdicts=verdicts,
        blockers={id: shown_blockers(list(one.blockers)) for id, one in verdicts.items()},
        times={one.id: queries.list_feasible(one) for one in waiting},
        may_decide=may(Permission.MEETING_MANAGE, meeting),
        sees_reasons=sees_reasons,
        grade_names=GRADE_NAMES,
        state_names=STATE_NAMES,
        door_names=DOOR_NAMES,
    )


@bp.route("/meetings/<int:meeting_id>/proposals/<int:proposal_id>/accept", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE, on=queries.get_of_meeting)
def accept(proposal: Proposal) -> ResponseReturnValue:
    """Ask, then move the meeting to the wished time and tell everybody."""
    form, meeting = AcceptForm(), proposal.meeting
    if request.method == "POST" and form.validate():
        try:
            with transaction():
                services.accept(proposal.id, version=form.version.data, by=g.account)
        except LiaisonError as refusal:
            flash(_said(refusal), "error")
        else:
            flash(
                _("已改期，大家会收到更新，请重新答复。")
                if messages.mail_is_on()
                else _("已改期。请照“消息”逐个通知。")
            )
        return _back(meeting)
    if proposal.state != ProposalState.OPEN:
        return _back(meeting)
    form.version.data = meeting.version
    verdict = queries.judge(proposal)
    return render(
        "proposals/accept.html",
        form=form,
        proposal=proposal,
        meeting=meeting,
        verdict=verdict,
        blockers=shown_blockers(list(verdict.blockers)),
        invited=invitations.list_live(meeting.id),
    )


@bp.route("/meetings/<int:meeting_id>/proposals/<int:proposal_id>/decline", methods=["GET", "POST"])
@requires(Permission.MEETING_MANAGE, on=queries.get_of_meeting)
def decline(proposal: Proposal) -> ResponseReturnValue:
    """Ask what to say, then tell the person that the meeting stays as it is, with other times to choose from."""
    form, meeting = DeclineForm(), proposal.meeting
    if proposal.state != ProposalState.OPEN:
        return _back(meeting)
    times = queries.list_feasible(proposal)
    form.offer_times(times)
    if request.method == "POST" and form.validate():
        try:
            with transaction():
                services.decline(proposal.id, form.chosen(times), form.reply.data or "", by=g.account)
        except LiaisonError as refusal:
            flash(_said(refusal), "error")
        else:
            flash(_("给%(name)s的回话已放进发送队列。", name=proposal.name))
        return _back(meeting)
    return render(
        "proposals/decline.html",
        status=422 if form.errors else 200,
        form=form,
        proposal=proposal,
        meeting=meeting,
        times=times,
    )


def _back(meeting: Meeting) -> ResponseReturnValue:
    return redirect(url_for(".desk", meeting_id=meeting.id), 303)


def _said(refusal: LiaisonError) -> str:
    """Return the sentence of a refusal; a foreign unit's meeting is not named in it."""
    if isinstance(refusal, Conflict) and not shown_blockers(refusal.blockers)[0]["url"]:
        return translated(BusyElsewhere(refusal.blockers[0]))
    return translated(refusal)
