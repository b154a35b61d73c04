"""What somebody who signed up sees of the own data, by the own link: look, take along, put right, erase."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import public
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.core.htmx import leave, render
from liaison_app.core.web import translated
from liaison_app.signups import queries as signups
from liaison_app.signups import rules as signup_rules
from liaison_app.signups.models import SignUp
from liaison_app.signups.services import revise_question

from . import queries, services
from .forms import QuestionForm
from .papers import as_file, copy_file

bp = Blueprint("privacy_public", __name__)


@bp.get("/t/<string:token>/data")
@public(on=signups.get_by_token, is_secret=True)
def own(signup: SignUp) -> ResponseReturnValue:
    """Show what is held of the person of a ticket, why and until when."""
    return render(
        "privacy/own.html",
        signup=signup,
        token=_token(),
        told=queries.tell(queries.subject_of_signup(signup)),
        may_correct=_may_correct(signup),
    )


@bp.get("/t/<string:token>/data.json")
@public(on=signups.get_by_token, is_secret=True)
def copy(signup: SignUp) -> ResponseReturnValue:
    """Give the same as a file, with all values in full."""
    return as_file(copy_file(queries.tell(queries.subject_of_signup(signup))))


@bp.route("/t/<string:token>/data/question", methods=["GET", "POST"])
@public(on=signups.get_by_token, is_secret=True)
def question(signup: SignUp) -> ResponseReturnValue:
    """Let somebody put right what is to be asked, until the meeting begins."""
    token, signup_id = _token(), signup.id
    if not _may_correct(signup):
        return redirect(url_for(".own", token=token), 303)
    form = QuestionForm(question=signup.question or "")
    if form.validate_on_submit():
        with transaction():
            revise_question(signup_id, form.question.data)
        flash(_("改好了。"))
        return leave(url_for(".own", token=token))
    return render(
        "privacy/question.html", status=422 if form.errors else 200, form=form, signup=signup, token=token
    )


@bp.route("/t/<string:token>/erase", methods=["GET", "POST"])
@public(on=signups.get_by_token, is_secret=True)
def erase(signup: SignUp) -> ResponseReturnValue:
    """Say what erasing means, then erase."""
    token, signup_id = _token(), signup.id
    if request.method == "POST":
        try:
            with transaction():
                services.erase_signup(signup_id)
        except LiaisonError as refusal:
            flash(translated(refusal), "error")
        else:
            flash(_("删除了。"))
        return leave(url_for(".own", token=token))
    if signup.erased_at is not None:
        return redirect(url_for(".own", token=token), 303)
    return render(
        "privacy/erase.html", signup=signup, token=token, gives_back=queries.gives_back(signup, clock.now())
    )


def _may_correct(signup: SignUp) -> bool:
    return signup.erased_at is None and signup_rules.may_leave(signups.hours_of(signup.meeting), clock.now())


def _token() -> str:
    """Return the ticket's token from the address: the database knows only its hash."""
    return str((request.view_args or {})["token"])
