"""The page behind a personal link: no account needed, and a look at it changes nothing."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import public
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import Missing, Refused
from liaison_app.core.htmx import render
from liaison_app.scheduling import ics

from . import letters, queries, rules, services
from .errors import StaleAnswer
from .forms import AnswerForm
from .kinds import Door
from .models import Invitation

bp = Blueprint("invitations_public", __name__)


@bp.route("/a/<string:token>", methods=["GET", "POST"])
@public(on=queries.get_by_token, is_secret=True)
def answer(invitation: Invitation) -> ResponseReturnValue:
    """Show what one person is invited to, and take that person's answer.

    Mail scanners follow links before people do: only the POST of the form answers (SECURITY B2).
    """
    form = AnswerForm()
    form.offer(invitation, queries.list_stand_ins(invitation.participant))
    if form.validate_on_submit():
        try:
            with transaction():
                services.take_answer(
                    invitation.id, form.given(), sequence=form.sequence.data or 0, door=Door.LINK
                )
        except Refused as refusal:
            form.refuse(refusal)
            if isinstance(refusal, StaleAnswer):
                form.show_anew(invitation)
        else:
            return redirect(url_for(".answer", token=_token()), 303)
    elif not form.is_submitted():
        form.choose(request.args.get("choice"))
    meeting = invitation.meeting
    return render(
        "invitations/answer.html",
        status=422 if form.errors else 200,
        form=form,
        invitation=invitation,
        meeting=meeting,
        closed=rules.refusal(
            meeting.state, meeting.ends_at, is_withdrawn=invitation.withdrawn_at is not None, now=clock.now()
        ),
        answer_by=rules.answer_by(meeting.starts_at, clock.now()),
        who_answers=letters.who_answers(meeting, _("，")),
        stand_in=queries.find_stand_in(invitation.participant),
        change_names=letters.CHANGE_NAMES,
        token=_token(),
    )


@bp.get("/a/<string:token>/invite.ics")
@public(on=queries.get_by_token, is_secret=True)
def calendar_file(invitation: Invitation) -> ResponseReturnValue:
    """The meeting as a file for the invited person's own calendar, as long as that person is invited."""
    if invitation.withdrawn_at is not None:
        raise Missing
    facts = letters.facts_of(invitation.meeting, answer_url=letters.answer_url(invitation))
    response = Response(ics.download(facts), content_type=ics.MIMETYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="invite.ics"'
    return response


def _token() -> str:
    return str((request.view_args or {})["token"])
