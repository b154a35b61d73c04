"""Read the trail and its chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, select, text, type_coerce
from sqlalchemy.types import NullType

from liaison_app.core import clock
from liaison_app.core.db import db, is_sqlite

from .kinds import Result
from .models import Entry, Link
from .rules import QUIET, SEALED_WITHIN

# Entries come to light in almost the order of their numbers: a transaction that began earlier may end later,
# but not by so many entries. Once a day the whole trail is looked through instead.
SLACK = 10_000
CHECKED = "audit:chain:check"
# The guards of the database by name; whoever owns the database can take them away.
_TABLES = ("audit_entry", "audit_link")
_INDEXES = {"uq_audit_entry_stamp", "uq_audit_link_entry_id"}
GUARDS = {
    "sqlite": _INDEXES | {f"{table}_guard_{verb}" for table in _TABLES for verb in ("delete", "replace", "update")},
    "postgresql": _INDEXES | {f"{table}_guard{verb}" for table in _TABLES for verb in ("", "_truncate")},
}  # fmt: skip
# A row as the database has it: what somebody put there by hand may be no moment, no number, no known word.
Raw = dict[str, Any]
_ENTRY = [type_coerce(column, NullType()).label(column.name) for column in Entry.__table__.columns]
_LINK = [type_coerce(column, NullType()).label(f"link_{column.name}") for column in Link.__table__.columns]


@dataclass(frozen=True)
class ChainState:
    """Where the chain stands: its last link, how many entries wait for theirs, and when it was last checked."""

    position: int
    sealed_at: datetime | None
    waiting: int
    waiting_since: datetime | None
    checked: Entry | None

    @property
    def is_well(self) -> bool:
        return self.checked is None or self.checked.result == Result.SUCCEEDED

    @property
    def is_late(self) -> bool:
        """Whether entries wait longer than they should; not before anything was sealed, as after an upgrade."""
        return (
            bool(self.position)
            and self.waiting_since is not None
            and clock.now() - self.waiting_since > SEALED_WITHIN
        )


def trail_of(kind: str, id: int, limit: int = 30) -> Sequence[Entry]:
    """Return the latest things done to one thing, the newest first."""
    wanted = select(Entry).where(Entry.thing_kind == kind, Entry.thing_id == id, Entry.action.not_in(QUIET))
    return list(db.session.scalars(wanted.order_by(Entry.id.desc()).limit(limit)))


def is_noted(
    actor_id: int, action: str, kind: str, id: int | None, since: datetime, sentence: str | None = None
) -> bool:
    """Return whether an account's act on a thing is in the trail already since a moment."""
    wanted = _noted(actor_id, action, since).where(
        Entry.thing_kind == kind, Entry.thing_id.is_not_distinct_from(id)
    )
    if sentence is not None:
        wanted = wanted.where(Entry.sentence == sentence)
    return bool(db.session.scalar(select(wanted.exists())))


def count_noted(actor_id: int, action: str, since: datetime) -> int:
    """Return how often an account's act is in the trail since a moment."""
    return _count(_noted(actor_id, action, since))


def is_known(actor_id: int | None, action: str, address: str | None, sentence: str, since: datetime) -> bool:
    """Return whether just this, from just there, is in the trail since a moment, whatever it was about."""
    wanted = _since(action, since).where(
        Entry.actor_id.is_not_distinct_from(actor_id),
        Entry.address.is_not_distinct_from(address),
        Entry.sentence == sentence,
    )
    return bool(db.session.scalar(select(wanted.exists())))


def count_since(action: str, since: datetime) -> int:
    """Return how often something is in the trail since a moment, whoever did it."""
    return _count(_since(action, since))


def _count(wanted: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0


def _noted(actor_id: int, action: str, since: datetime) -> Select[Any]:
    return _since(action, since).where(Entry.actor_id == actor_id)


def _since(action: str, since: datetime) -> Select[Any]:
    return select(Entry.id).where(Entry.at > since, Entry.action == action)


def last_link() -> Link | None:
    """Return the end of the chain, or None where nothing is sealed yet."""
    return db.session.scalar(select(Link).order_by(Link.position.desc()).limit(1))


def find_hash(position: int) -> str | None:
    """Return the hash of one link, or None where the chain does not reach that far."""
    return db.session.scalar(select(Link.hash).where(Link.position == position))


def list_links(after: int, limit: int) -> list[Raw]:
    """Return links with their entries, in order; an entry that is gone is all None."""
    wanted = select(*_LINK, *_ENTRY).outerjoin(Entry, Entry.id == Link.entry_id)
    return _raw(wanted.where(Link.position > after).order_by(Link.position).limit(limit))


def list_unsealed(limit: int, *, after_id: int = 0, is_whole: bool = False) -> list[Raw]:
    """Return entries without a link in the order of their numbers; `is_whole` looks through the whole trail."""
    return _raw(_unsealed(is_whole, *_ENTRY).where(Entry.id > after_id).limit(limit))


def chain_state() -> ChainState:
    """Return where the chain stands, for the page and for `flask check`."""
    last = last_link()
    unsealed = _unsealed(False, Entry.at).order_by(None).subquery()
    waiting, since = db.session.execute(select(func.count(), func.min(unsealed.c.at))).one()
    checked = db.session.scalar(
        select(Entry).where(Entry.action == CHECKED).order_by(Entry.id.desc()).limit(1)
    )
    return ChainState(last.position if last else 0, last.sealed_at if last else None, waiting, since, checked)


def list_missing_guards() -> list[str]:
    """Return the guards of the two tables that are not there or switched off."""
    asked = (
        "SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger')"
        if is_sqlite()
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
        " UNION SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
    )
    present = set(db.session.scalars(text(asked)))
    return sorted(GUARDS["sqlite" if is_sqlite() else "postgresql"] - present)


def _raw(wanted: Any) -> list[Raw]:
    return [dict(row) for row in db.session.execute(wanted).mappings()]


def _unsealed(is_whole: bool, *columns: Any) -> Select[Any]:
    wanted = select(*columns).where(~exists().where(Link.entry_id == Entry.id)).order_by(Entry.id)
    if is_whole:
        return wanted
    highest = select(func.coalesce(func.max(Link.entry_id), 0)).scalar_subquery()
    return wanted.where(Entry.id > highest - SLACK)
