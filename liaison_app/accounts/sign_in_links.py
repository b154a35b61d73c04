"""Links in a mail by which deputies and bureaus' heads sign in: they never keep a password."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import func, or_, select

from liaison_app.audit import services as audit
from liaison_app.core import clock, links
from liaison_app.core.db import db, keyed_hash, lock
from liaison_app.core.errors import Missing
from liaison_app.core.letters import render_letter
from liaison_app.core.text import local, show_time
from liaison_app.core.tokens import digest
from liaison_app.messages import services as messages
from liaison_app.people.models import Person

from . import rules, services
from .models import Account, RoleGrant, SignInAttempt, SignInLink

KIND = "sign_in"


def ask(email: str, address: str) -> int:
    """Send a link to every account of a mail address that signs in by one; return how many there are.

    Counts the question under the address it came from and under the mail; too many are passed over in silence,
    for the answer must not tell which addresses there are.
    """
    email = email.strip().casefold()
    from_key, mail_key = keyed_hash("link-address", address), keyed_hash("link-mail", email)
    if _is_tired(from_key, mail_key):
        return 0
    services.count_attempt(mail_key, from_key)
    accounts = _accounts_of(email)
    for account in accounts:
        unit_id = account.held(local(clock.now()).date())[0].unit_id
        _send(account, unit_id, email)
        audit.record("accounts:sign_in_link:send", account, by=None, sentence=account.login)
    if not accounts:
        _pretend(email)
    return len(accounts)


def _pretend(email: str) -> None:
    """Write a letter and take it back, so that the time of the answer tells no more than its words."""
    stand_in = db.session.scalar(select(RoleGrant).limit(1))
    if stand_in is not None:
        savepoint = db.session.begin_nested()
        _send(stand_in.account, stand_in.unit_id, email)
        savepoint.rollback()


def _is_tired(from_key: str, mail_key: str) -> bool:
    lately = select(func.count()).where(SignInAttempt.at > clock.now() - rules.ATTEMPT_WINDOW)
    counts = (
        (SignInAttempt.address_key == from_key, rules.LINKS_PER_ADDRESS),
        (SignInAttempt.login_key == mail_key, rules.LINKS_PER_MAIL),
    )
    return any((db.session.scalar(lately.where(which)) or 0) >= most for which, most in counts)


def _accounts_of(email: str) -> Sequence[Account]:
    wanted = (
        select(Account)
        .outerjoin(Person, Person.id == Account.person_id)
        .where(Account.is_active, or_(Account.email == email, func.lower(Person.email) == email))
    )
    today = local(clock.now()).date()
    return [
        account
        for account in db.session.scalars(wanted.order_by(Account.id))
        if email and rules.may_use_link(one.role for one in account.held(today))
    ]


def make_emergency(login: str) -> str:
    """Return the token of a link by which an account signs in whatever its roles, for whoever sits at the machine.

    Raises Missing where there is no such open account.
    """
    account = db.session.scalar(select(Account).where(Account.login == login.strip().casefold()))
    if account is None or not account.is_active:
        raise Missing
    _link, token = _make(account, is_emergency=True)
    audit.record("accounts:sign_in_link:emergency", account, by=None, sentence=account.login)
    return token


def _make(account: Account, *, is_emergency: bool = False) -> tuple[SignInLink, str]:
    token = secrets.token_urlsafe(32)
    expires_at = clock.now() + rules.SIGN_IN_LINK_LIFE
    link = SignInLink(
        account_id=account.id, token_hash=digest(token), expires_at=expires_at, is_emergency=is_emergency
    )
    db.session.add(link)
    return link, token


def _send(account: Account, unit_id: int, email: str) -> None:
    link, token = _make(account)
    # The message is named after the link.
    db.session.flush()
    letter = render_letter(
        "accounts/sign_in",
        person_name=account.name,
        link=links.sign_in_url(token),
        until=show_time(link.expires_at),
    )
    messages.queue_email(
        KIND,
        unit_id=unit_id,
        about=f"account:{account.id}",
        dedupe_key=f"{KIND}:account-{account.id}:{link.id}",
        to_name=account.name,
        to_address=email,
        subject=letter.subject,
        text=letter.text,
        expires_at=link.expires_at,
    )


def find(token: str) -> SignInLink:
    """Return the unused, unexpired link of a token, of an open account; or raise Missing."""
    link = db.session.scalar(select(SignInLink).where(SignInLink.token_hash == digest(token)))
    if (
        link is None
        or link.used_at is not None
        or link.expires_at < clock.now()
        or not link.account.is_active
    ):
        raise Missing
    return link


def use(link_id: int) -> Account:
    """Spend a link and return whose it is. Raises Missing where it was spent, or the account holds graver roles now."""
    link = lock(SignInLink, link_id)
    now = clock.now()
    held = (one.role for one in link.account.held(local(now).date()))
    if link.used_at is not None or link.expires_at < now:
        raise Missing
    if not link.is_emergency and not rules.may_use_link(held):
        raise Missing
    link.used_at = now
    return link.account
