"""A worker that claims without a lease: the negative control of the tests with several workers."""

from sqlalchemy import select

from liaison_app.app import create_app
from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.jobs import queries, services, worker
from liaison_app.jobs.models import Job
from liaison_app.jobs.rules import Work


def claim_without_lease(names: list[str]) -> Work | None:
    now = clock.now()
    due = select(Job).where(queries.is_due(now), Job.name.in_(names)).order_by(Job.run_after, Job.id).limit(1)
    job = db.session.scalars(due).one_or_none()
    if job is None:
        return None
    job.lease_key = "everybody's"
    return Work(job.id, job.name, job.subject_id, 1, now, "everybody's")


if __name__ == "__main__":
    services.claim = claim_without_lease
    with create_app().app_context():
        worker.drain()
