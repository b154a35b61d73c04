"""Installations that live as long as a measurement: a folder, a database with meetings in it, a server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

import flask_migrate
from flask import Flask

from liaison_app.app import MIGRATIONS, ROOT, create_app
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.orgs.kinds import OrgKind
from liaison_app.scheduling import services
from liaison_app.scheduling.kinds import PlaceKind, RoleCode
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.settings import Settings
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.stations import make_station

SECRET = "only-for-measurements-0123456789abcdef"
WORKERS, THREADS = 2, 4
BOOT_SECONDS = 30


@contextmanager
def installation(database_url: str = "") -> Iterator[Flask]:
    """Give the application on a fresh database, migrated, with its context open."""
    with TemporaryDirectory(prefix="liaison-bench-") as folder:
        settings = Settings(data=Path(folder), database_url=database_url, secret_key=SECRET)
        app = create_app(settings)
        with app.app_context():
            flask_migrate.upgrade(directory=str(MIGRATIONS))
            yield app
            db.session.remove()
            db.engine.dispose()


def add_meetings(number: int) -> list[str]:
    """Book and publish so many meetings, each with a head, six deputies, and seats for twelve; return their codes."""
    with transaction():
        bureau = make_unit("城市管理局", OrgKind.BUREAU)
        head = make_official(bureau, "程建业").id
        deputies = [make_deputy().id for _ in range(6)]
        station = make_station()
        unit_id, station_id, bureau_id = station.unit_id, station.id, bureau.id
    first = clock.now() + timedelta(days=2)
    codes = []
    for n in range(number):
        plan = MeetingPlan(
            kind="face_bureau",
            title=f"供暖专场 第 {n + 1} 场",
            starts_at=first + timedelta(hours=3 * n),
            ends_at=first + timedelta(hours=3 * n + 2),
            place_kind=PlaceKind.OUTSIDE,
            station_id=station_id,
            place_text="曙光小学 多功能厅",
            about="暖气不够热、缴费、报修、开栓时间。\n把想问的事带来，局长当面答。",
            agenda="一、部门介绍。二、代表提问。三、群众提问。四、局长当场答复。",
            seats=((RoleCode.DEPUTY, 6), (RoleCode.CITIZEN, 8), (RoleCode.PROPERTY_REP, 4)),
            people=(
                PlannedPerson(head, RoleCode.BUREAU_HEAD, bureau_id, is_lead=True, title="局长"),
                *(PlannedPerson(one, RoleCode.DEPUTY) for one in deputies),
            ),
        )
        with transaction():
            meeting = services.create_meeting(plan, unit_id=unit_id, by=None)
            services.publish(meeting.id, version=meeting.version, by=None)
            for pool in meeting.pools:
                pool.wait_places = 1_000_000
            codes.append(meeting.code)
    return codes


@dataclass
class Server:
    """A running gunicorn: where it listens, and what its workers have used of the processor."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        stats = (Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split() for child in children)
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(application: str, environ: Mapping[str, str], ready: str) -> Iterator[Server]:
    """Serve `module:name` by gunicorn's gthread workers, from when `ready` answers until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        options = (
            f"--bind fd://{door.fileno()} --worker-class gthread --workers {WORKERS} --threads {THREADS}"
            " --keep-alive 30 --log-level warning --no-control-socket"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", application, *options.split()],
            cwd=ROOT,
            env={**os.environ, **environ},
            pass_fds=[door.fileno()],
        )
    try:
        _wait(f"http://127.0.0.1:{port}{ready}", process)
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + BOOT_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer within {BOOT_SECONDS} s")


def environment(app: Flask) -> dict[str, str]:
    """Return what a second process needs to serve the same installation."""
    settings: Settings = app.config["LIAISON"]
    return {
        "LIAISON_DATA": str(settings.data),
        "LIAISON_DATABASE_URL": settings.database_url,
        "LIAISON_SECRET_KEY": settings.secret_key,
    }


def copy_of(app: Flask, name: str) -> Path:
    """Copy the SQLite database of an installation next to it, whole."""
    settings: Settings = app.config["LIAISON"]
    copy = settings.data / name
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(settings.data / "liaison.sqlite3", copy)
    return copy
