"""Single sign-on: out to the issuer, back from it, and linking the own account to it."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import public, signed_in
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import Refused
from liaison_app.core.htmx import render
from liaison_app.core.web import own_path, translated
from liaison_app.limits import requests as limits
from liaison_app.limits.rules import PUBLIC_WRITE

from . import questions, rules, sso
from .browsers import admit
from .errors import SsoDown, SsoRefused, TooLate
from .kinds import SignInWay

bp = Blueprint("sso", __name__)

# Where to go on after the way out and back, and whom the issuer named for the own account, until that is confirmed.
_TARGET, _NAMED = "sso_target", "sso_named"


@bp.get("/login/sso")
@public
def start() -> ResponseReturnValue:
    """Send a browser to the issuer. A link, because the content policy lets no form lead to another host."""
    target = request.args.get("next")
    session[_TARGET] = own_path(target) if target else url_for("dashboards.desk")
    return _out("sso", url_for("accounts.login"))


@bp.get("/account/sso/start")
@signed_in(always=True, fresh=True)
def prove() -> ResponseReturnValue:
    """Send the own browser to the issuer, to learn what it calls the own account."""
    return _out("sso_link", url_for(".own"))


def _out(purpose: str, home: str) -> ResponseReturnValue:
    if not sso.is_on():
        return redirect(home, 303)
    try:
        return redirect(sso.way_there(questions.ask(purpose).hex()), 303)
    except SsoDown as refusal:
        _note(refusal)
        flash(translated(refusal), "error")
        return redirect(home, 303)


@bp.get("/login/sso/back")
@public
def back() -> ResponseReturnValue:
    """Take in who comes back from the issuer; where the own account is to be linked, only remember whom it named."""
    if not sso.is_on():
        return redirect(url_for("accounts.login"), 303)
    # Each asks the issuer something: counted as a form is.
    limits.expect(PUBLIC_WRITE, limits.visitor(PUBLIC_WRITE))
    links_own = questions.is_asked("sso_link") and g.account is not None
    try:
        visitor = _received("sso_link" if links_own else "sso")
    except (SsoDown, SsoRefused, TooLate) as refusal:
        _note(refusal)
        flash(translated(refusal), "error")
        return redirect(url_for(".own" if links_own else "accounts.login"), 303)
    if links_own:
        session[_NAMED] = [g.account.id, visitor.subject, visitor.name, clock.now().timestamp()]
        return redirect(url_for(".own"), 303)
    account = sso.find_account(visitor)
    if account is None:
        _note(None)
        return render("accounts/sso_unknown.html", status=403, visitor=visitor)
    _arrived(visitor)
    target = own_path(session.pop(_TARGET, None))
    return redirect(admit(account, target, SignInWay.SSO, is_strong=visitor.is_strong), 303)


def _received(purpose: str) -> sso.Visitor:
    """Return who came back for what this browser asked. Raises TooLate, SsoDown, SsoRefused."""
    state = questions.take(purpose).hex()
    if not sso.is_same(request.args.get("state", ""), state) or not request.args.get("code"):
        raise SsoRefused
    return sso.receive(request.args["code"], state)


def _arrived(visitor: sso.Visitor) -> None:
    with transaction():
        sso.note_arrival(visitor)


def _note(refusal: Refused | None) -> None:
    """Record what went wrong; that nobody asked, or too long ago, is no matter for the trail."""
    if not isinstance(refusal, TooLate):
        with transaction():
            sso.note_failure(refusal)


@bp.route("/account/sso", methods=["GET", "POST"])
@signed_in(always=True, fresh=True)
def own() -> ResponseReturnValue:
    """Show what the own account is linked to; link it to whom the issuer named just now, or end the link."""
    if not sso.is_on():
        return redirect(url_for("sign_in.own"), 303)
    named = _named()
    if request.method == "POST":
        session.pop(_NAMED, None)
        try:
            with transaction():
                if request.form.get("do") == "unlink":
                    sso.unlink(g.account.id, by=g.account)
                elif named is not None:
                    sso.link(g.account.id, named[0], by=g.account)
        except Refused as refusal:
            flash(translated(refusal), "error")
        else:
            flash(_("已存。"))
        return redirect(url_for(".own"), 303)
    return render("accounts/sso_own.html", named=named, identity=sso.find_identity(g.account))


def _named() -> tuple[str, str] | None:
    """Return subject and name that the issuer gave for this account minutes ago, or None."""
    account_id, subject, name, at = session.get(_NAMED) or (0, "", "", 0)
    late = clock.now().timestamp() - at > rules.QUESTION_LIFE.total_seconds()
    return None if late or account_id != g.account.id else (subject, name)


@bp.get("/signed-out")
@public
def signed_out() -> ResponseReturnValue:
    """Say that only this house is left, and lead to the issuer's way out where it has one."""
    way_out = sso.way_out() if sso.is_on() else None
    if way_out is None:
        return redirect(url_for("web.start"), 303)
    return render("accounts/signed_out.html", way_out=way_out)
