"""Sign in, sign out, make accounts, grant roles."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import delete, func, select, update

from liaison_app.access.permissions import ROLE_NAMES, Role
from liaison_app.audit import services as audit
from liaison_app.audit.kinds import Result
from liaison_app.core import clock
from liaison_app.core.db import db, keyed_hash, lock, lock_key
from liaison_app.core.errors import Missing
from liaison_app.core.text import local
from liaison_app.core.tokens import digest
from liaison_app.core.web import current_settings
from liaison_app.orgs.queries import get_unit
from liaison_app.people.queries import get_person

from . import rules
from .errors import (
    AdminsApart,
    AlreadyGranted,
    EmptySpan,
    LockedOut,
    LoginTaken,
    NotYours,
    NotYourself,
    PersonTaken,
    TooLate,
    UsedBefore,
    WeakPassword,
    WrongPassword,
)
from .kinds import WAY_NAMES, SignInWay
from .models import (
    Account,
    BrowserSession,
    OldPassword,
    Passkey,
    RoleGrant,
    SetupLink,
    SignInAttempt,
    SignInLink,
    SpentQuestion,
)

_hasher = PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def refuse_locked(login: str, address: str) -> None:
    """Raise LockedOut where too many attempts failed lately. Asked before any hashing (SECURITY T12)."""
    refuse_many(*_attempt_keys(login, address))


def refuse_many(login_key: str, address_key: str) -> None:
    """Raise LockedOut where too many attempts under these keys failed lately."""
    now = clock.now()
    by_login, by_address = SignInAttempt.login_key == login_key, SignInAttempt.address_key == address_key
    pair, last = db.session.execute(
        select(func.count(), func.max(SignInAttempt.at)).where(
            by_login, by_address, SignInAttempt.at > now - rules.ATTEMPTS_KEPT
        )
    ).one()
    lately = select(func.count()).where(SignInAttempt.at > now - rules.ATTEMPT_WINDOW)
    of_login, of_address = (db.session.scalar(lately.where(which)) or 0 for which in (by_login, by_address))
    wait = rules.locked_for(pair, last, of_login, of_address, now)
    if wait:
        raise LockedOut(-(-wait // timedelta(minutes=1)))


def check_password(login: str, password: str) -> int | None:
    """Return the id of the active account whose password this is, or None; takes the same time for every name.

    Slow on purpose (Argon2id), so it is called outside a transaction.
    """
    account = db.session.scalar(select(Account).where(Account.login == login.strip().casefold()))
    known = account is not None and account.is_active and account.password_hash is not None
    if not _is_password(account.password_hash if known else _nobodys_hash(), password):  # type: ignore[union-attr, arg-type]
        return None
    return account.id if known else None  # type: ignore[union-attr]


def note_failure(login: str, address: str) -> None:
    """Count a failed attempt and forget those that no longer matter."""
    count_attempt(*_attempt_keys(login, address))
    account = db.session.scalar(select(Account).where(Account.login == login.strip().casefold()))
    # Never what was typed: it may be a password in the wrong field.
    audit.record(
        "accounts:account:sign_in_failed",
        account,
        by=None,
        kind="account",
        sentence=account.login if account else "",
        result=Result.FAILED,
        at_staff_door=True,
    )


def count_attempt(login_key: str, address_key: str) -> None:
    """Count an attempt under these keys, and forget old ones."""
    now = clock.now()
    db.session.execute(delete(SignInAttempt).where(SignInAttempt.at <= now - rules.ATTEMPTS_KEPT))
    db.session.add(SignInAttempt(login_key=login_key, address_key=address_key, at=now))


def unlock(account_id: int, *, by: Account) -> Account:
    """Forget the failed attempts on an account, whatever the address. Raises Missing, NotYourself."""
    account = lock(Account, account_id)
    refuse_foreign(account, by)
    forget_attempts(account)
    audit.record("accounts:account:unlock", account, by=by, sentence=account.login)
    return account


def forget_attempts(account: Account) -> None:
    """Forget the failed attempts on an account: passwords and codes."""
    keys = (_attempt_keys(account.login, "")[0], code_key(account))
    db.session.execute(delete(SignInAttempt).where(SignInAttempt.login_key.in_(keys)))


def code_key(account: Account) -> str:
    """Return the key under which failed codes of an account are counted."""
    return keyed_hash("code", str(account.id))


def count_failures(account: Account) -> int:
    """Return how many attempts on an account failed lately."""
    keys = (_attempt_keys(account.login, "")[0], code_key(account))
    wanted = select(func.count()).where(
        SignInAttempt.login_key.in_(keys), SignInAttempt.at > clock.now() - rules.ATTEMPTS_KEPT
    )
    return db.session.scalar(wanted) or 0


def open_browser(
    account_id: int,
    address: str,
    agent: str = "",
    *,
    way: SignInWay = SignInWay.PASSWORD,
    is_strong: bool = False,
) -> tuple[Account, str]:
    """Start a browser session and return it with the key for the cookie; only the key's hash is kept.

    `is_strong` says that two factors were proved.
    """
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
            confirmed_at=now,
            agent=rules.agent_words(agent),
            address=address,
            way=way,
            is_strong=is_strong,
        )
    )
    account.last_seen_at = now
    audit.record("accounts:account:sign_in", account, by=account, sentence=WAY_NAMES[way])
    return account, key


def touch_browser(browser_id: int) -> None:
    """Note that a browser session was used just now."""
    browser = db.session.get(BrowserSession, browser_id)
    if browser and browser.ended_at is None:
        browser.seen_at = clock.now()


def confirm_browser(browser_id: int, *, by: Account) -> str:
    """Note that the account's owner sits at a browser, and return the new key of its cookie (SECURITY C6)."""
    browser, key = lock(BrowserSession, browser_id), secrets.token_urlsafe(32)
    browser.confirmed_at, browser.key_hash = clock.now(), digest(key)
    audit.record("accounts:account:confirm", by, by=by)
    return key


def strengthen_browser(browser_id: int) -> None:
    """Note that whoever sits at a browser proved a second factor there as well."""
    lock(BrowserSession, browser_id).is_strong = True


def spend(question: str) -> None:
    """Note that a question was answered, and forget those too old to be answered. Raises TooLate where it was before."""
    now, question_hash = clock.now(), digest(question)
    lock_key(question_hash)
    if db.session.scalar(select(SpentQuestion.id).where(SpentQuestion.question_hash == question_hash)):
        raise TooLate
    db.session.execute(delete(SpentQuestion).where(SpentQuestion.at < now - 2 * rules.QUESTION_LIFE))
    db.session.add(SpentQuestion(question_hash=question_hash, at=now))


def end_passkeys(account: Account, *, by: Account | None) -> None:
    """Take away all passkeys of an account."""
    held = list(db.session.scalars(select(Passkey).where(Passkey.account_id == account.id)))
    for passkey in held:
        db.session.delete(passkey)
    if held:
        names = "、".join(one.name for one in held)
        audit.record("accounts:passkey:remove", account, by=by, sentence=f"{account.login}　{names}")


def close_all_browsers(account: Account, *, by: Account) -> None:
    """End every browser session of an account."""
    account.generation += 1
    audit.record("accounts:account:sign_out_everywhere", account, by=by, sentence=account.login)


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
    """Give an account a password and end all its browser sessions. Raises WeakPassword, UsedBefore.

    Chosen by somebody else it ends the passkeys as well, and has to be changed at the first sign-in, where the
    rules ask for that.
    """
    settings = current_settings()
    flaw = rules.password_flaw(password, account.login, account.name, rules=settings.password_rules)
    if flaw:
        raise WeakPassword(flaw)
    if settings.password_rules == rules.DENGBAO:
        _refuse_used(account, password)
    account.password_hash = _hasher.hash(password)
    account.password_set_at = clock.now()
    account.must_change_password = by is None or by.id != account.id
    if account.must_change_password:
        end_passkeys(account, by=by)
    account.generation += 1
    audit.record("accounts:account:set_password", account, by=by)


def _refuse_used(account: Account, password: str) -> None:
    """Raise UsedBefore for the present password and those before it; then keep the present one as old."""
    if account.password_hash is None:
        return
    of_account = select(OldPassword).where(OldPassword.account_id == account.id)
    old = list(db.session.scalars(of_account.order_by(OldPassword.id.desc())))
    before = [account.password_hash, *(one.password_hash for one in old[: rules.NOT_AGAIN - 1])]
    if any(_is_password(one, password) for one in before):
        raise UsedBefore
    for one in old[rules.NOT_AGAIN - 1 :]:
        db.session.delete(one)
    db.session.add(OldPassword(account_id=account.id, password_hash=account.password_hash))


def _is_password(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


def grant(
    account: Account,
    role: Role,
    unit_id: int,
    *,
    by: Account | None,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> RoleGrant:
    """Let `account` hold `role` on a unit and everything below it, from one day to another (both included).

    A grant that is over is opened anew. Raises NotYourself, NotYours, AlreadyGranted, EmptySpan, AdminsApart.
    """
    account, unit = lock(Account, account.id), get_unit(unit_id)
    _refuse_granting(account, role, unit.path, by)
    today = local(clock.now()).date()
    held = next((one for one in account.grants if (one.role, one.unit_id) == (role, unit_id)), None)
    if held is None:
        held = RoleGrant(account=account, role=role, unit=unit)
        db.session.add(held)
    elif not held.is_over(today):
        raise AlreadyGranted
    _limit(held, starts_on, ends_on)
    if current_settings().three_admins and rules.unites_admins(
        one.role for one in account.grants if not one.is_over(today)
    ):
        raise AdminsApart
    _record_grant("accounts:grant:create", held, by)
    return held


def limit_grant(grant_id: int, starts_on: date | None, ends_on: date | None, *, by: Account) -> RoleGrant:
    """Change from when to when a role is held. Raises as `grant` does."""
    held = lock(RoleGrant, grant_id)
    lock(Account, held.account_id)
    _refuse_granting(held.account, held.role, held.unit.path, by)
    _limit(held, starts_on, ends_on)
    if current_settings().three_admins and rules.unites_admins(
        one.role for one in held.account.grants if not one.is_over(local(clock.now()).date())
    ):
        raise AdminsApart
    _record_grant("accounts:grant:limit", held, by)
    return held


def revoke(grant_id: int, *, by: Account) -> RoleGrant:
    """Take a role back at once; the grant stays, as over. Raises NotYourself, NotYours."""
    held = lock(RoleGrant, grant_id)
    _refuse_granting(held.account, held.role, held.unit.path, by)
    held.ends_on = local(clock.now()).date() - timedelta(days=1)
    _record_grant("accounts:grant:revoke", held, by)
    return held


def _refuse_granting(account: Account, role: Role, unit_path: str, by: Account | None) -> None:
    if by is None:
        return
    if by.id == account.id:
        raise NotYourself
    if not by.may_grant(role, unit_path, local(clock.now()).date()):
        raise NotYours


def _limit(held: RoleGrant, starts_on: date | None, ends_on: date | None) -> None:
    if not rules.is_span(starts_on, ends_on):
        raise EmptySpan
    held.starts_on, held.ends_on = starts_on, ends_on


def _record_grant(action: str, held: RoleGrant, by: Account | None) -> None:
    days = f"　{held.starts_on or ''}–{held.ends_on or ''}" if held.starts_on or held.ends_on else ""
    sentence = f"{held.account.login}　{held.unit.name}　{ROLE_NAMES[held.role]}{days}"
    audit.record(action, held.account, by=by, sentence=sentence, unit_id=held.unit.id)


def make_setup_link(account: Account, *, by: Account | None = None) -> str:
    """Return a one-time token by which the account's owner sets a password; valid for a day.

    Links made before open nothing any more. Raises Missing where the account is not one that `by` may manage.
    """
    if by is not None:
        refuse_foreign(account, by)
        audit.record("accounts:link:create", account, by=by, sentence=account.login)
    db.session.execute(
        update(SetupLink)
        .where(SetupLink.account_id == account.id, SetupLink.used_at.is_(None))
        .values(used_at=clock.now())
    )
    token = secrets.token_urlsafe(32)
    expires_at = clock.now() + rules.SETUP_LINK_LIFE
    db.session.add(SetupLink(account_id=account.id, token_hash=digest(token), expires_at=expires_at))
    return token


def find_setup_link(token: str) -> SetupLink:
    """Return the unused, unexpired link of a token, or raise Missing."""
    link = db.session.scalar(select(SetupLink).where(SetupLink.token_hash == digest(token)))
    if link is None or not _opens(link):
        raise Missing
    return link


def use_setup_link(link_id: int, password: str) -> Account:
    """Set the password of the link's account and spend the link: one browser does. Raises Missing, WeakPassword.

    Who got the link from an administrator is not known to be who made the passkeys: they end.
    """
    link = lock(SetupLink, link_id)
    if not _opens(link):
        raise Missing
    set_password(link.account, password, by=link.account)
    end_passkeys(link.account, by=link.account)
    link.used_at = clock.now()
    return link.account


def _opens(link: SetupLink) -> bool:
    return link.used_at is None and link.expires_at >= clock.now()


def _attempt_keys(login: str, address: str) -> tuple[str, str]:
    return keyed_hash("login", login.strip().casefold()), keyed_hash("address", address)


def refuse_foreign(account: Account, by: Account) -> None:
    """Raise NotYourself for the own account, Missing where it holds what `by` may not give."""
    if account.id == by.id:
        raise NotYourself
    if not by.may_manage(account, local(clock.now()).date()):
        raise Missing


def describe_owner(account_id: int, email: str, person_id: int | None, *, by: Account) -> Account:
    """Say where mail reaches an account's owner, and which deputy or official this is.

    Raises Missing, NotYourself, PersonTaken.
    """
    account = lock(Account, account_id)
    refuse_foreign(account, by)
    if person_id is not None:
        get_person(person_id)
        taken = select(Account.id).where(Account.person_id == person_id, Account.id != account_id)
        if db.session.scalar(taken) is not None:
            raise PersonTaken
    account.email, account.person_id = email.casefold(), person_id
    audit.record("accounts:account:describe", account, by=by, sentence=account.login)
    return account


def set_active(account_id: int, is_active: bool, *, by: Account) -> Account:
    """Close or reopen an account; closing ends its browser sessions and passkeys. Raises Missing, NotYourself."""
    account = lock(Account, account_id)
    refuse_foreign(account, by)
    account.is_active = is_active
    if not is_active:
        end_passkeys(account, by=by)
    account.generation += 1
    action = "accounts:account:open" if is_active else "accounts:account:close"
    audit.record(action, account, by=by, sentence=account.login)
    return account


def end_everything_open() -> None:
    """Sign out every browser and void every one-time link: after a restore some of them were ended or used long ago."""
    now = clock.now()
    for model, ended in ((BrowserSession, "ended_at"), (SetupLink, "used_at"), (SignInLink, "used_at")):
        column = getattr(model, ended)
        db.session.execute(update(model).where(column.is_(None)).values({ended: now}))
