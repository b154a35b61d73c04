"""Sign in, sign out, make accounts, grant roles."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import delete, func, select

from liaison_app.access.permissions import Role
from liaison_app.audit import services as audit
from liaison_app.core import clock
from liaison_app.core.db import db, keyed_hash, lock
from liaison_app.core.errors import Missing
from liaison_app.core.tokens import digest

from . import rules
from .errors import LockedOut, LoginTaken, NotYourself, WeakPassword, WrongPassword
from .models import Account, BrowserSession, RoleGrant, SetupLink, SignInAttempt

_hasher = PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def refuse_locked(login: str, address: str) -> None:
    """Raise LockedOut where too many attempts failed lately. Asked before any hashing (SECURITY T12)."""
    since = clock.now() - rules.ATTEMPT_WINDOW
    login_key, address_key = _attempt_keys(login, address)
    count = select(func.count()).select_from(SignInAttempt).where(SignInAttempt.at > since)
    by_login, by_address = SignInAttempt.login_key == login_key, SignInAttempt.address_key == address_key
    counts = [
        db.session.scalar(count.where(*which)) or 0
        for which in ((by_login, by_address), (by_login,), (by_address,))
    ]
    if rules.is_locked(*counts):
        raise LockedOut


def check_password(login: str, password: str) -> int | None:
    """Return the id of the active account whose password this is, or None; takes the same time for every name.

    Slow on purpose (Argon2id), so it is called outside a transaction.
    """
    account = db.session.scalar(select(Account).where(Account.login == login.strip().casefold()))
    known = account is not None and account.is_active and account.password_hash is not None
    try:
        _hasher.verify(account.password_hash if known else _nobodys_hash(), password)  # type: ignore[union-attr, arg-type]
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return None
    return account.id if known else None  # type: ignore[union-attr]


def note_failure(login: str, address: str) -> None:
    """Count a failed attempt and forget those that no longer matter."""
    now = clock.now()
    login_key, address_key = _attempt_keys(login, address)
    db.session.execute(delete(SignInAttempt).where(SignInAttempt.at <= now - rules.ATTEMPT_WINDOW))
    db.session.add(SignInAttempt(login_key=login_key, address_key=address_key, at=now))
    audit.record("accounts:account:sign_in_failed", by=None, kind="account")


def open_browser(account_id: int, address: str) -> tuple[Account, str]:
    """Start a browser session and return it with the key for the cookie; only the key's hash is kept."""
    account = db.session.get(Account, account_id)
    if account is None or not account.is_active:
        raise WrongPassword
    now, key = clock.now(), secrets.token_urlsafe(32)
    login_key, address_key = _attempt_keys(account.login, address)
    db.session.execute(
        delete(SignInAttempt).where(
            SignInAttempt.login_key == login_key, SignInAttempt.address_key == address_key
        )
    )
    db.session.add(
        BrowserSession(
            account_id=account.id,
            key_hash=digest(key),
            generation=account.generation,
            started_at=now,
            seen_at=now,
        )
    )
    account.last_seen_at = now
    audit.record("accounts:account:sign_in", account, by=account)
    return account, key


def touch_browser(browser_id: int) -> None:
    """Note that a browser session was used just now."""
    browser = db.session.get(BrowserSession, browser_id)
    if browser and browser.ended_at is None:
        browser.seen_at = clock.now()


def close_browser(browser_id: int, *, by: Account) -> None:
    """End a browser session on the server; its cookie opens nothing from now on (ASVS 7.4.1)."""
    browser = db.session.get(BrowserSession, browser_id)
    if browser and browser.ended_at is None:
        browser.ended_at = clock.now()
        audit.record("accounts:account:sign_out", by, by=by)


def create_account(login: str, name: str, *, by: Account | None) -> Account:
    """Add an account without a password. Raises LoginTaken."""
    login = login.strip().casefold()
    if db.session.scalar(select(Account.id).where(Account.login == login)):
        raise LoginTaken
    account = Account(login=login, name=name, created_at=clock.now())
    db.session.add(account)
    # The id goes into the audit entry and into grants.
    db.session.flush()
    audit.record("accounts:account:create", account, by=by)
    return account


def set_password(account: Account, password: str, *, by: Account | None) -> None:
    """Give an account a password and end all its browser sessions. Raises WeakPassword."""
    flaw = rules.password_flaw(password, account.login, account.name)
    if flaw:
        raise WeakPassword(flaw)
    account.password_hash = _hasher.hash(password)
    account.generation += 1
    audit.record("accounts:account:set_password", account, by=by)


def grant(account: Account, role: Role, unit_id: int, *, by: Account | None) -> RoleGrant:
    """Let `account` hold `role` on a unit and everything below it."""
    held = RoleGrant(account_id=account.id, role=role, unit_id=unit_id)
    db.session.add(held)
    audit.record("accounts:grant:create", account, by=by, sentence=f"{account.login} {role}", unit_id=unit_id)
    return held


def make_setup_link(account: Account) -> str:
    """Return a one-time token by which the account's owner sets a password; valid for a day."""
    token = secrets.token_urlsafe(32)
    expires_at = clock.now() + rules.SETUP_LINK_LIFE
    db.session.add(SetupLink(account_id=account.id, token_hash=digest(token), expires_at=expires_at))
    return token


def find_setup_link(token: str) -> SetupLink:
    """Return the unused, unexpired link of a token, or raise Missing."""
    link = db.session.scalar(select(SetupLink).where(SetupLink.token_hash == digest(token)))
    if link is None or link.used_at is not None or link.expires_at < clock.now():
        raise Missing
    return link


def use_setup_link(token: str, password: str) -> Account:
    """Set the password of the link's account and spend the link. Raises Missing, WeakPassword."""
    link = find_setup_link(token)
    set_password(link.account, password, by=link.account)
    link.used_at = clock.now()
    return link.account


def _attempt_keys(login: str, address: str) -> tuple[str, str]:
    return keyed_hash("login", login.strip().casefold()), keyed_hash("address", address)


def set_active(account_id: int, is_active: bool, *, by: Account) -> Account:
    """Close or reopen an account; closing ends its browser sessions. Raises Missing, NotYourself."""
    account = lock(Account, account_id)
    if account.id == by.id:
        raise NotYourself
    account.is_active = is_active
    account.generation += 1
    action = "accounts:account:open" if is_active else "accounts:account:close"
    audit.record(action, account, by=by, sentence=account.login)
    return account
