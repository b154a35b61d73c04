"""Load the demo district into an empty database, all or nothing."""

from __future__ import annotations

import json
import os
from datetime import datetime, time, timedelta
from pathlib import Path

from sqlalchemy import select

from liaison_app.accounts.models import Account
from liaison_app.core.db import db, transaction
from liaison_app.core.text import from_local, local
from liaison_app.core.web import current_settings
from liaison_app.orgs.models import OrgUnit
from liaison_app.scheduling.models import Meeting

from . import calendars, district, founding, post, replay
from .errors import NotDemo, NotEmpty

ACCOUNTS_FILE = "demo-accounts.json"
ONE_DAY = timedelta(days=1)


def load(moment: datetime) -> None:
    """Write the district as it stands on the day of `moment` (aware): everything before that day has happened.

    Opens its own transaction, and leaves the accounts with their passwords in `demo-accounts.json`.
    Raises NotDemo, NotEmpty, TooEarly.
    """
    if not current_settings().is_demo:
        raise NotDemo
    day = local(moment).date()
    meetings = district.meetings(day)
    with transaction():
        if not is_empty():
            raise NotEmpty
        rows, accounts = founding.found()
        # Before the long part: a folder that cannot be written to is better known at once.
        fresh = _write(accounts)
        replay.play(meetings, rows, drafted_at=from_local(day - ONE_DAY, time(16)))
        calendars.add(rows, day, from_local(day - ONE_DAY, time(17)))
        post.deliver(from_local(day - ONE_DAY, time(20)))
    fresh.replace(_place())


def is_empty() -> bool:
    """Return whether nobody has entered anything yet."""
    return not any(db.session.scalar(select(model.id).limit(1)) for model in (Account, OrgUnit, Meeting))


def read_accounts() -> list[dict[str, str]]:
    """Return the accounts of the demo, with role, role_name, unit, login, password and name; none without a demo."""
    try:
        return json.loads(_place().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []


def _place() -> Path:
    return current_settings().data / ACCOUNTS_FILE


def _write(accounts: list[dict[str, str]]) -> Path:
    """Write the accounts to a file beside the one that counts, for its owner's eyes only, and return it."""
    fresh = _place().with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(accounts, file, ensure_ascii=False, indent=2)
        file.write("\n")
    return fresh
