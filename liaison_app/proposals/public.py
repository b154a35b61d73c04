"""Another time, proposed behind the personal link: no account and no script needed, and a look changes nothing."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from liaison_app.access.guards import public
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.errors import Refused
from liaison_app.core.htmx import render
from liaison_app.invitations import queries as invitations
from liaison_app.invitations import rules as answers
from liaison_app.invitations.kinds import Door
from liaison_app.invitations.models import Invitation

from . import queries, services
from .forms import OfferForm, ProposalForm
from .kinds import ProposalState

bp = Blueprint("proposals_public", __name__)


@bp.route("/a/<string:token>/propose", methods=["GET", "POST"])
@public(on=invitations.get_by_token, is_secret=True)
def propose(invitation: Invitation) -> ResponseReturnValue:
    """Show what the person proposed and what was said to it, and take another wish (only a POST does)."""
    meeting, token = invitation.meeting, str((request.view_args or {})["token"])
    offers = queries.list_offers(invitation.id, clock.now())
    form, offered = ProposalForm(), OfferForm()
    offered.offer_times(offers, meeting)
    takes_offer = request.method == "POST" and "offer" in request.form
    if request.method != "POST":
        form.show(meeting)
    elif _sent(invitation, offered if takes_offer else form):
        return redirect(url_for(".propose", token=token), 303)
    earlier = queries.list_of_invitation(invitation.id)
    return render(
        "proposals/propose.html",
        status=422 if form.errors or offered.errors else 200,
        form=form,
        offered=offered,
        offers=offers,
        invitation=invitation,
        meeting=meeting,
        latest=next((one for one in earlier if one.state != ProposalState.LAPSED), None),
        closed=answers.refusal(
            meeting.state, meeting.ends_at, is_withdrawn=invitation.withdrawn_at is not None, now=clock.now()
        ),
        token=token,
    )


def _sent(invitation: Invitation, form: ProposalForm | OfferForm) -> bool:
    """Take what was sent; a refusal comes back beside its field."""
    if not form.validate():
        return False
    sequence = form.sequence.data or 0
    try:
        with transaction():
            if isinstance(form, OfferForm):
                services.take_offer(invitation.id, form.offer.data, sequence=sequence, door=Door.LINK)
            else:
                span = form.span(invitation.meeting)
                services.propose(
                    invitation.id, span, form.comment.data or "", sequence=sequence, door=Door.LINK
                )
    except Refused as refusal:
        db.session.expire(invitation.meeting)
        form.refuse(refusal, invitation.meeting)
        return False
    return True
