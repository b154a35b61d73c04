"""The sign-in pages; loads `g.account` for every request."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, public, requires, signed_in
from liaison_app.access.permissions import ROLE_NAMES, Permission, Role
from liaison_app.core import clock, links
from liaison_app.core.db import transaction
from liaison_app.core.errors import Missing, Refused
from liaison_app.core.htmx import render
from liaison_app.core.time_fields import complain
from liaison_app.core.web import current_settings, own_path, translated
from liaison_app.orgs import queries as orgs

from . import queries, rules, services
from .errors import WrongPassword
from .forms import AccountForm, LoginForm, SetupForm
from .models import Account, SetupLink

bp = Blueprint("accounts", __name__)

TOUCH_EVERY = timedelta(minutes=1)


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


@bp.route("/setup/<string:token>", methods=["GET", "POST"])
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


@bp.route("/accounts", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE)
def accounts() -> ResponseReturnValue:
    """List the accounts of the own part of the tree, and add one."""
    paths = allowed_paths(Permission.ACCOUNT_MANAGE)
    form = AccountForm()
    roles = rules.grantable(one.role for one in g.account.grants)
    form.role.choices = [(role, _(ROLE_NAMES[role])) for role in roles]
    form.unit_id.choices = [(unit.id, unit.name) for unit in orgs.list_units(paths)]
    if form.validate_on_submit():
        try:
            with transaction():
                account = services.create_account(form.login.data or "", form.name.data or "", by=g.account)
                services.grant(account, Role(form.role.data), form.unit_id.data, by=g.account)
                token = services.make_setup_link(account)
        except Refused as refusal:
            complain(form.login, translated(refusal))
        else:
            return _linked(account.login, token)
    return render(
        "accounts/accounts.html",
        status=422 if form.errors else 200,
        form=form,
        accounts=queries.list_accounts(paths),
        role_names=ROLE_NAMES,
    )


@bp.post("/accounts/<int:account_id>/link")
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_account)
def relink(account: Account) -> ResponseReturnValue:
    """Make a new one-time link by which the account's owner sets a password."""
    _refuse_above(account)
    with transaction():
        token = services.make_setup_link(account)
    return _linked(account.login, token)


@bp.post("/accounts/<int:account_id>/active")
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_account)
def activate(account: Account) -> ResponseReturnValue:
    """Close an account, or open it again."""
    _refuse_above(account)
    try:
        with transaction():
            services.set_active(account.id, request.form.get("active") == "1", by=g.account)
    except Refused as refusal:
        flash(translated(refusal), "error")
    return redirect(url_for(".accounts"), 303)


def _refuse_above(account: Account) -> None:
    """Raise Missing where the account holds a role that the signed-in one may not give (SECURITY A10)."""
    mine = rules.grantable(one.role for one in g.account.grants)
    if not all(one.role in mine for one in account.grants):
        raise Missing


def _linked(login: str, token: str) -> ResponseReturnValue:
    return render("accounts/linked.html", login=login, link=links.setup_url(token))
