"""Read the trail."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from liaison_app.core.db import db

from .models import Entry


def trail_of(kind: str, id: int, limit: int = 30) -> Sequence[Entry]:
    """Return the latest entries about one thing, the newest first."""
    wanted = select(Entry).where(Entry.thing_kind == kind, Entry.thing_id == id)
    return list(db.session.scalars(wanted.order_by(Entry.id.desc()).limit(limit)))
