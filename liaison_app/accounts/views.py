"""The sign-in pages; loads `g.account` for every request."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Flask, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import public, signed_in
from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.core.errors import Refused
from liaison_app.core.htmx import render
from liaison_app.core.web import current_settings, own_path, translated

from . import queries, services
from .errors import WrongPassword
from .forms import LoginForm, SetupForm
from .models import SetupLink

bp = Blueprint("accounts", __name__)

TOUCH_EVERY = timedelta(minutes=1)


def init_app(app: Flask) -> None:
    """Load the signed-in account before every request."""
    app.before_request(load_account)


def load_account() -> None:
    """Put the account of this browser into `g.account`, or None."""
    key = session.get("key")
    if not key or request.endpoint in {"static", "web.htmx_js", "web.healthz"}:
        return
    settings = current_settings()
    browser = queries.find_browser(
        key, idle_minutes=settings.idle_minutes, absolute_hours=settings.absolute_hours
    )
    if browser is None:
        session.pop("key", None)
        return
    if clock.now() - browser.seen_at > TOUCH_EVERY:
        with transaction():
            services.touch_browser(browser.id)
    g.account, g.browser_id = browser.account, browser.id


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    """Sign in with login and password."""
    if g.account:
        return redirect(url_for("dashboards.desk"), 303)
    form = LoginForm()
    if form.validate_on_submit():
        try:
            _sign_in(form.login.data or "", form.password.data or "")
        except Refused as refusal:
            form.form_errors.append(translated(refusal))
        else:
            target = request.args.get("next")
            return redirect(own_path(target) if target else url_for("dashboards.desk"), 303)
    return render("accounts/login.html", status=422 if form.errors else 200, form=form)


def _sign_in(name: str, password: str) -> None:
    """Check a password outside any transaction, then open a browser session or count the failure."""
    address = request.remote_addr or ""
    services.refuse_locked(name, address)
    account_id = services.check_password(name, password)
    if account_id is None:
        with transaction():
            services.note_failure(name, address)
        raise WrongPassword
    with transaction():
        _account, key = services.open_browser(account_id, address)
    session.clear()
    session.permanent = True
    session["key"] = key


@bp.post("/logout")
@signed_in
def logout() -> ResponseReturnValue:
    """End this browser's session on the server and clear what the browser kept."""
    with transaction():
        services.close_browser(g.browser_id, by=g.account)
    session.clear()
    flash(_("已退出。"))
    response = redirect(url_for("web.start"), 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.route("/setup/<token>", methods=["GET", "POST"])
@public(on=services.find_setup_link)
def setup(link: SetupLink) -> ResponseReturnValue:
    """Set the first password of an account by its one-time link."""
    form = SetupForm()
    token = str((request.view_args or {})["token"])
    if form.validate_on_submit():
        try:
            with transaction():
                services.use_setup_link(token, form.password.data or "")
        except Refused as refusal:
            form.password.errors = [*form.password.errors, translated(refusal)]
        else:
            flash(_("密码已设好，请登录。"))
            return redirect(url_for(".login"), 303)
    return render(
        "accounts/setup.html", status=422 if form.errors else 200, form=form, login=link.account.login
    )
