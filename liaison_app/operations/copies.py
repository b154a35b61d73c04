"""Copies of the database: taken while it is used, tried out in a place of their own, and put in its stead."""

from __future__ import annotations

import re
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from liaison_app.settings import Settings

from .errors import BackupFailed

# Where Debian and others keep the tools of each version of PostgreSQL, if they are not on the path.
TOOLS = Path("/usr/lib/postgresql")
TOOL_SECONDS = 3600


@dataclass(frozen=True)
class Contents:
    """What a database holds: the migration it is at, and the rows of each table."""

    migration: str
    counts: dict[str, int]


class Copies(Protocol):
    """What an engine can do; `file_name` is that of the copy in a backup."""

    engine: str
    file_name: str

    def take(self, target: Path) -> Contents: ...
    def try_out(self, copy: Path, scratch: Path) -> Contents | None: ...
    def count_accounts(self) -> int: ...
    def is_in_use(self) -> bool: ...
    def put(self, copy: Path, scratch: Path, stamp: str, finish: Callable[[Settings], None]) -> str: ...


def of(settings: Settings) -> Copies:
    """Return the copies of the engine that these settings name."""
    is_sqlite = settings.sqlalchemy_url.startswith("sqlite")
    return SqliteCopies(settings) if is_sqlite else PostgresCopies(settings)


class SqliteCopies:
    engine = "sqlite"
    file_name = "database.sqlite3"

    def __init__(self, settings: Settings):
        self.settings = settings
        self.place = Path(make_url(settings.sqlalchemy_url).database or "")

    def take(self, target: Path) -> Contents:
        """Write a copy as of one moment; readers and writers go on meanwhile."""
        if not self.place.is_file():
            raise BackupFailed("还没有数据库。")
        with closing(sqlite3.connect(f"file:{quote(str(self.place))}?mode=ro", uri=True, timeout=60)) as live:
            live.execute("VACUUM INTO ?", (str(target),))
        return self.look(target)

    def try_out(self, copy: Path, scratch: Path) -> Contents:
        return self.look(copy)

    def look(self, file: Path) -> Contents:
        """Return what a file holds. Raises sqlite3.DatabaseError where it is not whole."""
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as found:
            whole = [row[0] for row in found.execute("PRAGMA integrity_check")]
            astray = found.execute("PRAGMA foreign_key_check").fetchall()
            if whole != ["ok"] or astray:
                raise sqlite3.DatabaseError(f"integrity_check: {whole[:3]}, {len(astray)} rows astray")
            tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            names = [name for (name,) in found.execute(tables)]
            counts = {name: found.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
            (migration,) = found.execute("SELECT version_num FROM alembic_version").fetchone()
            return Contents(migration, _sorted(counts))

    def count_accounts(self) -> int:
        if not self.place.is_file():
            return 0
        with closing(sqlite3.connect(f"file:{quote(str(self.place))}?mode=ro", uri=True)) as found:
            try:
                return int(found.execute("SELECT count(*) FROM account").fetchone()[0])
            except sqlite3.OperationalError:
                return 0

    def is_in_use(self) -> bool:
        """Whether any process has the database open: SQLite leaves the WAL mode only to who is alone."""
        if not self.place.is_file():
            return False
        with closing(sqlite3.connect(self.place, timeout=0, isolation_level=None)) as live:
            try:
                live.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.OperationalError:
                return True
            return False

    def put(self, copy: Path, scratch: Path, stamp: str, finish: Callable[[Settings], None]) -> str:
        """Finish the copy where nobody sees it, then set it in place in one step; return where the old one is."""
        new = scratch / self.place.name
        copy.rename(new)
        finish(Settings(**{**self.settings.__dict__, "data": scratch}))
        with closing(sqlite3.connect(new, isolation_level=None)) as ready:
            # All of it in the one file that is moved.
            ready.execute("PRAGMA journal_mode=DELETE")
        aside = ""
        if self.place.is_file():
            aside = f"{self.place}.before-{stamp}"
            self.place.rename(aside)
            for rest in ("-wal", "-shm"):
                Path(f"{self.place}{rest}").unlink(missing_ok=True)
        new.replace(self.place)
        return aside


class PostgresCopies:
    engine = "postgresql"
    file_name = "database.dump"

    def __init__(self, settings: Settings):
        self.settings = settings
        self.url = make_url(settings.sqlalchemy_url).set(drivername="postgresql")

    def connect(self, database: str | None = None) -> psycopg.Connection[Any]:
        url = self.url.set(database=database) if database else self.url
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True, connect_timeout=10)

    def take(self, target: Path) -> Contents:
        """Dump the database as of one moment, and count in that same moment."""
        with self.connect() as live:
            tool = self._tool("pg_dump", live.info.server_version // 10000)
            live.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            (snapshot,) = live.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
            with self._door(target.parent) as door:
                options = [
                    "-Fc",
                    "--schema=public",
                    "--no-owner",
                    "--no-privileges",
                    f"--snapshot={snapshot}",
                ]
                _run([tool, *options, f"--file={target}", f"--dbname={door}"])
            return self._look(live)

    def try_out(self, copy: Path, scratch: Path) -> Contents | None:
        """Restore into a database of its own and look; None where we may make none, and the dump was only read."""
        name = f"liaison_check_{secrets.token_hex(4)}"
        with self.connect() as live:
            tool = self._tool("pg_restore", live.info.server_version // 10000)
            try:
                live.execute(
                    sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(
                        sql.Identifier(name)
                    )
                )
            except psycopg.errors.InsufficientPrivilege:
                _run([tool, "--file=/dev/null", str(copy)])
                return None
            try:
                with self.connect(name) as empty:
                    empty.execute("DROP SCHEMA public")
                self._fill(tool, copy, scratch, name)
                with self.connect(name) as filled:
                    return self._look(filled)
            finally:
                live.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def count_accounts(self) -> int:
        with self.connect() as live:
            try:
                row = live.execute("SELECT count(*) FROM public.account").fetchone()
            except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
                return 0
            return int(row[0]) if row else 0

    def is_in_use(self) -> bool:
        with self.connect() as live:
            others = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            row = live.execute(others).fetchone()
            return bool(row and row[0])

    def put(self, copy: Path, scratch: Path, stamp: str, finish: Callable[[Settings], None]) -> str:
        """Set the present schema aside under another name, restore, and finish; or put it back."""
        aside = sql.Identifier(f"before_{stamp.replace('-', '_')}")
        public = sql.Identifier("public")
        with self.connect() as live:
            tool = self._tool("pg_restore", live.info.server_version // 10000)
            live.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(public, aside))
            try:
                self._fill(tool, copy, scratch, None)
                finish(self.settings)
            except BaseException:
                live.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(public))
                live.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(aside, public))
                raise
        return f"schema before_{stamp.replace('-', '_')}"

    def _fill(self, tool: str, copy: Path, scratch: Path, database: str | None) -> None:
        with self._door(scratch, database) as door:
            options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
            _run([tool, *options, f"--dbname={door}", str(copy)])

    def _look(self, connection: psycopg.Connection[Any]) -> Contents:
        tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        counts = {}
        for (name,) in connection.execute(tables).fetchall():
            counted = connection.execute(
                sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(name))
            )
            counts[name] = (counted.fetchone() or (0,))[0]
        row = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
        return Contents(row[0] if row else "", _sorted(counts))

    @contextmanager
    def _door(self, folder: Path, database: str | None = None) -> Iterator[str]:
        """Give the address of the database without its password, which lies in a file: a command line is public."""
        secret = folder / f".pass-{secrets.token_hex(4)}"
        escaped = re.sub(r"([:\\])", r"\\\1", self.url.password or "")
        secret.touch(0o600)
        secret.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
        url = URL.create(
            "postgresql",
            username=self.url.username,
            host=self.url.host,
            port=self.url.port,
            database=database or self.url.database,
            query={**self.url.query, "passfile": str(secret)},
        )
        try:
            yield url.render_as_string(hide_password=False)
        finally:
            secret.unlink(missing_ok=True)

    def _tool(self, name: str, least: int) -> str:
        """Return the path of a tool that is no older than the server. Raises BackupFailed."""
        on_path = shutil.which(name)
        found = [
            *([on_path] if on_path else []),
            *map(str, sorted(TOOLS.glob(f"*/bin/{name}"), reverse=True)),
        ]
        for tool in found:
            said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
            version = re.search(r"\) (\d+)", said)
            if version and int(version[1]) >= least:
                return tool
        raise BackupFailed(f"找不到 {name}（要 {least} 或更新）。请安装 postgresql-client-{least}。")


def _run(command: list[str]) -> None:
    """Run a tool. Raises BackupFailed with the first thing that it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TOOL_SECONDS)
    except subprocess.TimeoutExpired as late:
        raise BackupFailed(f"{Path(command[0]).name} 太久没有做完。") from late
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if line.strip()), "")
        raise BackupFailed(f"{Path(command[0]).name}：{said[:300]}")


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def forget(folder: Path) -> None:
    """Remove a scratch folder, whatever is in it."""
    with suppress(OSError):
        shutil.rmtree(folder)
