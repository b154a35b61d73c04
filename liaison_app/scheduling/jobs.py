"""Duties of scheduling."""

from __future__ import annotations

from liaison_app.core.db import transaction
from liaison_app.jobs.registry import every

from . import entries, queries

AT_A_TIME = 200


@every(minutes=5)
def store_missing_entries() -> None:
    """Write the feed entries that are missing or older than their meeting, such as after an upgrade that
    made their table; until then feeds leave those meetings out."""
    if not queries.list_without_entry(1):
        return
    with transaction():
        for meeting in queries.list_without_entry(AT_A_TIME):
            entries.store(meeting)
