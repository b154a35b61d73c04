"""The other ways in, and one's own account: second factor, passkeys, links in a mail, password, open browsers."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from liaison_app.access.guards import public, signed_in
from liaison_app.access.permissions import PERMISSION_NAMES, ROLE_NAMES, granted
from liaison_app.core import clock
from liaison_app.core.codes import qr_inline
from liaison_app.core.db import transaction
from liaison_app.core.errors import Missing, Refused
from liaison_app.core.htmx import render
from liaison_app.core.text import local
from liaison_app.core.time_fields import complain
from liaison_app.core.web import current_settings, own_path, translated
from liaison_app.messages.services import own_host

from . import passkeys, queries, questions, second_factor, services, sign_in_links, sso
from .browsers import (
    admit,
    confirm_here,
    enter,
    find_pending,
    forget,
    prove,
    prove_code,
    prove_passkey,
    refuse_codes,
)
from .errors import NoPassword, WrongCode, WrongPassword
from .forms import CodeForm, ConfirmForm, LinkForm, OwnPasswordForm, PasskeyForm
from .kinds import WAY_NAMES, SignInWay
from .models import SignInLink

bp = Blueprint("sign_in", __name__)


# --- ways in -------------------------------------------------------------------


@bp.route("/login/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """Ask for the second factor whoever has given the first one in this browser just now."""
    pending = find_pending()
    if pending is None:
        flash(_("等得太久了，请重新登录。"))
        return redirect(url_for("accounts.login"), 303)
    account, target, way = pending
    form = CodeForm()
    try:
        if answer := request.form.get("passkey"):
            prove_passkey(answer, "code", of=account)
            enter(account.id, way, is_strong=True)
            return redirect(own_path(target), 303)
        if form.validate_on_submit():
            prove_code(account, form.code.data or "")
            enter(account.id, way, is_strong=True)
            return redirect(own_path(target), 303)
    except WrongCode as refusal:
        complain(form.code, translated(refusal))
    except Refused as refusal:
        form.form_errors.append(translated(refusal))
    return render(
        "accounts/code.html",
        status=422 if form.errors else 200,
        form=form,
        account=account,
        passkeys=passkeys.is_offered() and bool(account.passkeys),
    )


@bp.post("/login/passkey")
@public
def question() -> ResponseReturnValue:
    """Ask a browser for any passkey that it keeps for this house, or for one of whoever gave the first factor."""
    pending = find_pending() if request.form.get("for") == "code" else None
    if pending is None:
        return _told(passkeys.question_to_prove(questions.ask("sign_in")))
    return _told(passkeys.question_to_prove(questions.ask("code"), pending[0]))


@bp.post("/account/passkeys")
@signed_in(always=True)
def own_question() -> ResponseReturnValue:
    """Ask the own browser to make a passkey, or to prove one of the own ones again."""
    if request.form.get("for") == "confirm":
        return _told(passkeys.question_to_prove(questions.ask("confirm"), g.account))
    return _told(passkeys.question_for_new(g.account, questions.ask("new")))


def _told(question: str) -> ResponseReturnValue:
    return current_app.response_class(question, mimetype="application/json")


@bp.route("/sign-in-link", methods=["GET", "POST"])
@public
def ask_link() -> ResponseReturnValue:
    """Send a deputy or a bureau's head a link to sign in by; the answer is the same whoever asks."""
    if not queries.sends_links():
        raise Missing
    form = LinkForm()
    if form.validate_on_submit():
        with transaction():
            sign_in_links.ask(form.email.data or "", request.remote_addr or "")
        flash(_("如果这个邮箱登记过，登录链接马上就到，15 分钟内有效。没收到，请打电话。"))
        return redirect(url_for(".ask_link"), 303)
    return render("accounts/ask_link.html", status=422 if form.errors else 200, form=form)


@bp.route("/sign-in/<string:token>", methods=["GET", "POST"])
@public(on=sign_in_links.find, is_secret=True)
def by_link(link: SignInLink) -> ResponseReturnValue:
    """Show whose link it is; only the button signs in, for mail scanners open links before people do."""
    if request.method == "POST":
        with transaction():
            account = sign_in_links.use(link.id)
        way = SignInWay.EMERGENCY if link.is_emergency else SignInWay.LINK
        return redirect(admit(account, url_for("dashboards.desk"), way), 303)
    return render("accounts/by_link.html", account=link.account)


@bp.route("/confirm", methods=["GET", "POST"])
@signed_in(always=True)
def confirm() -> ResponseReturnValue:
    """Ask for the password or a passkey again before a grave step, then go on to it."""
    target = own_path(request.args.get("next"))
    form, account = ConfirmForm(), None
    has_password = g.account.password_hash is not None and not sso.replaces_passwords()
    try:
        if answer := request.form.get("passkey"):
            account = prove_passkey(answer, "confirm", of=g.account)
        elif has_password and form.validate_on_submit():
            account = prove(g.account.login, form.password.data or "")
    except WrongPassword as refusal:
        complain(form.password, translated(refusal))
    except Refused as refusal:
        form.form_errors.append(translated(refusal))
    if account is not None:
        confirm_here(account)
        return redirect(target, 303)
    by_passkey = passkeys.is_offered() and bool(g.account.passkeys)
    if not has_password and not by_passkey:
        form.form_errors.append(translated(NoPassword()))
    return render(
        "accounts/confirm.html",
        status=422 if form.errors else 200,
        form=form,
        target=target,
        passkeys=by_passkey,
        has_password=has_password,
    )


# --- the own account -------------------------------------------------------------


@bp.get("/account")
@signed_in
def own() -> ResponseReturnValue:
    """Show who one is here, what one may do, and in which browsers one is signed in."""
    today = local(clock.now()).date()
    apart = current_settings().three_admins
    return render(
        "accounts/own.html",
        account=g.account,
        powers=[
            (one, sorted(_(PERMISSION_NAMES[name]) for name in granted(one.role, three_admins=apart)))
            for one in g.account.held(today)
        ],
        browsers=queries.list_browsers(g.account),
        before=queries.find_sign_in_before(g.account, g.browser_id),
        role_names=ROLE_NAMES,
        way_names=WAY_NAMES,
        passkeys=passkeys.is_offered(),
    )


@bp.post("/account/browsers/<int:browser_id>/end")
@signed_in
def end_browser(browser_id: int) -> ResponseReturnValue:
    """End one of the own browser sessions."""
    browser = queries.get_browser(g.account, browser_id)
    with transaction():
        services.close_browser(browser.id, by=g.account)
    if browser_id == g.browser_id:
        return forget(url_for("accounts.login"))
    flash(_("那边已经退出。"))
    return redirect(url_for(".own"), 303)


@bp.post("/account/browsers/end")
@signed_in
def end_all() -> ResponseReturnValue:
    """Sign out everywhere, here as well."""
    with transaction():
        services.close_all_browsers(g.account, by=g.account)
    return forget(url_for("accounts.login"), _("所有地方都退出了。"))


@bp.route("/account/password", methods=["GET", "POST"])
@signed_in(always=True)
def password() -> ResponseReturnValue:
    """Change the own password; every other browser is signed out."""
    account = g.account
    if account.password_hash is None or sso.replaces_passwords():
        raise Missing
    form = OwnPasswordForm()
    if form.validate_on_submit():
        try:
            prove(account.login, form.present.data or "")
        except Refused as refusal:
            complain(form.present, translated(refusal))
        else:
            try:
                with transaction():
                    services.set_password(account, form.password.data or "", by=account)
            except Refused as refusal:
                complain(form.password, translated(refusal))
            else:
                enter(account.id)
                flash(_("密码已改，别的地方都退出了。"))
                return redirect(url_for(".own"), 303)
    is_duty = g.get("duty") == "sign_in.password"
    return render("accounts/password.html", status=422 if form.errors else 200, form=form, is_duty=is_duty)


@bp.route("/account/second-factor", methods=["GET", "POST"])
@signed_in(always=True, fresh=True)
def factor() -> ResponseReturnValue:
    """Switch the second factor on: take the secret over into a telephone, and prove it by a code."""
    account, form = g.account, CodeForm()
    if request.method == "POST" and request.form.get("do") == "begin":
        with transaction():
            second_factor.begin(account.id)
        return redirect(url_for(".factor"), 303)
    if account.totp_since is None and account.totp_secret and form.validate_on_submit():
        try:
            refuse_codes(account)
            with transaction():
                codes = second_factor.turn_on(account.id, form.code.data or "")
        except WrongCode as refusal:
            with transaction():
                second_factor.count_wrong(account)
            complain(form.code, translated(refusal))
        except Refused as refusal:
            form.form_errors.append(translated(refusal))
        else:
            return render("accounts/recovery_codes.html", codes=codes)
    waits = account.totp_since is None and account.totp_secret
    return render(
        "accounts/second_factor.html",
        status=422 if form.errors else 200,
        form=form,
        account=account,
        picture=qr_inline(second_factor.address_of(account, own_host())) if waits else None,
        left=second_factor.count_recovery_codes(account),
        is_duty=g.get("duty") == "sign_in.factor",
        passkeys=passkeys.is_offered(),
    )


@bp.route("/account/recovery-codes", methods=["GET", "POST"])
@signed_in(fresh=True)
def recovery_codes() -> ResponseReturnValue:
    """Ask, then make new recovery codes in place of the old ones, and show them this once."""
    if g.account.totp_since is None:
        return redirect(url_for(".factor"), 303)
    if request.method == "POST":
        with transaction():
            codes = second_factor.new_recovery_codes(g.account)
        return render("accounts/recovery_codes.html", codes=codes)
    return render("accounts/new_codes.html")


@bp.route("/account/second-factor/off", methods=["GET", "POST"])
@signed_in(fresh=True)
def factor_off() -> ResponseReturnValue:
    """Ask, then demand the second factor no more."""
    if request.method == "POST":
        with transaction():
            second_factor.turn_off(g.account.id, by=g.account)
        flash(_("第二验证已停用。"))
        return redirect(url_for(".own"), 303)
    return render("accounts/factor_off.html")


@bp.route("/account/passkeys/new", methods=["GET", "POST"])
@signed_in(always=True, fresh=True)
def add_passkey() -> ResponseReturnValue:
    """Make a passkey in this browser, under a name by which its owner knows it again."""
    form = PasskeyForm()
    if form.validate_on_submit():
        try:
            asked = questions.take("new")
            with transaction():
                passkeys.add(g.account.id, form.passkey.data or "", asked, form.name.data or "")
                # Whoever unlocked a new key has proved a second factor, as with the first code of a telephone.
                services.strengthen_browser(g.browser_id)
        except Refused as refusal:
            form.form_errors.append(translated(refusal))
        else:
            flash(_("通行密钥登记好了，下次登录可以用它。"))
            return redirect(url_for(".own"), 303)
    return render(
        "accounts/add_passkey.html",
        status=422 if form.errors else 200,
        form=form,
        passkeys=passkeys.is_offered(),
    )


@bp.route("/account/passkeys/<int:passkey_id>/remove", methods=["GET", "POST"])
@signed_in(fresh=True)
def remove_passkey(passkey_id: int) -> ResponseReturnValue:
    """Ask, then take one of the own passkeys away."""
    passkey = passkeys.find(g.account, passkey_id)
    if passkey is None:
        return redirect(url_for(".own"), 303)
    if request.method == "POST":
        with transaction():
            passkeys.remove(passkey.id, by=g.account)
        flash(_("通行密钥删掉了。"))
        return redirect(url_for(".own"), 303)
    return render("accounts/remove_passkey.html", passkey=passkey)
