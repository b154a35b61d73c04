"""Sealers of a race: the product's, one entry at a time, and one that waits for nobody (the negative control)."""

from __future__ import annotations

import time

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from liaison_app.audit import chain, queries
from liaison_app.audit.models import Link
from liaison_app.core.db import db, transaction

PATIENCE = 60  # seconds for a sealer whose entries never end


def seal_one_by_one() -> tuple[int, int]:
    """Seal until nothing waits; return how many, and how often the database refused."""
    return _until_nothing_waits(lambda: chain.seal_some(1))


def seal_without_lock() -> tuple[int, int]:
    """As above, by what was known before the turn to write came."""

    def look_first() -> list[dict]:
        links = chain.next_links(1)
        db.session.rollback()
        time.sleep(0.005)
        return links

    return _until_nothing_waits(_insert, look_first)


def _insert(links: list[dict]) -> int:
    if links:
        db.session.execute(insert(Link), links)
    return len(links)


def _until_nothing_waits(step, look_first=None) -> tuple[int, int]:
    sealed, refused, until = 0, 0, time.monotonic() + PATIENCE
    while queries.list_unsealed(1) and time.monotonic() < until:
        known = (look_first(),) if look_first else ()
        try:
            with transaction():
                done = step(*known)
            sealed += done
        except DBAPIError:
            refused += 1
    db.session.rollback()
    return sealed, refused
