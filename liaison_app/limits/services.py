"""Count uses of a limit, and refuse the one too many.

A use is counted in the transaction that it asks for, so that counting costs no commit of its own; a request
that wrote nothing is counted afterwards, in a short one. Who is over the limit is found by reading alone: a
flood cannot make the database write.
"""

from __future__ import annotations

from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from liaison_app.core import clock
from liaison_app.core.db import db, is_sqlite, keyed_hash, transaction

from . import rules
from .errors import TooMany
from .models import Allowance
from .rules import Limit


def take(limit: Limit, who: str) -> None:
    """Count one use in the caller's transaction. Raises TooMany where `who` has none left."""
    now = _now()
    insert = sqlite.insert if is_sqlite() else postgresql.insert
    every, use = rules.every_ms(limit), insert(Allowance).values(key=_key(limit, who), full_at=now)
    use = use.values(full_at=now + every)
    free_from = case((Allowance.full_at > now, Allowance.full_at), else_=now)
    counted = use.on_conflict_do_update(
        index_elements=[Allowance.key],
        set_={"full_at": free_from + every},
        where=Allowance.full_at <= now + rules.span_ms(limit) - every,
    ).returning(Allowance.full_at)
    if db.session.scalar(counted) is None:
        refuse_spent(limit, who)
        # The second in which one more is allowed began just now; this use was not counted all the same.
        raise TooMany(1)


def count(limit: Limit, who: str) -> None:
    """Count one use in a transaction of its own. Raises TooMany, and then writes nothing."""
    refuse_spent(limit, who)
    with transaction():
        take(limit, who)


def refuse_spent(limit: Limit, who: str) -> None:
    """Raise TooMany where `who` has none left; only reads."""
    full_at = db.session.scalar(select(Allowance.full_at).where(Allowance.key == _key(limit, who)))
    if wait := rules.wait_ms(limit, full_at or 0, _now()):
        raise TooMany(wait)


def forget_full() -> None:
    """Delete the rows that say nothing any more; in the caller's transaction."""
    db.session.execute(delete(Allowance).where(Allowance.full_at < _now()))


def _now() -> int:
    return int(clock.now().timestamp() * 1000)


def _key(limit: Limit, who: str) -> str:
    return keyed_hash("limit", f"{limit.name}:{who}")
