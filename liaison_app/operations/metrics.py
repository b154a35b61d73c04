"""Figures for Prometheus. Requests are counted in each process and added up over the files that gunicorn's processes
share (gunicorn.conf.py); everything else is read from the database when it is asked for, by whichever process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from . import figures

NAMES = {
    "outbox_waiting": "Mails that wait to leave",
    "outbox_failed": "Messages that wait for a clerk because they failed",
    "outbox_oldest_seconds": "Age of the oldest mail that waits",
    "jobs_waiting": "Jobs that are due or put off",
    "jobs_dead": "Jobs that were given up",
    "worker_seen_seconds": "How long ago a worker showed itself",
    "backup_age_seconds": "Age of the newest backup",
    "backup_tried_age_seconds": "How long ago a backup was restored into a place of its own",
    "backup_failed": "1 where the latest backup failed",
    "disk_free_bytes": "Free space on the disk of the data folder",
    "migration_is_right": "1 where the database is at the program's migration",
}
SECONDS = (0.05, 0.1, 0.3, 1, 3, 10)

_local = CollectorRegistry()
_requests = Counter("liaison_requests", "Requests", ("endpoint", "method", "status"), registry=_local)
_seconds = Histogram(
    "liaison_request_seconds", "Time to answer", ("endpoint",), buckets=SECONDS, registry=_local
)


def init_app(app: Flask) -> None:
    """Count every request by its endpoint, never by its address."""
    app.after_request(_count)


def _count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    _requests.labels(endpoint, request.method, str(response.status_code)).inc()
    if "began" in g:
        _seconds.labels(endpoint).observe(time.monotonic() - g.began)
    return response


class _Figures(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, value in asdict(figures.read()).items():
            if value is not None:
                yield GaugeMetricFamily(f"liaison_{name}", NAMES[name], value=value)


def text() -> bytes:
    """Return all figures in Prometheus's text format."""
    registry = CollectorRegistry()
    try:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    except ValueError:
        # One process, which counts for itself.
        registry = _local
    return generate_latest(registry) + _gauges()


def _gauges() -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return generate_latest(registry)
