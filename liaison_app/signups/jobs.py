"""Duties of sign-ups."""

from __future__ import annotations

from datetime import timedelta

from liaison_app.core import clock
from liaison_app.core.db import transaction
from liaison_app.jobs.registry import every
from liaison_app.scheduling.rules import MOST

from . import queries, services


@every(minutes=1)
def pass_over_unanswered() -> None:
    """Give seats to the next in line whose offers ran out; one transaction for each meeting."""
    for meeting_id in sorted({signup.meeting_id for signup in queries.list_overdue()}):
        with transaction():
            services.pass_over(meeting_id)


@every(minutes=1)
def share_out_seats() -> None:
    """Once the hour has come, give seats that nobody of their role waits for to who waits for another role.

    One transaction for each meeting, so that nobody who signs up waits for all of them.
    """
    for meeting_id in queries.list_to_share(clock.now() + timedelta(hours=MOST["spill_hours"])):
        with transaction():
            services.promote(meeting_id)
