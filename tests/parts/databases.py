"""One database per engine and worker: made once by the migrations, emptied before each test that uses it."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from flask import Flask, has_app_context
from flask.globals import _cv_app
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from liaison_app.app import MIGRATIONS, create_app
from liaison_app.core.db import db
from liaison_app.settings import Settings
from tests.parts import postgres
from tests.parts.report import do_without, note

ENGINES = [
    name.strip() for name in os.environ.get("TEST_ENGINES", "sqlite,postgresql").split(",") if name.strip()
]
SECRET = "a-secret-for-tests-only-0123456789abcdef"
PATIENCE = 10  # seconds for whatever the last test left locked


class Client(FlaskClient):
    """A test client whose requests stand alone, as they do on a server.

    Flask would let them share the application context of the test, and with it `g` and the database session.
    What the test itself has read before is read anew after each request.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        alone = copy_context()  # keeps a frozen clock
        alone.run(_cv_app.set, None)
        reply = alone.run(super().open, *args, **kwargs)
        if has_app_context():
            db.session.rollback()
        return reply


class Database:
    """A database, the settings of an installation that uses it, and the application that tests work in.

    Its `door` is the socket on which the address in the settings can be served.
    """

    engine: str
    version: str

    def __init__(self, data: Path, **settings: Any):
        self.data = data
        self.door = socket.create_server(("127.0.0.1", 0))
        self.settings = Settings(
            data=data,
            database_url=self.url(),
            secret_key=SECRET,
            base_url=f"http://127.0.0.1:{self.door.getsockname()[1]}",
            **settings,
        )
        self.app = self.make_app()
        self.migrate()

    def url(self) -> str:
        raise NotImplementedError

    def empty(self) -> None:
        """Take out all rows and files, as fast as the engine can."""
        for left in self.data.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            elif not left.name.startswith("liaison.sqlite3"):
                left.unlink()

    def spoil(self, *statements: str) -> None:
        """Change the schema; `rebuild` makes it whole again."""
        with self.app.app_context(), db.engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            connection.commit()

    def rebuild(self) -> None:
        """Make the schema whole again."""
        raise NotImplementedError

    def close(self) -> None:
        self.forget_connections(self.app)
        self.door.close()

    def make_app(self, **changes: Any) -> Flask:
        """Return an application on this database whose forms need no token; `changes` go to its settings."""
        app = create_app(replace(self.settings, **changes))
        app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
        app.test_client_class = Client
        return app

    def migrate(self) -> None:
        with self.app.app_context():
            flask_migrate.upgrade(directory=str(MIGRATIONS))

    def forget_connections(self, app: Flask) -> None:
        with app.app_context():
            db.engine.dispose()


class SqliteDatabase(Database):
    engine = "sqlite"
    version = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self, data: Path, **settings: Any):
        super().__init__(data, **settings)
        # Copying pages back is quicker than deleting rows, and no trigger can refuse it.
        self.pristine = sqlite3.connect(":memory:")
        self.copy = sqlite3.connect(data / "liaison.sqlite3", timeout=PATIENCE, isolation_level=None)
        self.copy.execute("PRAGMA synchronous=OFF")
        self.copy.backup(self.pristine)

    def url(self) -> str:
        return ""

    def empty(self) -> None:
        super().empty()
        # `backup` would wait for a lock for ever; this raises instead.
        self.copy.execute("BEGIN IMMEDIATE")
        self.copy.execute("ROLLBACK")
        self.pristine.backup(self.copy)

    def rebuild(self) -> None:
        self.empty()

    def close(self) -> None:
        self.copy.close()
        self.pristine.close()
        super().close()


class PostgresDatabase(Database):
    engine = "postgresql"

    def __init__(self, data: Path, name: str, **settings: Any):
        self.name = name
        self.make_anew()
        super().__init__(data, **settings)
        self.connect()

    def url(self) -> str:
        return postgres.server_url().set(database=self.name).render_as_string(hide_password=False)

    def plain_url(self, database: str | None = None) -> str:
        url = postgres.server_url().set(drivername="postgresql")
        return (url.set(database=database) if database else url).render_as_string(hide_password=False)

    def make_anew(self) -> None:
        with psycopg.connect(self.plain_url(), autocommit=True) as server:
            self.version = f"PostgreSQL {server.info.parameter_status('server_version').split()[0]}"
            server.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
            server.execute(f"CREATE DATABASE \"{self.name}\" ENCODING 'UTF8' TEMPLATE template0")

    def connect(self) -> None:
        self.door_keeper = psycopg.connect(self.plain_url(self.name), autocommit=True)
        self.door_keeper.execute(f"SET lock_timeout = '{PATIENCE}s'")
        tables = self.door_keeper.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname <> 'alembic_version'"
        )
        names = [name for (name,) in tables]
        self.filled = " UNION ALL ".join(
            f"SELECT '\"{n}\"' WHERE EXISTS (SELECT FROM \"{n}\")" for n in names
        )

    def empty(self) -> None:
        super().empty()
        filled = [name for (name,) in self.door_keeper.execute(self.filled)]
        if filled:
            # The trail's guards refuse it, as they should; their owner may lift them.
            lift, restore = (
                ";".join(
                    f"ALTER TABLE {table} {verb} TRIGGER USER" for table in ("audit_entry", "audit_link")
                )
                for verb in ("DISABLE", "ENABLE")
            )
            self.door_keeper.execute(
                f"{lift}; TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE; {restore}"
            )

    def rebuild(self) -> None:
        self.door_keeper.close()
        self.forget_connections(self.app)
        self.make_anew()
        self.migrate()
        self.connect()

    def close(self) -> None:
        self.door_keeper.close()
        super().close()
        with psycopg.connect(self.plain_url(), autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what an engine has not: a test that is `only_on` one is no test on the other."""
    out = [one for one in items if not _is_of_engine(one)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [one for one in items if one not in out]


def _is_of_engine(item: pytest.Item) -> bool:
    mark, call = item.get_closest_marker("only_on"), getattr(item, "callspec", None)
    if mark is None or call is None:
        return True
    return call.params.get("database", call.params.get("engine", mark.args[0])) == mark.args[0]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let the workers of xdist share one PostgreSQL server, which this process starts and stops."""
    if "postgresql" in ENGINES:
        # Where there is none, the tests that want it say so.
        with suppress(postgres.NoServer):
            node.workerinput["test_database_url"] = postgres.server_url().render_as_string(
                hide_password=False
            )


def pytest_configure(config: pytest.Config) -> None:
    shared = getattr(config, "workerinput", {}).get("test_database_url")
    if shared:
        os.environ["TEST_DATABASE_URL"] = shared


def pytest_unconfigure() -> None:
    postgres.stop_server()


@pytest.fixture(scope="session")
def databases(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Callable[[str], Database]]:
    """Give the database of an engine; made when first asked for."""
    made: dict[str, Database] = {}

    def of(engine: str) -> Database:
        if engine not in made:
            data = tmp_path_factory.mktemp(engine)
            made[engine] = (
                SqliteDatabase(data)
                if engine == "sqlite"
                else PostgresDatabase(data, f"liaison_test_{os.getpid()}_{worker_id}")
            )
            note(made[engine].version)
        return made[engine]

    yield of
    for database in made.values():
        database.close()


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, databases: Callable[[str], Database]) -> Database:
    """An empty database; each test that uses it, or a fixture above it, runs once per engine."""
    try:
        database = databases(request.param)
    except postgres.NoServer as reason:
        do_without(str(reason))
    database.empty()
    return database


@pytest.fixture
def app(database: Database) -> Iterator[Flask]:
    """The application on an empty database, with its context open: a test may call services right away."""
    with database.app.app_context():
        yield database.app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without script that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def make_app(database: Database) -> Iterator[Callable[..., Flask]]:
    """Make a second application on the test's database with other settings: `make_app(smtp_url=…)`."""
    made = []

    def make(**changes: Any) -> Flask:
        made.append(database.make_app(**changes))
        return made[-1]

    yield make
    for app in made:
        database.forget_connections(app)


@pytest.fixture
def spoil(database: Database) -> Iterator[Callable[..., None]]:
    """Change the schema for one test: `spoil("DROP TRIGGER …")`, for the negative control of a guard."""
    yield database.spoil
    if has_app_context():
        # A server that drops a database ends whoever still reads it.
        db.session.remove()
    database.rebuild()


@contextmanager
def queries(at_most: int) -> Iterator[list[str]]:
    """Fail where the block sends more statements to the database than that; it gives them as a list."""
    sent: list[str] = []

    def remember(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        # Whether the schema fits is looked at every 15 seconds, whatever is asked for.
        if not statement.startswith(
            ("BEGIN", "PRAGMA", "SELECT alembic_version", "SELECT pg_catalog.pg_class.relname")
        ):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", remember)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", remember)
    if len(sent) > at_most:
        pytest.fail(f"{len(sent)} statements, {at_most} allowed:\n" + "\n".join(sent), pytrace=False)
