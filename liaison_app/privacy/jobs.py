"""The nightly work: empty what is held longer than it was said to be."""

from __future__ import annotations

from liaison_app.core import clock, personal
from liaison_app.core.db import db, transaction
from liaison_app.core.personal import Holding
from liaison_app.core.scrub import scrub
from liaison_app.jobs.registry import every

from . import queries, rules, services


@every(minutes=30)
def nightly() -> None:
    """Once a night, do all that is due; a night that was missed is made up for at once."""
    is_time = rules.is_time(clock.now(), queries.last_finished_at())
    # The question has opened a transaction.
    db.session.rollback()
    if is_time:
        sweep()


def sweep() -> dict[str, int]:
    """Empty everything whose time is over, in small transactions; return how many rows of each place.

    May be broken off and done again at any point. Counts, seats, positions and states stay as they are.
    """
    with transaction():
        run_id = services.begin_run()
        services.note_left()
    counts = {holding.name: _empty(holding) for holding in personal.holdings()}
    with transaction():
        services.end_run(run_id, counts)
    services.complete_journal()
    db.session.rollback()
    scrub(sorted({one.model.__tablename__ for one in personal.holdings() if counts[one.name]}))
    return counts


def _empty(holding: Holding) -> int:
    done: set[int] = set()
    while True:
        with transaction():
            ids = [id for id in queries.list_due_ids(holding, clock.now(), rules.BATCH) if id not in done]
            if ids:
                holding.empty(ids)
        if not ids:
            return len(done)
        done.update(ids)
