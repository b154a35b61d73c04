"""Seal the trail into a chain, and find out whether somebody touched it."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import insert

from liaison_app.core import clock
from liaison_app.core.db import db, derived_key, lock_key, transaction

from . import queries, rules
from .kinds import Flaw
from .models import Entry, Link
from .queries import Raw
from .services import STAMP

AT_A_TIME = 1000
LINK = "audit link"
START = "liaison"
_FACTS = [column.name for column in Entry.__table__.columns if column.name not in {"id", "stamp"}]


@dataclass(frozen=True)
class Fault:
    """The first thing that does not fit, and where: a place in the chain, the number of an entry, or names."""

    flaw: Flaw
    position: int | None = None
    entry_id: int | None = None
    names: str = ""


@dataclass
class Report:
    """What a walk along the chain found. `anchor` is to be written down elsewhere."""

    entries: int = 0
    first_at: object = None
    last_at: object = None
    position: int = 0
    hash: str = START
    unsealed: int = 0
    fault: Fault | None = None

    @property
    def anchor(self) -> str:
        return f"{self.position}:{self.hash}"


def facts_of(entry: Raw) -> bytes:
    """Return what an entry says, without its number and its stamp, as bytes."""
    return rules.canonical({name: entry[name] for name in _FACTS})


def where(fault: Fault) -> str:
    """Return in words where a fault lies."""
    parts = []
    if fault.entry_id is not None:
        parts.append(f"记录编号 {fault.entry_id}")
    if fault.position is not None:
        parts.append(f"链上第 {fault.position} 位")
    return "，".join([*parts, fault.names] if fault.names else parts)


# --- seal ---------------------------------------------------------------------


def seal(*, is_whole: bool = False) -> int:
    """Give every entry that waits its link, some at a time, each time in a transaction of its own.

    Returns how many. `is_whole` looks for them in the whole trail instead of at its end.
    """
    sealed = 0
    while queries.list_unsealed(1, is_whole=is_whole):
        with transaction():
            sealed += seal_some(AT_A_TIME, is_whole=is_whole)
    # Nothing is left open while others work.
    db.session.rollback()
    return sealed


def seal_some(limit: int, *, is_whole: bool = False) -> int:
    """Append at most `limit` links in the caller's transaction, one sealer at a time, and return how many."""
    lock_key("audit chain")
    links = next_links(limit, is_whole=is_whole)
    if links:
        db.session.execute(insert(Link), links)
    return len(links)


def next_links(limit: int, *, is_whole: bool = False) -> list[Raw]:
    """Return what is to follow the end of the chain, as it stands now."""
    last = queries.last_link()
    position, before = (last.position, last.hash) if last else (0, START)
    key, now = derived_key(LINK), clock.now()
    mark, links = rules.key_mark(key), []
    for entry in queries.list_unsealed(limit, is_whole=is_whole):
        position += 1
        link = {
            "position": position,
            "entry_id": entry["id"],
            "sealed_at": now,
            "key_mark": mark,
        }
        before = rules.link_hash(key, before, link, entry["stamp"], facts_of(entry))
        links.append({**link, "hash": before})
    return links


# --- verify -------------------------------------------------------------------


def verify(*, old_secrets: Sequence[str] = (), anchor: tuple[int, str] | None = None) -> Report:
    """Walk along the whole chain and return what was found; stops at the first fault. Writes nothing.

    `old_secrets` are what the installation's secret was before; `anchor` is a place and a hash from an earlier
    walk, kept where nobody reaches who reaches the database.
    """
    walk = _Walk(old_secrets)
    report = walk.report
    report.fault = next(walk.faults(), None) or _find_cut(anchor) or _find_unsealed(walk) or _find_unguarded()
    db.session.rollback()
    return report


class _Walk:
    """One walk along the chain: the keys that fit, and what was seen so far."""

    def __init__(self, old_secrets: Sequence[str]):
        secrets = ["", *old_secrets]
        self.keys = {rules.key_mark(key): key for key in (derived_key(LINK, one) for one in secrets)}
        self.stamp_keys = [derived_key(STAMP, one) for one in secrets]
        self.report = Report()
        self.has_met_a_stamp = False

    def faults(self) -> Iterator[Fault]:
        """Yield each link that does not fit, in their order."""
        while links := queries.list_links(self.report.position, AT_A_TIME):
            for link in links:
                if flaw := self.flaw_of(link):
                    yield Fault(flaw, self.report.position + 1, link["link_entry_id"])
                self.go_on(link)
            db.session.rollback()

    def flaw_of(self, link: Raw) -> Flaw | None:
        if link["link_position"] != self.report.position + 1:
            return Flaw.LINK_DELETED
        if link["id"] is None:
            return Flaw.DELETED
        key = self.keys.get(link["link_key_mark"])
        if key is None:
            return Flaw.OTHER_KEY
        place = {name: link[f"link_{name}"] for name in ("position", "entry_id", "sealed_at", "key_mark")}
        facts = facts_of(link)
        wanted = rules.link_hash(key, self.report.hash, place, link["stamp"], facts)
        if not hmac.compare_digest(wanted.encode(), str(link["link_hash"]).encode()):
            is_stamped = rules.is_stamped(self.stamp_keys, link["stamp"], facts)
            return Flaw.LINK_CHANGED if is_stamped else Flaw.CHANGED
        return None if self.is_ours(link["stamp"], facts) else Flaw.FOREIGN

    def is_ours(self, stamp: object, facts: bytes) -> bool:
        """Return whether the application wrote an entry, as far as its stamp can say.

        Before there were stamps no entry had one: that is the beginning of the chain, and nowhere else.
        """
        if stamp is None and not self.has_met_a_stamp:
            return True
        return rules.is_stamped(self.stamp_keys, stamp, facts)

    def go_on(self, link: Raw) -> None:
        report = self.report
        report.entries += 1
        report.position, report.hash = link["link_position"], link["link_hash"]
        report.first_at = report.first_at or link["at"]
        report.last_at = link["at"]
        self.has_met_a_stamp = self.has_met_a_stamp or link["stamp"] is not None


def _find_cut(anchor: tuple[int, str] | None) -> Fault | None:
    """Compare the chain with what was written down of it."""
    if anchor is None:
        return None
    position, signs = anchor
    found = queries.find_hash(position)
    if found is None:
        return Fault(Flaw.CUT, position)
    return None if found.startswith(signs) else Fault(Flaw.MADE_ANEW, position)


def _find_unsealed(walk: _Walk) -> Fault | None:
    """Look at what has no link yet: of the last minutes that is as it should be."""
    late, last_id = clock.now() - rules.SEALED_WITHIN, 0
    while entries := queries.list_unsealed(AT_A_TIME, after_id=last_id, is_whole=True):
        for entry in entries:
            last_id = entry["id"]
            if not walk.is_ours(entry["stamp"], facts_of(entry)):
                return Fault(Flaw.FOREIGN, None, last_id)
            if (rules.moment_of(entry["at"]) or late) < late:
                return Fault(Flaw.LATE, None, last_id)
            walk.has_met_a_stamp = walk.has_met_a_stamp or entry["stamp"] is not None
            walk.report.unsealed += 1
        db.session.rollback()
    return None


def _find_unguarded() -> Fault | None:
    missing = queries.list_missing_guards()
    return Fault(Flaw.UNGUARDED, names="、".join(missing)) if missing else None
