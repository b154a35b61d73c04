"""Accounts of the staff, and how a test becomes one of them."""

from itertools import count

from flask.testing import FlaskClient

from liaison_app.access.permissions import Role
from liaison_app.accounts import services
from liaison_app.accounts.models import Account
from liaison_app.core.db import db, transaction
from liaison_app.orgs.models import OrgUnit

_numbers = count(1)


def make_account(role: Role | None = None, unit: OrgUnit | None = None, *, login: str = "") -> Account:
    """Add an account without a password that holds `role` on `unit`."""
    account = services.create_account(login or f"clerk-{next(_numbers)}", "测试账号", by=None)
    if role is not None and unit is not None:
        services.grant(account, role, unit.id, by=None)
        db.session.flush()
    return account


def sign_in(client: FlaskClient, account: Account) -> FlaskClient:
    """Make `client` the browser of `account`; opens its own transaction."""
    with transaction():
        _, key = services.open_browser(account.id, "127.0.0.1")
    with client.session_transaction() as cookie:
        cookie["key"] = key
    return client
