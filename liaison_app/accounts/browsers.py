"""Who sits at this browser: loaded for every request, and put into the cookie at sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from flask import flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from liaison_app.audit import traces
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.text import local
from liaison_app.core.web import current_settings

from . import passkeys, queries, questions, rules, second_factor, services, sso
from .errors import BadPasskey, LockedOut, PasswordsOff, WrongCode, WrongPassword
from .kinds import SignInWay
from .models import Account, BrowserSession

TOUCH_EVERY = timedelta(minutes=1)
# The same for everybody, so that a proxy may keep it: nobody's cookie is looked at there, and none taken back.
SHARED = frozenset(
    {
        "feeds.busy_of_person", "feeds.everything", "feeds.of_bureau", "feeds.of_meeting", "feeds.of_person", "feeds.of_station",
        "operations.numbers", "operations.ready", "signups_public.page_qr", "static", "web.healthz", "web.htmx_js",
    }
)  # fmt: skip
# Whoever has given the first factor and not yet the second.
_PENDING = "first_factor"


def load_account() -> None:
    """Put the account of this browser into `g.account`, or None, and into `g.duty` what it has to do first."""
    key = session.get("key")
    if not key or request.endpoint in SHARED:
        return
    settings = current_settings()
    browser = queries.find_browser(
        key, idle_minutes=settings.idle_minutes, absolute_hours=settings.absolute_hours
    )
    if browser is None:
        session.pop("key", None)
        return
    now = clock.now()
    if now - browser.seen_at > TOUCH_EVERY:
        with transaction():
            services.touch_browser(browser.id)
    g.account, g.browser_id = browser.account, browser.id
    g.is_fresh = rules.is_fresh(browser.confirmed_at, now)
    g.duty = duty_of(browser, now)


def duty_of(browser: BrowserSession, now: datetime) -> str | None:
    """Return the endpoint where somebody has something to do before anything else, or None."""
    settings, account = current_settings(), browser.account
    if (
        not sso.replaces_passwords()
        and account.password_hash
        and rules.is_stale(
            account.password_set_at, account.must_change_password, now, rules=settings.password_rules
        )
    ):
        return "sign_in.password"
    if account.totp_since is None and not browser.is_strong and must_have_second(account, now):
        return "sign_in.factor"
    return None


def must_have_second(account: Account, now: datetime) -> bool:
    """Return whether one of the account's roles demands a second factor."""
    demanding = set(current_settings().second_factor_roles)
    return bool(demanding) and any(one.role in demanding for one in account.held(local(now).date()))


def prove(login: str, password: str) -> Account:
    """Return the account of a login and password; the slow check runs outside any transaction.

    Counts a failure. Raises PasswordsOff, LockedOut, WrongPassword.
    """
    if sso.replaces_passwords():
        raise PasswordsOff
    address = request.remote_addr or ""
    with _noting_locks(login):
        services.refuse_locked(login, address)
    account_id = services.check_password(login, password)
    if account_id is None:
        with transaction():
            services.note_failure(login, address)
        raise WrongPassword
    return queries.get_account(account_id)


def prove_passkey(answer: str, purpose: str, *, of: Account | None = None) -> Account:
    """Return the account whose passkey answered the question that this browser was asked for the purpose.

    Counts a failure. Raises LockedOut, TooLate, BadPasskey.
    """
    address = request.remote_addr or ""
    with _noting_locks(of.login if of else ""):
        passkeys.refuse_locked(answer, address)
    question = questions.take(purpose)
    try:
        with transaction():
            return passkeys.prove(answer, question, of=of)
    except BadPasskey as refusal:
        with transaction():
            passkeys.note_failure(answer, address, refusal)
        raise


def prove_code(account: Account, code: str) -> None:
    """Take a code of the account's telephone, or a recovery code. Counts a failure. Raises LockedOut, WrongCode."""
    refuse_codes(account)
    try:
        with transaction():
            second_factor.check(account.id, code)
    except WrongCode:
        with transaction():
            second_factor.count_wrong(account)
        raise


def refuse_codes(account: Account) -> None:
    """Raise LockedOut where too many codes of an account were wrong lately."""
    with _noting_locks(account.login):
        second_factor.refuse_locked(account)


@contextmanager
def _noting_locks(login: str) -> Iterator[None]:
    """Let the trail say that somebody was turned away without a look at what they gave."""
    try:
        yield
    except LockedOut:
        traces.note_locked(queries.find_account(login.strip().casefold()))
        raise


def enter(account_id: int, way: SignInWay = SignInWay.PASSWORD, *, is_strong: bool = False) -> None:
    """Open a browser session for somebody who has proved everything, and give this browser its cookie."""
    with transaction():
        _account, key = services.open_browser(
            account_id, request.remote_addr or "", _agent(), way=way, is_strong=is_strong
        )
    session.clear()
    session.permanent = True
    session["key"] = key


def forget(target: str, words: str = "") -> ResponseReturnValue:
    """Let this browser hold nothing of a session that has ended, nor of its pages, and lead on (SECURITY C9)."""
    session.clear()
    if words:
        flash(words)
    response = redirect(target, 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def admit(
    account: Account, target: str, way: SignInWay = SignInWay.PASSWORD, *, is_strong: bool = False
) -> str:
    """Let in whoever has proved enough, or ask for the second factor; return the path to go on to."""
    if is_strong or not _asks_second(account):
        enter(account.id, way, is_strong=is_strong)
        return target
    session.clear()
    session[_PENDING] = [account.id, account.generation, clock.now().timestamp(), target, way]
    return url_for("sign_in.code")


def _asks_second(account: Account) -> bool:
    """Return whether one factor is not enough: codes are on, or a passkey is there where a role demands two."""
    if account.totp_since is not None:
        return True
    return bool(account.passkeys) and must_have_second(account, clock.now())


def find_pending() -> tuple[Account, str, SignInWay] | None:
    """Return who has given the first factor in this browser just now, with where to go on and the way; or None."""
    account_id, generation, at, target, way = session.get(_PENDING) or (0, 0, 0, "", "password")
    if clock.now().timestamp() - at > rules.CODE_LIFE.total_seconds():
        return None
    account = db.session.get(Account, account_id)
    if account is None or not account.is_active or account.generation != generation:
        return None
    return account, target, SignInWay(way)


def confirm_here(account: Account) -> None:
    """Note that the account's owner sits at this browser, and give it a new cookie."""
    with transaction():
        key = services.confirm_browser(g.browser_id, by=account)
    session["key"] = key


def _agent() -> str:
    return request.user_agent.string[:400]
