"""Find who is signed in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from liaison_app.core import clock
from liaison_app.core.db import db, get
from liaison_app.core.tokens import digest
from liaison_app.orgs.models import OrgUnit
from liaison_app.orgs.queries import within

from .models import Account, BrowserSession, RoleGrant
from .rules import is_over


def find_browser(key: str, *, idle_minutes: int, absolute_hours: int) -> BrowserSession | None:
    """Return the live browser session of a cookie's key, or None: ended, idle, too old or revoked."""
    browser = db.session.scalar(select(BrowserSession).where(BrowserSession.key_hash == digest(key)))
    if browser is None or browser.ended_at is not None or not browser.account.is_active:
        return None
    if browser.generation != browser.account.generation:
        return None
    if is_over(browser.started_at, browser.seen_at, clock.now(), idle_minutes, absolute_hours):
        return None
    return browser


def has_accounts() -> bool:
    """Return whether anybody can sign in, or was ever asked to set a password."""
    return db.session.scalar(select(Account.id).limit(1)) is not None


def find_account(login: str) -> Account | None:
    """Return the account of a login, or None."""
    return db.session.scalar(select(Account).where(Account.login == login))


def get_account(account_id: int) -> Account:
    return get(Account, account_id)


def list_accounts(paths: Collection[str]) -> Sequence[Account]:
    """Return the accounts that hold a role within the subtrees, by login."""
    holders = select(RoleGrant.account_id).join(OrgUnit, OrgUnit.id == RoleGrant.unit_id).where(within(paths))
    return list(db.session.scalars(select(Account).where(Account.id.in_(holders)).order_by(Account.login)))
