"""Signing in and out by password; the accounts of the own part of the tree and what they are granted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import Blueprint, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import allowed_paths, may, public, requires, signed_in
from liaison_app.access.permissions import (
    PERMISSION_NAMES,
    ROLE_NAMES,
    Permission,
    Role,
    granted,
    roles_with,
)
from liaison_app.audit import queries as audit
from liaison_app.audit.models import Entry
from liaison_app.core import clock, links
from liaison_app.core.db import transaction
from liaison_app.core.errors import Refused
from liaison_app.core.htmx import render
from liaison_app.core.paging import Page, asked_page
from liaison_app.core.text import clean_line, local
from liaison_app.core.time_fields import complain
from liaison_app.core.web import current_settings, own_path, row_id, translated
from liaison_app.orgs import queries as orgs
from liaison_app.people import queries as people
from liaison_app.people.models import Person
from liaison_app.people.rules import LEVEL_NAMES

from . import passkeys, queries, rules, second_factor, services, sso
from .browsers import admit, forget, prove, prove_passkey
from .errors import AlreadyGranted, EmptySpan, LoginTaken, NotYours, PasswordsOff
from .forms import GrantForm, IdentityForm, LoginForm, NewAccountForm, OwnerForm, SetupForm, SpanForm
from .kinds import SignInWay
from .models import Account, RoleGrant, SetupLink

bp = Blueprint("accounts", __name__)

# The login of whoever has just set a password in this browser, for the page of signing in.
_LOGIN = "login"


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    """Sign in with login and password, or with a passkey."""
    if g.account:
        return redirect(url_for("dashboards.desk"), 303)
    form = LoginForm(data={"login": session.pop(_LOGIN, "")})
    target = request.args.get("next")
    target = own_path(target) if target else url_for("dashboards.desk")
    try:
        if answer := request.form.get("passkey"):
            account = prove_passkey(answer, "sign_in")
            return redirect(admit(account, target, SignInWay.PASSKEY, is_strong=True), 303)
        # Where passwords are off, whatever was sent is refused, and nothing of it looked at.
        if request.method == "POST" and (sso.replaces_passwords() or form.validate_on_submit()):
            account = prove(form.login.data or "", form.password.data or "")
            return redirect(admit(account, target), 303)
    except Refused as refusal:
        form.form_errors.append(translated(refusal))
    return render(
        "accounts/login.html",
        status=422 if form.errors else 200,
        form=form,
        links=queries.sends_links(),
        passkeys=passkeys.is_offered(),
        sso=sso.is_on(),
        by_password=not sso.replaces_passwords(),
    )


@bp.post("/logout")
@signed_in(always=True)
def logout() -> ResponseReturnValue:
    """End this browser's session on the server and clear what the browser kept."""
    came_by_sso = queries.get_browser(g.account, g.browser_id).way == SignInWay.SSO
    with transaction():
        services.close_browser(g.browser_id, by=g.account)
    return forget(url_for("sso.signed_out" if came_by_sso else "web.start"), _("已退出。"))


@bp.route("/setup/<string:token>", methods=["GET", "POST"])
@public(on=services.find_setup_link, is_secret=True)
def setup(link: SetupLink) -> ResponseReturnValue:
    """Set the first password of an account by its one-time link."""
    if sso.replaces_passwords():
        raise PasswordsOff
    form, login = SetupForm(), link.account.login
    if form.validate_on_submit():
        try:
            with transaction():
                services.use_setup_link(link.id, form.password.data or "")
        except Refused as refusal:
            complain(form.password, translated(refusal))
        else:
            flash(_("密码已设好，请用账号 %(login)s 登录。", login=login))
            session[_LOGIN] = login
            return redirect(url_for(".login"), 303)
    return render("accounts/setup.html", status=422 if form.errors else 200, form=form, login=login)


# --- accounts and what they are granted --------------------------------------


@bp.get("/accounts")
@requires(Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ)
def accounts() -> ResponseReturnValue:
    """List the accounts of the own part of the tree; `?q=` looks in names, `?show=idle` for those nobody uses."""
    show, words = request.args.get("show", ""), clean_line(request.args.get("q", ""))[:40]
    now = clock.now()
    paths, page = _paths(), asked_page(request.args.get("page"))
    found, total = queries.list_accounts(
        paths, text=words, idle_since=now - rules.IDLE_ACCOUNT if show == "idle" else None, page=page
    )
    return render(
        "accounts/accounts.html",
        accounts=found,
        total=total,
        paging=Page(page, queries.PER_PAGE, total),
        shown=lambda account: _within(account.grants, paths),
        today=_today(),
        pills=[
            {"label": _("全部"), "url": url_for(".accounts", q=words or None), "current": show != "idle"},
            {
                "label": _("90 天没登录"),
                "url": url_for(".accounts", q=words or None, show="idle"),
                "current": show == "idle",
            },
        ],
        role_names=ROLE_NAMES,
        may_add=bool(allowed_paths(Permission.ACCOUNT_MANAGE)),
    )


@bp.route("/accounts/new", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE, fresh=True)
def new() -> ResponseReturnValue:
    """Add an account with its first role, and show the link by which its owner sets a password."""
    form = NewAccountForm()
    _offer(form)
    if form.validate_on_submit():
        try:
            with transaction():
                account = services.create_account(form.login.data or "", form.name.data or "", by=g.account)
                _grant(account, form)
                token = "" if sso.replaces_passwords() else services.make_setup_link(account)
        except Refused as refusal:
            _refuse(form, refusal)
        else:
            if not token:
                flash(_("账号已建。填上单点登录那边的编号，本人就能登录。"))
                return redirect(url_for(".identity", account_id=account.id), 303)
            return _linked(account, token)
    return render("accounts/new.html", status=422 if form.errors else 200, form=form)


@bp.get("/accounts/<int:account_id>")
@requires(Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ, on=queries.get_account)
def account(account: Account) -> ResponseReturnValue:
    """Show what somebody may do, by unit, and which grant gives it; grants outside the own part stay out."""
    today = _today()
    shown = _within(account.grants, _paths())
    manages = may(Permission.ACCOUNT_MANAGE, account)
    apart = current_settings().three_admins
    held = account.held(today)
    return render(
        "accounts/account.html",
        account=account,
        grants=sorted(shown, key=lambda one: (one.is_over(today), one.unit.path, one.role)),
        hidden=len(account.grants) > len(shown),
        powers=[
            (one, sorted(_(PERMISSION_NAMES[name]) for name in granted(one.role, three_admins=apart)))
            for one in shown
            if one in held
        ],
        today=today,
        may_grant=lambda one: manages and g.account.may_grant(one.role, one.unit.path, today),
        may_add=manages and account.id != g.account.id and bool(_roles()),
        may_manage=manages and g.account.may_manage(account, today),
        failures=services.count_failures(account) if manages else 0,
        sso=sso.is_on(),
        identity=sso.find_identity(account),
        trail=_seen(audit.trail_of("account", account.id)),
        role_names=ROLE_NAMES,
    )


@bp.get("/access/who")
@requires(Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ)
def who() -> ResponseReturnValue:
    """Show who may do a thing in a unit of the own part of the tree, and which grant lets them."""
    units = orgs.list_units(_paths())
    asked = request.args.get("permission", "")
    unit_id = request.args.get("unit", type=row_id)
    found: list[RoleGrant] = []
    unit = None
    if asked in set(Permission) and unit_id is not None:
        unit = queries.get_unit_within(_paths(), unit_id)
        giving = roles_with(Permission(asked), three_admins=current_settings().three_admins)
        today = _today()
        found = [
            one for one in queries.list_holders(unit) if one.role in giving and one in one.account.held(today)
        ]
    return render(
        "accounts/who.html",
        permissions=sorted(
            ((name, _(label)) for name, label in PERMISSION_NAMES.items()), key=lambda one: one[1]
        ),
        units=units,
        asked=asked,
        unit=unit,
        found=found,
        role_names=ROLE_NAMES,
        may_see=lambda account: any(may(one, account) for one in _SEERS),
    )


@bp.route("/accounts/<int:account_id>/grants/new", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_account, fresh=True)
def grant(account: Account) -> ResponseReturnValue:
    """Give an account one more role."""
    form = GrantForm()
    _offer(form)
    if form.validate_on_submit():
        try:
            with transaction():
                _grant(account, form)
        except Refused as refusal:
            _refuse(form, refusal)
        else:
            flash(_("已授权。"))
            return redirect(_page(account.id), 303)
    return render("accounts/grant.html", status=422 if form.errors else 200, form=form, account=account)


@bp.route("/accounts/<int:account_id>/grants/<int:grant_id>", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_grant, fresh=True)
def limit(held: RoleGrant) -> ResponseReturnValue:
    """Change from when to when a role is held."""
    form = SpanForm(data={"starts_on": held.starts_on, "ends_on": held.ends_on})
    if form.validate_on_submit():
        try:
            with transaction():
                services.limit_grant(held.id, form.starts_on.data, form.ends_on.data, by=g.account)
        except Refused as refusal:
            _refuse(form, refusal)
        else:
            flash(_("期限已改。"))
            return redirect(_page(held.account_id), 303)
    return render(
        "accounts/limit.html",
        status=422 if form.errors else 200,
        form=form,
        held=held,
        role_names=ROLE_NAMES,
    )


@bp.route("/accounts/<int:account_id>/grants/<int:grant_id>/revoke", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_grant)
def revoke(held: RoleGrant) -> ResponseReturnValue:
    """Ask, then take a role back."""
    if request.method == "POST":
        try:
            with transaction():
                services.revoke(held.id, by=g.account)
        except Refused as refusal:
            flash(translated(refusal), "error")
        else:
            flash(_("已收回。"))
        return redirect(_page(held.account_id), 303)
    return render("accounts/revoke.html", held=held, role_names=ROLE_NAMES)


@bp.route("/accounts/<int:account_id>/owner", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_account, fresh=True)
def owner(account: Account) -> ResponseReturnValue:
    """Say where mail reaches an account's owner, and which deputy or official this is."""
    services.refuse_foreign(account, g.account)
    form = OwnerForm(data={"email": account.email, "person_id": account.person_id or 0})
    found = people.list_named(form.find.data) if form.find.data else []
    if account.person is not None and account.person not in found:
        found = [account.person, *found]
    form.person_id.choices = [(one.id, _who_is(one)) for one in found] + [(0, _("都不是，不对应"))]
    if form.validate_on_submit() and request.form.get("do") != "find":
        try:
            with transaction():
                services.describe_owner(
                    account.id, form.email.data or "", form.person_id.data or None, by=g.account
                )
        except Refused as refusal:
            complain(form.person_id, translated(refusal))
        else:
            flash(_("已存。"))
            return redirect(_page(account.id), 303)
    return render("accounts/owner.html", status=422 if form.errors else 200, form=form, account=account)


def _who_is(person: Person) -> str:
    """Return how somebody is told from others of the same name."""
    posts = [f"{post.unit.short_name}{post.title}" for post in person.posts if post.ended_at is None]
    levels = [_("%(levels)s代表", levels=_(LEVEL_NAMES[one.level])) for one in person.mandates]
    return "　".join([person.name, *posts, *levels, *filter(None, [person.employer])])


@bp.route("/accounts/<int:account_id>/link", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_account, fresh=True)
def relink(account: Account) -> ResponseReturnValue:
    """Ask, then make a new one-time link by which the account's owner sets a password."""
    services.refuse_foreign(account, g.account)
    if sso.replaces_passwords():
        raise PasswordsOff
    if request.method == "POST":
        with transaction():
            token = services.make_setup_link(account, by=g.account)
        return _linked(account, token)
    return render("accounts/relink.html", account=account)


@bp.post("/accounts/<int:account_id>/active")
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_account)
def activate(account: Account) -> ResponseReturnValue:
    """Close an account, or open it again."""
    try:
        with transaction():
            services.set_active(account.id, request.form.get("active") == "1", by=g.account)
    except Refused as refusal:
        flash(translated(refusal), "error")
    return redirect(_page(account.id), 303)


@bp.post("/accounts/<int:account_id>/unlock")
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_account)
def unlock(account: Account) -> ResponseReturnValue:
    """Let somebody try again at once who mistyped too often."""
    with transaction():
        services.unlock(account.id, by=g.account)
    flash(_("已解锁。"))
    return redirect(_page(account.id), 303)


@bp.route("/accounts/<int:account_id>/second-factor", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_account, fresh=True)
def drop_factor(account: Account) -> ResponseReturnValue:
    """Ask, then switch off the second factor of somebody who has lost the telephone."""
    services.refuse_foreign(account, g.account)
    if request.method == "POST":
        with transaction():
            second_factor.turn_off(account.id, by=g.account)
        flash(_("已停用。"))
        return redirect(_page(account.id), 303)
    return render("accounts/drop_factor.html", account=account)


@bp.route("/accounts/<int:account_id>/sso", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_MANAGE, on=queries.get_account, fresh=True)
def identity(account: Account) -> ResponseReturnValue:
    """Write down whom the single sign-on knows an account's owner as, or that it is nobody."""
    services.refuse_foreign(account, g.account)
    if not sso.is_on():
        return redirect(_page(account.id), 303)
    held = sso.find_identity(account)
    form = IdentityForm(data={"subject": held.subject if held else ""})
    if form.validate_on_submit():
        try:
            with transaction():
                if form.subject.data:
                    sso.link(account.id, form.subject.data, by=g.account)
                else:
                    sso.unlink(account.id, by=g.account)
        except Refused as refusal:
            complain(form.subject, translated(refusal))
        else:
            flash(_("已存。"))
            return redirect(_page(account.id), 303)
    return render("accounts/identity.html", status=422 if form.errors else 200, form=form, account=account)


_SEERS = (Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ)


def _paths() -> list[str]:
    """Return the unit paths below which accounts may be seen."""
    return [path for one in _SEERS for path in allowed_paths(one)]


def _within(grants: Sequence[RoleGrant], paths: Sequence[str]) -> list[RoleGrant]:
    return [one for one in grants if any(one.unit.path.startswith(path) for path in paths)]


def _seen(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries about the own part of the tree, or about the account alone."""
    ids = {None, *(unit.id for unit in orgs.list_units(_paths()))}
    return [one for one in entries if one.unit_id in ids]


def _today() -> date:
    return local(clock.now()).date()


def _roles() -> list[Role]:
    """Return the roles that the signed-in account may give, somewhere."""
    return [role for role in Role if g.account.granting_paths(role, _today())]


def _offer(form: GrantForm) -> None:
    """Offer the roles and units that this account may give; whether they go together the service says."""
    paths = {path for role in _roles() for path in g.account.granting_paths(role, _today())}
    form.role.choices = [(role, _(ROLE_NAMES[role])) for role in _roles()]
    form.unit_id.choices = [(unit.id, unit.name) for unit in orgs.list_units(paths)]


def _grant(account: Account, form: GrantForm) -> None:
    span = {"starts_on": form.starts_on.data, "ends_on": form.ends_on.data}
    services.grant(account, Role(form.role.data), form.unit_id.data, by=g.account, **span)


def _refuse(form: SpanForm, refusal: Refused) -> None:
    """Say a refusal beside the field that it is about."""
    fields = {LoginTaken: "login", EmptySpan: "ends_on", NotYours: "unit_id", AlreadyGranted: "role"}
    field = fields.get(type(refusal), "")
    if field in form:
        complain(form[field], translated(refusal))
    else:
        form.form_errors.append(translated(refusal))


def _page(account_id: int) -> str:
    return url_for(".account", account_id=account_id)


def _linked(account: Account, token: str) -> ResponseReturnValue:
    return render("accounts/linked.html", account=account, link=links.setup_url(token))
