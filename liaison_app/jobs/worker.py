"""The loop: a short transaction to claim, none while the work is done, another to settle."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Event

from alembic.migration import MigrationContext
from flask import Flask, current_app, g
from sqlalchemy.exc import DBAPIError

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.limits import services as limits

from . import queries, registry, rules, services
from .errors import GiveUp, LeaseLost, Retry, WrongSchema
from .registry import every
from .rules import Work

log = logging.getLogger("liaison.worker")

IDLE_SECONDS = 1.0
TROUBLE_SECONDS = 5.0
LONGEST_REASON = 500


def run_forever() -> None:
    """Work until SIGTERM or SIGINT; the job under way is finished first.

    Raises WrongSchema once the database is migrated to another version of the program.
    """
    stop = Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    name, beaten = f"{socket.gethostname()[:24]}:{os.getpid()}", float("-inf")
    while not stop.is_set():
        try:
            if time.monotonic() - beaten >= rules.BEAT.total_seconds():
                _beat(name)
                beaten = time.monotonic()
            pause = 0.0 if run_once() else IDLE_SECONDS
        except (DBAPIError, OSError):
            log.exception("the database does not answer")
            pause = TROUBLE_SECONDS
        stop.wait(pause)


def prepare() -> None:
    """Give every duty its row. Raises WrongSchema where the database belongs to another version."""
    with _app().app_context():
        refuse_wrong_schema()
        with transaction():
            services.plan_duties(registry.duties())


def drain() -> int:
    """Work until nothing is due, and return how many jobs that were. Plans no duties: see `prepare`."""
    done = 0
    while run_once():
        done += 1
    return done


def run_once() -> bool:
    """Do one job, in an application context of its own; return False where there was none to take.

    What seems due may be another worker's by now, or not due by the clock of the database.
    """
    names = registry.names()
    with _app().app_context():
        if not queries.has_due(names, clock.now()):
            return False
        with transaction():
            work = services.claim(names)
        if work is None:
            return False
        _perform(work)
        return True


def _perform(work: Work) -> None:
    g.request_id, began = f"job-{work.id}", time.monotonic()
    ended = "failed"
    try:
        registry.run_of(work.name)(work)
    except LeaseLost:
        ended = "taken over"
        log.warning("job %s %s was taken over", work.id, work.name)
    except Retry as failure:
        ended = "put off"
        _put_off(work, str(failure), failure.at or rules.next_try(work, clock.now()))
    except GiveUp as failure:
        ended = "given up"
        log.warning("job %s %s(%s) given up: %s", work.id, work.name, work.subject_id, failure)
        _put_off(work, str(failure), None)
    except Exception as failure:
        log.exception("job %s %s(%s) failed", work.id, work.name, work.subject_id)
        _put_off(work, f"{type(failure).__name__}: {failure}", rules.next_try(work, clock.now()))
    else:
        with transaction():
            services.finish(work)
        ended = "done"
    finally:
        fields = {
            "job": work.name,
            "subject": work.subject_id,
            "attempt": work.attempts,
            "ended": ended,
            "ms": round((time.monotonic() - began) * 1000),
        }
        log.info("job", extra={"fields": fields})


def _put_off(work: Work, why: str, at: datetime | None) -> None:
    with transaction():
        services.put_off(work, why[:LONGEST_REASON], at)


def _beat(name: str) -> None:
    with _app().app_context():
        refuse_wrong_schema()
        with transaction():
            services.beat(name)


def refuse_wrong_schema() -> None:
    """Raise WrongSchema where the database was not migrated to just this version."""
    wanted = _own_schema(current_app.extensions["migrate"].directory)
    found = MigrationContext.configure(db.session.connection()).get_current_revision()
    if found != wanted:
        raise WrongSchema(found or "", wanted)


@cache
def _own_schema(migrations: str) -> str:
    # Read once: an upgrade replaces the files under a worker that still runs the old program.
    return (Path(migrations) / "HEAD").read_text(encoding="ascii").strip()


@every(minutes=60)
def forget_done() -> None:
    """Keep the tables short that are worked off all day: jobs, and what was used of limits."""
    with transaction():
        services.forget_done()
        limits.forget_full()


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
