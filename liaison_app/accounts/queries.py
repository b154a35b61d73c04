"""Find who is signed in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import contains_eager

from liaison_app.core import clock
from liaison_app.core.db import db, get
from liaison_app.core.errors import Missing
from liaison_app.core.tokens import digest
from liaison_app.core.web import current_settings
from liaison_app.messages.queries import mail_is_on
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


def sends_links() -> bool:
    """Return whether links to sign in by can leave: a demo shows them in its outbox."""
    return mail_is_on() or current_settings().is_demo


def list_browsers(account: Account) -> Sequence[BrowserSession]:
    """Return the browser sessions of an account that are open, the one used last first."""
    settings, now = current_settings(), clock.now()
    open_still = (
        BrowserSession.account_id == account.id,
        BrowserSession.generation == account.generation,
        BrowserSession.ended_at.is_(None),
    )
    found = db.session.scalars(
        select(BrowserSession).where(*open_still).order_by(BrowserSession.seen_at.desc())
    )
    return [
        one
        for one in found
        if not is_over(one.started_at, one.seen_at, now, settings.idle_minutes, settings.absolute_hours)
    ]


def get_browser(account: Account, browser_id: int) -> BrowserSession:
    """Return a browser session of this account, and of no other, or raise Missing."""
    browser = get(BrowserSession, browser_id)
    if browser.account_id != account.id:
        raise Missing
    return browser


def find_sign_in_before(account: Account, browser_id: int) -> BrowserSession | None:
    """Return the account's last sign-in before that of this browser, or None."""
    wanted = select(BrowserSession).where(
        BrowserSession.account_id == account.id, BrowserSession.id < browser_id
    )
    return db.session.scalar(wanted.order_by(BrowserSession.id.desc()).limit(1))


def has_accounts() -> bool:
    """Return whether anybody can sign in, or was ever asked to set a password."""
    return db.session.scalar(select(Account.id).limit(1)) is not None


def find_account(login: str) -> Account | None:
    """Return the account of a login, or None."""
    return db.session.scalar(select(Account).where(Account.login == login))


def get_account(account_id: int) -> Account:
    return get(Account, account_id)


def get_grant(account_id: int, grant_id: int) -> RoleGrant:
    """Return a grant of this account, and of no other (SECURITY A7), or raise Missing."""
    held = get(RoleGrant, grant_id)
    if held.account_id != account_id:
        raise Missing
    return held


PER_PAGE = 50


def list_accounts(
    paths: Collection[str], *, text: str = "", idle_since: datetime | None = None, page: int = 1
) -> tuple[Sequence[Account], int]:
    """Return a page of the accounts that hold or held a role within the subtrees, by login, and how many there are.

    `text` is looked for in login and name; with `idle_since`, only open accounts not used since, or never.
    """
    holders = select(RoleGrant.account_id).join(OrgUnit, OrgUnit.id == RoleGrant.unit_id).where(within(paths))
    wanted = select(Account).where(Account.id.in_(holders))
    if text:
        wanted = wanted.where(
            or_(Account.login.contains(text, autoescape=True), Account.name.contains(text, autoescape=True))
        )
    if idle_since is not None:
        last = func.coalesce(Account.last_seen_at, Account.created_at)
        wanted = wanted.where(Account.is_active, last < idle_since)
    total = db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    shown = wanted.order_by(Account.login).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    return list(db.session.scalars(shown)), total


def list_holders(unit: OrgUnit) -> Sequence[RoleGrant]:
    """Return the grants that reach a unit, of accounts that are open, the highest unit first."""
    above = [int(part) for part in unit.path.strip("/").split("/")]
    wanted = (
        select(RoleGrant)
        .join(RoleGrant.account)
        .join(RoleGrant.unit)
        .where(RoleGrant.unit_id.in_(above), Account.is_active)
        .options(contains_eager(RoleGrant.account), contains_eager(RoleGrant.unit))
        .order_by(func.length(OrgUnit.path), Account.login, RoleGrant.role)
    )
    return list(db.session.scalars(wanted))


def get_unit_within(paths: Collection[str], unit_id: int) -> OrgUnit:
    """Return the unit of that id within the subtrees, or raise Missing."""
    unit = db.session.scalar(select(OrgUnit).where(OrgUnit.id == unit_id, within(paths)))
    if unit is None:
        raise Missing
    return unit
