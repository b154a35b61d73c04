"""Write the trail."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Protocol

from liaison_app.core import clock
from liaison_app.core.db import db, derived_key
from liaison_app.core.errors import N_
from liaison_app.core.text import local
from liaison_app.core.web import client_address

from . import rules
from .kinds import Result
from .models import Entry
from .rules import About

# Somebody who came by a personal link or the public page.
ONESELF = N_("本人")
# A volunteer at a meeting's door; who it was is kept with the telephone, and not for ever.
AT_DOOR = N_("门口的手机")

STAMP = "audit stamp"


class Actor(Protocol):
    """An account, as far as the trail wants to know it."""

    id: int
    name: str

    def standing(self, on: date) -> str: ...


def record(
    action: str,
    thing: object | None = None,
    *,
    by: Actor | None,
    sentence: str = "",
    unit_id: int | None = None,
    kind: str = "",
    who: str = "",
    result: Result = Result.SUCCEEDED,
    at_staff_door: bool = False,
) -> None:
    """Add one entry in the caller's transaction. `by=None` is the system, or a person without an account:
    then `who` says in words who that was.

    `sentence` is what a person reads; it never holds a phone number, a reason or a token. The client's address
    is kept of accounts, and of whoever tries to get in `at_staff_door`; never of citizens.
    """
    about = rules.about(thing)
    at = About(kind or about.kind, about.id, unit_id if unit_id is not None else about.unit_id)
    record_about(action, at, by=by, sentence=sentence, who=who, result=result, at_staff_door=at_staff_door)


def record_about(
    action: str,
    about: About,
    *,
    by: Actor | None,
    sentence: str = "",
    who: str = "",
    result: Result = Result.SUCCEEDED,
    at_staff_door: bool = False,
) -> None:
    """Add one entry, as `record` does, about a thing of which only kind and number are at hand."""
    now = clock.now()
    facts = {
        "at": now,
        "actor_id": by.id if by else None,
        "actor_name": by.name if by else who,
        "action": action,
        "thing_kind": about.kind,
        "thing_id": about.id,
        "unit_id": about.unit_id,
        "sentence": sentence,
        "actor_roles": by.standing(local(now).date()) if by else None,
        "address": (client_address() if by or at_staff_door else "") or None,
        "result": result,
    }
    nonce = secrets.token_hex(rules.NONCE_SIGNS // 2)
    db.session.add(Entry(**facts, stamp=rules.stamp_of(derived_key(STAMP), nonce, rules.canonical(facts))))
