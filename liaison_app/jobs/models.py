"""Work for later, claimed by the worker."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from liaison_app.core.db import CodeType, Model


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class Job(Model):
    """One piece of work: a registered name and one number, usually the id of a row.

    A running job belongs to its worker until `lease_until`; then anybody may take it over.
    A duty that comes round every `every_minutes` has one row for ever, which waits again after each run.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_state_run_after", "state", "run_after"),
        Index("ix_job_name_subject", "name", "subject_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[int]
    state: Mapped[JobState] = mapped_column(CodeType(JobState), default=JobState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    lease_key: Mapped[str | None] = mapped_column(String(40))
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    first_tried_at: Mapped[datetime | None]
    every_minutes: Mapped[int | None]


# However many workers start at once, a duty is one row, and so has one runner.
Index(
    "uq_job_duty",
    Job.name,
    unique=True,
    sqlite_where=Job.every_minutes.is_not(None),
    postgresql_where=Job.every_minutes.is_not(None),
)


class Heartbeat(Model):
    """When each worker was last alive, for the desk and `flask check`."""

    __tablename__ = "heartbeat"

    id: Mapped[int] = mapped_column(primary_key=True)
    worker: Mapped[str] = mapped_column(String(40), unique=True)
    at: Mapped[datetime]
