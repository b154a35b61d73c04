"""Write the trail."""

from __future__ import annotations

from typing import Protocol

from liaison_app.core import clock
from liaison_app.core.db import db

from .models import Entry

# Somebody who came by a personal link or the public page.
ONESELF = "本人"


class Actor(Protocol):
    id: int
    name: str


def record(
    action: str,
    thing: object | None = None,
    *,
    by: Actor | None,
    sentence: str = "",
    unit_id: int | None = None,
    kind: str = "",
    who: str = "",
) -> None:
    """Add one entry in the caller's transaction. `by=None` is the system, or a person without an account:
    then `who` says in words who that was.

    `sentence` is what a person reads; it never holds a phone number, a reason or a token.
    """
    db.session.add(
        Entry(
            at=clock.now(),
            actor_id=by.id if by else None,
            actor_name=by.name if by else who,
            action=action,
            thing_kind=kind or (type(thing).__name__.lower() if thing is not None else ""),
            thing_id=getattr(thing, "id", None),
            unit_id=unit_id if unit_id is not None else getattr(thing, "unit_id", None),
            sentence=sentence,
        )
    )
