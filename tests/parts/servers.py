"""Real servers on real ports: one in this process that follows a held clock, one of gunicorn's processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from liaison_app.app import ROOT, create_app
from liaison_app.core import clock
from liaison_app.settings import Settings
from tests.parts.databases import Database
from tests.parts.report import note

BOOT_SECONDS = 60


class QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class LiveServer:
    """The application as people meet it, forms with their tokens, in threads of this process.

    `url` is the base address in the settings, so that links in messages lead here.
    Set `at` to hold the server's clock.
    """

    def __init__(self, settings: Settings, door: socket.socket):
        self.url = settings.base_url
        self.at: datetime | None = None
        self.app = create_app(settings)
        host, port = door.getsockname()[:2]
        self._server = make_server(
            host, port, self._answer, threaded=True, request_handler=QuietHandler, fd=door.fileno()
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        with clock.frozen(self.at) if self.at else nullcontext():
            return self.app(environ, start_response)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()


class GunicornServer:
    """The application in two processes of four threads each, as in production."""

    def __init__(self, database: Database, log: Path):
        with socket.create_server(("127.0.0.1", 0)) as door, log.open("wb") as output:
            self.url = f"http://127.0.0.1:{door.getsockname()[1]}"
            options = f"--bind fd://{door.fileno()} --workers 2 --threads 4 --no-control-socket"
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "wsgi:application", *options.split()],
                cwd=ROOT,
                env={
                    **os.environ,
                    "LIAISON_MODE": "demo",
                    "LIAISON_DATA": str(database.data),
                    "LIAISON_DATABASE_URL": database.settings.database_url,
                    "LIAISON_SECRET_KEY": database.settings.secret_key,
                    "LIAISON_BASE_URL": self.url,
                },
                pass_fds=[door.fileno()],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait(log)

    def _wait(self, log: Path) -> None:
        give_up = time.monotonic() + BOOT_SECONDS
        while True:
            try:
                with urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except (URLError, OSError) as error:
                if time.monotonic() > give_up or self._process.poll() is not None:
                    self.stop()
                    raise RuntimeError(f"gunicorn did not start ({error}):\n{log.read_text()}") from error
                time.sleep(0.1)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def _stopped_at_the_end() -> Iterator[dict[str, Any]]:
    running: dict[str, Any] = {}
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture(scope="session")
def _live_servers(databases: Any) -> Iterator[dict[str, LiveServer]]:
    with _stopped_at_the_end() as running:
        yield running


@pytest.fixture(scope="session")
def _gunicorns(databases: Any) -> Iterator[dict[str, GunicornServer]]:
    with _stopped_at_the_end() as running:
        yield running


@pytest.fixture
def live_server(database: Database, _live_servers: dict[str, LiveServer]) -> LiveServer:
    """Real HTTP on the test's database; one server per engine lives through the run."""
    if database.engine not in _live_servers:
        _live_servers[database.engine] = LiveServer(database.settings, database.door)
        note(f"Werkzeug {version('werkzeug')}")
    server = _live_servers[database.engine]
    server.at = None
    return server


@pytest.fixture
def open_server(database: Database) -> Iterator[Callable[..., LiveServer]]:
    """Serve the test's database once more under the name localhost, with other settings: `open_server(idle_minutes=5)`."""
    with ExitStack() as after:

        def open_one(**changes: Any) -> LiveServer:
            door = after.enter_context(socket.create_server(("127.0.0.1", 0)))
            changes = {"base_url": f"http://localhost:{door.getsockname()[1]}", **changes}
            server = LiveServer(replace(database.settings, **changes), door)
            after.callback(server.stop)
            after.callback(database.forget_connections, server.app)
            return server

        yield open_one


@pytest.fixture
def gunicorn_server(
    database: Database, _gunicorns: dict[str, GunicornServer], tmp_path_factory: pytest.TempPathFactory
) -> GunicornServer:
    """Real processes on the test's database, for races; their clock cannot be held."""
    if database.engine not in _gunicorns:
        log = tmp_path_factory.mktemp("gunicorn") / f"{database.engine}.log"
        _gunicorns[database.engine] = GunicornServer(database, log)
        note(f"gunicorn {version('gunicorn')}")
    return _gunicorns[database.engine]
