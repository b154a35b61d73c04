"""Read people's own calendars in the background."""

from __future__ import annotations

from liaison_app.core import fetch
from liaison_app.core.db import db, transaction
from liaison_app.jobs import services as jobs
from liaison_app.jobs.registry import every, job
from liaison_app.jobs.rules import Work

from . import apart, services
from .errors import Unreadable

CALENDAR = "text/calendar, application/octet-stream;q=0.5, */*;q=0.1"


@job(services.READ)
def read(work: Work) -> None:
    """Ask for one calendar and keep its busy times, or note why that was not possible."""
    wish = services.wish_for(work.subject_id)
    # Nothing of the database is held while somebody else's server is waited for.
    db.session.rollback()
    if wish is None:
        return
    marks = {"etag": wish.etag, "changed": wish.changed}
    try:
        answer = fetch.fetch(wish.address, trust=fetch.own_trust(), accept=CALENDAR, **marks)
        reading = apart.read(answer.body, wish.stretch) if answer.body is not None else None
    except (fetch.FetchRefused, Unreadable) as refusal:
        with transaction():
            jobs.keep(work)
            services.note_trouble(work.subject_id, refusal)
        return
    with transaction():
        jobs.keep(work)
        services.note_read(work.subject_id, answer, reading)


@every(minutes=5)
def read_due() -> None:
    """Give each calendar whose time has come its turn."""
    with transaction():
        services.plan_due()


@every(minutes=720)
def forget_past() -> None:
    """Keep no busy time that is over."""
    with transaction():
        services.forget_past()
