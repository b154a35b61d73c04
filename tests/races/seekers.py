"""What one person does who wants a seat, with the guard of the seats and without it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event

from liaison_app.core import db as database
from liaison_app.core.db import db, transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.signups import rules, services
from liaison_app.signups.rules import Applicant
from tests.parts.crowds import Call

HESITATION = 0.05  # seconds between looking and taking, where the guard is off


def arrivals(pool_id: int, number: int, *, first: int = 1, guarded: bool = True) -> list[Call]:
    """Return one sign-up each of that many people whom nobody has met before."""
    act = arrive if guarded else arrive_unguarded
    return [(act, pool_id, f"群众{n}", f"138{n:08}") for n in range(first, first + number)]


def arrive(pool_id: int, name: str, mobile: str, form_token: str | None = None) -> str:
    """Sign up; return the state, or the name of the refusal."""
    try:
        with transaction():
            return str(services.sign_up(pool_id, Applicant(name, mobile), form_token=form_token).state)
    except LiaisonError as refusal:
        return type(refusal).__name__


def arrive_of_firm(pool_id: int, name: str, mobile: str) -> str:
    try:
        with transaction():
            applicant = Applicant(name, mobile, organisation="安居物业")
            return str(services.sign_up(pool_id, applicant).state)
    except LiaisonError as refusal:
        return type(refusal).__name__


def leave(signup_id: int) -> str:
    with transaction():
        return str(services.withdraw(signup_id).state)


def take_offer(signup_id: int) -> str:
    with transaction():
        return str(services.accept(signup_id).state)


def take_offer_unguarded(signup_id: int) -> str:
    with _guard_off():
        return take_offer(signup_id)


def arrive_unguarded(*given: Any) -> str:
    with _guard_off():
        return arrive(*given)


_door = threading.Lock()
_inside = 0
_undo: list[Any] = []


@contextmanager
def _guard_off() -> Iterator[None]:
    """Read the meeting where it should be locked and, on SQLite, begin no transaction: in this whole process,
    while anybody is inside."""
    global _inside
    with _door:
        _inside += 1
        if _inside == 1:
            _take_away()
    try:
        yield
    finally:
        with _door:
            _inside -= 1
            if not _inside:
                while _undo:
                    _undo.pop()()


def _hesitating(look: Any) -> Any:
    def look_and_hesitate(*args: Any) -> Any:
        found = look(*args)
        time.sleep(HESITATION)
        return found

    return look_and_hesitate


def _take_away() -> None:
    changes = [
        *(patch.object(rules, name, _hesitating(getattr(rules, name))) for name in ("place_next", "is_late")),
        patch.object(services, "lock", lambda model, id: db.session.get(model, id)),
    ]
    if database.is_sqlite():
        changes.append(patch.object(database, "turn", nullcontext))
        event.remove(Engine, "begin", database._begin)
        _undo.append(lambda: event.listen(Engine, "begin", database._begin))
    for change in changes:
        change.start()
        _undo.append(change.stop)
