"""Migrations that are killed, run twice at once, or go down and up again under data."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from urllib.error import HTTPError
from urllib.request import urlopen

import flask_migrate
import psycopg
import pytest
from sqlalchemy import inspect, text

from liaison_app.app import MIGRATIONS, ROOT
from liaison_app.core.db import db
from liaison_app.operations import checks, schema
from tests.parts.installations import Installation
from tests.parts.report import remark

HEAD = (MIGRATIONS / "HEAD").read_text().strip()
pytestmark = pytest.mark.storm

UNGUARDED = (
    "import contextlib, liaison_app.core.db as d; d.turn = contextlib.nullcontext;"
    "from wsgi import application as a; import flask_migrate\n"
    "with a.app_context(): flask_migrate.upgrade()"
)


def tables(installation: Installation) -> dict[str, int]:
    """Return every table with its rows; the number at which the migrations stand is looked at by itself."""
    with installation.inside(), db.engine.connect() as connection:
        names = sorted(set(inspect(connection).get_table_names()) - {"alembic_version"})
        return {
            name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names
        }


def version(installation: Installation) -> str:
    """Return the step that the database is at, or “”; as quickly as can be."""
    asked = "SELECT version_num FROM alembic_version"
    try:
        if installation.engine == "postgresql":
            with psycopg.connect(installation.database_url) as found:
                row = found.execute(asked).fetchone()
        else:
            with closing(sqlite3.connect(f"file:{installation.file}?mode=ro", uri=True)) as found:
                row = found.execute(asked).fetchone()
    except (psycopg.errors.UndefinedTable, sqlite3.OperationalError):
        return ""
    return row[0] if row else ""


def test_killed_at_any_moment_it_is_done_by_doing_it_again(installations):
    """X24. Between two steps or inside of one, what stands in the database is whole steps."""
    whole = tables(installations())
    stopped_at = []
    for least in ("0001", "0003", "0005", "0008", "0011"):
        installation = installations(migrated=False)
        process = installation.start("-m", "flask", "--app", "wsgi", "db", "upgrade")
        while version(installation) < least and process.poll() is None:
            time.sleep(0.001)
        installation.stop(process, signal.SIGKILL)
        stopped_at.append(version(installation))
        installation.flask("db", "upgrade")
        assert version(installation) == HEAD
        assert tables(installation) == whole
    assert len({*stopped_at} - {HEAD}) > 1, "it was never stopped on its way"


def test_the_program_says_that_the_database_is_half_way(installation):
    with installation.inside():
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0004_messages_delivery")
    said = installation.command("worker", "--drain", code=1)
    assert "0004_messages_delivery" in said.splitlines()[-1]
    assert "Traceback" not in said


def test_two_at_once_do_it_once(installations):
    """X26."""
    for _ in range(2):
        installation = installations(migrated=False)
        both = [installation.start("-m", "flask", "--app", "wsgi", "db", "upgrade") for _ in range(2)]
        assert [one.wait(60) for one in both] == [0, 0], installation.said()
        assert version(installation) == HEAD


def test_two_at_once_without_a_lock_get_in_each_others_way(installations, engine):
    """The negative control of the test above."""
    if engine == "postgresql":
        return  # whose lock is inside of the run itself
    ended = []
    for _ in range(4):
        installation = installations(migrated=False)
        with sqlite3.connect(installation.file) as new:
            new.execute("PRAGMA journal_mode=WAL")
        both = [
            subprocess.Popen(
                [sys.executable, "-c", UNGUARDED], cwd=ROOT, env=installation.environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            for _ in range(3)
        ]  # fmt: skip
        ended += [one.wait(60) for one in both]
    assert any(ended)


def test_down_and_up_again_under_the_demo_no_row_is_lost(installation):
    """Down to the first step that later ones only add to: what is in its tables stays, row by row."""
    installation.command("seed-demo")
    before = tables(installation)
    with installation.inside():
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="0004_messages_delivery")
    kept = tables(installation)
    # The trail grows by no migration, and nothing may be taken out of a table that stays.
    assert {name: rows for name, rows in kept.items() if before[name] != rows} == {}
    installation.flask("db", "upgrade")
    after = tables(installation)
    assert after.keys() == before.keys()
    assert {name for name in kept if after[name] != before[name]} == set()
    with installation.inside():
        assert all(well for name, well, _ in checks.look_inside() if name in {"数据库", "数据表"})


OLDER = "0004_messages_delivery"


def answers(installation: Installation, *paths: str) -> list[int]:
    """Return the status of each page."""
    found = []
    for path in paths:
        try:
            with urlopen(installation.address + path, timeout=20) as reply:
                found.append(reply.status)
        except HTTPError as refusal:
            found.append(refusal.code)
            said = refusal.read().decode()
            assert "Traceback" not in said
            if refusal.code == 503 and path != "/readyz":
                assert "系统正在升级" in said, said
                assert refusal.headers["Retry-After"] == "60"
    return found


def serve(installation: Installation, *lines: str) -> None:
    """Run the product's own program under gunicorn, with `lines` before it."""
    module = installation.data.parent / "changed.py"
    module.write_text("\n".join([*lines, "from wsgi import application"]))
    options = f"--bind 127.0.0.1:{installation.port} --workers 1 --threads 4 --pythonpath {module.parent}"
    installation.start("-m", "gunicorn", "changed:application", *options.split())
    give_up = time.monotonic() + 60
    while True:
        try:
            urlopen(f"{installation.address}/healthz", timeout=5).close()
            return
        except OSError:
            assert time.monotonic() < give_up, installation.said()
            time.sleep(0.1)


def migrate_under(installation: Installation, revision: str) -> None:
    with installation.inside():
        (flask_migrate.downgrade if revision != "head" else flask_migrate.upgrade)(
            directory=str(MIGRATIONS), revision=revision
        )


def test_a_program_that_meets_another_schema_refuses_in_words_and_serves_again_once_it_fits(installation):
    """X24, X25: at the start, and under a program that runs."""
    migrate_under(installation, OLDER)
    serve(installation)
    pages = ("/", "/login", "/calendar.ics", "/readyz")
    assert answers(installation, *pages) == [503] * 4
    assert answers(installation, "/healthz", "/static/app.css") == [200, 200]
    migrate_under(installation, "head")
    time.sleep(schema.LOOK_AGAIN_SECONDS + 0.5)
    assert answers(installation, *pages) == [200] * 4
    migrate_under(installation, OLDER)
    began = time.monotonic()
    while set(answers(installation, *pages)) != {503}:
        assert time.monotonic() - began < schema.LOOK_SECONDS + 5
        time.sleep(0.2)
    assert '"status": 500' not in installation.said()
    remark(
        f"{installation.engine}: another schema under a running program was noticed within {time.monotonic() - began:.1f} s"
    )


def test_a_program_that_does_not_look_serves_some_pages_and_breaks_on_others(installation):
    """The negative control of the test above."""
    migrate_under(installation, OLDER)
    serve(installation, "from liaison_app.operations import schema", "schema.Watch._look = lambda self: None")
    assert answers(installation, "/login") == [200]
    with pytest.raises(HTTPError) as broken:
        urlopen(f"{installation.address}/calendar.ics", timeout=20)
    assert "系统正在升级" not in broken.value.read().decode()
