"""Check and write lists in the background."""

from __future__ import annotations

from itertools import islice

from liaison_app.core.db import transaction
from liaison_app.jobs import services as jobs
from liaison_app.jobs.registry import every, job
from liaison_app.jobs.rules import Work

from . import plan, services
from .errors import ListRefused, SheetRefused

# How often the reader of the page sees the number move; each time is a transaction of its own.
BATCH = 50


@job(services.READ)
def read(work: Work) -> None:
    """Check a list against the database, and note batch by batch how far that is."""
    with transaction():
        upload = services.begin(work.subject_id, work.attempts)
    if upload is None:
        return
    try:
        reading = services.read_file(upload.kind, upload.data)
    except SheetRefused as refusal:
        with transaction():
            services.refuse(work.subject_id, refusal)
        return
    mark = plan.Print()
    lines = plan.lines(upload.kind, services.match(upload.kind, reading.entries, upload.scope))
    while batch := list(islice(lines, BATCH)):
        for line in batch:
            mark.add(line)
        with transaction():
            jobs.keep(work)
            is_wanted = services.note_lines(work.subject_id, batch)
        if not is_wanted:
            return
    with transaction():
        services.settle(work.subject_id, str(mark))


@job(services.WRITE)
def write(work: Work) -> None:
    """Write a long list that was confirmed; one that stands otherwise by now is shown again."""
    with transaction():
        upload = services.take(work.subject_id, work.attempts)
    if upload is None:
        return
    reading = services.read_file(upload.kind, upload.data)
    try:
        with transaction():
            jobs.keep(work)
            services.write(work.subject_id, reading, by=None)
    except ListRefused as refusal:
        with transaction():
            services.keep(work.subject_id, refusal)


@every(minutes=60)
def forget_old() -> None:
    """Keep no uploaded file and none of its rows longer than a day."""
    with transaction():
        services.forget_old()
