"""Read what came in, one mail after the other; a bad one stops no other."""

from __future__ import annotations

from liaison_app.core.db import transaction
from liaison_app.jobs.registry import every, job
from liaison_app.jobs.rules import Work

from . import queries, services


@job(queries.SETTLE)
def settle(work: Work) -> None:
    """Understand one mail and do what it is entitled to."""
    with transaction():
        services.settle(work.subject_id)


@every(minutes=10)
def lay_open() -> None:
    """Lay before a clerk what could not be worked on at all."""
    with transaction():
        for mail_id in queries.list_stuck_ids(services.AT_ONCE):
            services.give_up(mail_id)
