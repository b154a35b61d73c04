"""What an operator watches, read from the database and the disk at the moment it is asked for."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from liaison_app.core import clock
from liaison_app.jobs import queries as jobs
from liaison_app.messages import queries as messages
from liaison_app.settings import Settings

from . import backups, checks


@dataclass(frozen=True)
class Figures:
    """Ages are in seconds, and None where there is nothing to be old."""

    outbox_waiting: int
    outbox_failed: int
    outbox_oldest_seconds: float | None
    jobs_waiting: int
    jobs_dead: int
    worker_seen_seconds: float | None
    backup_age_seconds: float | None
    backup_tried_age_seconds: float | None
    backup_failed: int
    disk_free_bytes: int
    migration_is_right: int


def read() -> Figures:
    """Return all figures. Raises SQLAlchemyError where the database does not answer."""
    settings: Settings = current_app.config["LIAISON"]
    waiting, failed, oldest = messages.measure_outbox()
    record = backups.read_record(settings)
    present, newest = checks.find_migration()
    return Figures(
        outbox_waiting=waiting,
        outbox_failed=failed,
        outbox_oldest_seconds=_age(oldest),
        jobs_waiting=jobs.count_waiting(),
        jobs_dead=jobs.count_dead(),
        worker_seen_seconds=_age(jobs.last_heartbeat()),
        backup_age_seconds=_age(_moment(record.get("made_at"))),
        backup_tried_age_seconds=_age(_moment(record.get("tried_at"))),
        backup_failed=int(bool(record.get("failed_at"))),
        disk_free_bytes=shutil.disk_usage(settings.data).free,
        migration_is_right=int(present == newest),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _age(moment: datetime | None) -> float | None:
    return (clock.now() - moment).total_seconds() if moment else None
