"""The database: the base model, column types, and the only commit of the product."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import psycopg
from cryptography.fernet import Fernet, InvalidToken
from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, Integer, LargeBinary, MetaData, String, event, func, select
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

from .errors import Missing

# How long a request waits before it says so: for the turn to write to SQLite; for PostgreSQL to let us in, for a
# lock, for one statement, and for any sign of life. A transaction that does nothing for IDLE_SECONDS is ended.
WAIT_SECONDS = 5.0
CONNECT_SECONDS, LOCK_SECONDS, STATEMENT_SECONDS, SILENCE_SECONDS, IDLE_SECONDS = 3, 10, 15, 20.0, 120
# For how long a connection out of the pool may take to say that it lives. Who waits for a statement looks so often
# whether the server still lets anybody in; a server that has not for PROBE_SECONDS is not waited for any longer.
GREETING_SECONDS, LOOK_SECONDS, PROBE_SECONDS = 2.0, 3.0, 2
# A machine that went away without a word: the kernel asks after so many seconds, and gives up as soon.
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2, "tcp_user_timeout": 5000}
SHORTEST_WAIT_SECONDS = 0.05

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC; SQLite keeps it as text without a zone, PostgreSQL as timestamptz."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Secret(TypeDecorator[str]):
    """Text that is encrypted at rest (AEAD, key outside the database); found by `keyed_hash`, never by itself."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        return None if value is None else _cipher().encrypt(value.encode())

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        if value is None:
            return None
        try:
            return _cipher().decrypt(bytes(value)).decode()
        except InvalidToken:
            return None


class SecretBytes(TypeDecorator[bytes]):
    """Bytes that are encrypted at rest, as `Secret` is."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Any) -> bytes | None:
        return None if value is None else _cipher().encrypt(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> bytes | None:
        if value is None:
            return None
        try:
            return _cipher().decrypt(bytes(value))
        except InvalidToken:
            return None


class CodeType(TypeDecorator[StrEnum]):
    """A StrEnum kept as its short text, so that a new member needs no migration."""

    impl = String(40)
    cache_ok = True

    def __init__(self, enum: type[StrEnum]):
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        return None if value is None else str(self.enum(value))

    def process_result_value(self, value: str | None, dialect: Any) -> StrEnum | None:
        return None if value is None else self.enum(value)


def derived_key(purpose: str, secret: str = "") -> bytes:
    """Return a 32-byte key for one purpose, derived from the installation's secret, or from an earlier one."""
    whole: str = secret or current_app.secret_key  # type: ignore[assignment]
    return hmac.digest(whole.encode(), b"liaison:" + purpose.encode(), hashlib.sha256)


def keyed_hash(purpose: str, text: str) -> str:
    """Return the hex by which an encrypted value is found again."""
    return hmac.new(derived_key(purpose), text.encode(), hashlib.sha256).hexdigest()


def _cipher() -> Fernet:
    cipher = current_app.extensions.get("liaison_cipher")
    if cipher is None:
        cipher = current_app.extensions["liaison_cipher"] = Fernet(urlsafe_b64encode(derived_key("column")))
    return cipher


class Model(DeclarativeBase):
    """Base of all models."""

    registry = registry(type_annotation_map={datetime: UtcDateTime, str: String(200), int: Integer})
    metadata = MetaData(naming_convention=NAMES)


# Names and numbers of people are parameters; an error of the database must not carry them into the log.
ENGINE = {"hide_parameters": True}
db = SQLAlchemy(model_class=Model, session_options={"autoflush": True}, engine_options=ENGINE)

Thing = TypeVar("Thing")


class WriteOutsideTransaction(RuntimeError):
    """A row was changed outside `transaction()`: a fault of the program, never shown to people."""


@event.listens_for(Session, "before_flush")
def _refuse_stray_writes(session: Session, context: Any, instances: Any) -> None:
    if not session.info.get("writing"):
        raise WriteOutsideTransaction(f"{list(session.new)[:3]} {list(session.dirty)[:3]}")


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        # The driver's own BEGIN comes too late and is never IMMEDIATE; `_begin` writes it instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=FULL",
            "secure_delete=ON",
            "recursive_triggers=OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        patience = connection.get_execution_options().get("liaison_write")
        wait = WAIT_SECONDS if patience is None else patience
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(wait * 1000)}")
        connection.exec_driver_sql("BEGIN" if patience is None else "BEGIN IMMEDIATE")


class Impatient(psycopg.Connection):
    """A connection to PostgreSQL that gives up on a server that says nothing: frozen, or cut off without a word.

    The server's own limits (`postgres_limits`) come first; this is for when nobody is there to keep them.
    `patience_seconds` None waits for ever.
    """

    patience_seconds: float | None = SILENCE_SECONDS

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        return super().wait(gen if self.patience_seconds is None else self._watched(gen), *args, **kwargs)

    def _watched(self, gen: Any) -> Any:
        """Pass on what `gen` waits for; it is resumed some times a second while nothing comes."""
        began = looked_at = time.monotonic()
        # Only the pool asks outside of a transaction: whether a connection that lay there still lives.
        is_greeting = self.autocommit
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                now = time.monotonic()
                if not ready and now - looked_at > (GREETING_SECONDS if is_greeting else LOOK_SECONDS):
                    looked_at = now
                    self._refuse_silence(now - began, is_greeting)
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _refuse_silence(self, silent_seconds: float, is_greeting: bool) -> None:
        """Raise OperationalError where the patience is over, or the server lets nobody in any more."""
        is_over = is_greeting or silent_seconds > (self.patience_seconds or 0)
        if not is_over and self._lets_in():
            return
        # What comes later would be taken for the answer to the next question.
        self.pgconn.finish()
        raise psycopg.OperationalError("the server does not answer")

    def _lets_in(self) -> bool:
        """Return whether the server answers somebody new; also a refusal is an answer."""
        try:
            psycopg.connect(
                self.info.dsn, password=self.info.password or None, connect_timeout=PROBE_SECONDS
            ).close()
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.Error:
            return True
        return True


@event.listens_for(Engine, "do_connect")
def _connect_impatiently(dialect: Any, record: Any, args: Any, params: Any) -> Any:
    return Impatient.connect(*args, **params) if dialect.driver == "psycopg" else None


def postgres_limits() -> dict[str, Any]:
    """Return the arguments of a connection that let no statement wait longer than a person would."""
    limits = {
        "lock_timeout": LOCK_SECONDS,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_SECONDS,
    }
    options = " ".join(f"-c {name}={seconds}s" for name, seconds in limits.items())
    return {"connect_timeout": CONNECT_SECONDS, "options": options, **KEEPALIVE}


def lift_limits(connection: Any) -> None:
    """Let this connection take as long as it takes: for migrations and copies, which no person waits for."""
    if connection.dialect.name != "sqlite":
        connection.connection.driver_connection.patience_seconds = None
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")


def is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


_opening: list[Callable[[], None]] = []


def at_begin(step: Callable[[], None]) -> Callable[[], None]:
    """Have `step` run inside every transaction, before anything else; what it raises refuses the transaction."""
    _opening.append(step)
    return step


@contextmanager
def transaction() -> Iterator[None]:
    """Do all that is written inside as one: committed at the end, rolled back by any error.

    What was read before is thrown away first, so that nothing stale is written back. On SQLite a file
    lock is taken before `BEGIN IMMEDIATE`, because SQLite's busy handler is unfair under
    `synchronous=FULL`: one writer keeps winning while others wait for seconds.
    Raises RuntimeError when nested, OperationalError where the turn does not come within WAIT_SECONDS: turns
    are taken in the order of arrival, so whoever came earlier has given up by then as well.
    """
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("transaction() inside transaction()")
    session.rollback()
    came = time.monotonic()
    with turn():
        session.info["writing"] = True
        try:
            patience = max(SHORTEST_WAIT_SECONDS, came + WAIT_SECONDS - time.monotonic())
            session.connection(execution_options={"liaison_write": patience})
            for step in _opening:
                step()
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info["writing"] = False


@contextmanager
def turn() -> Iterator[None]:
    """Wait for this process's or thread's turn to write to an SQLite file; on PostgreSQL there is none."""
    path = db.engine.url.database
    if not is_sqlite() or not path or path == ":memory:":
        yield
        return
    file = os.open(path + ".turn", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def lock(model: type[Thing], id: int) -> Thing:
    """Return the row, locked until the transaction ends; the one way to guard something scarce.

    On SQLite the whole transaction is already alone. Raises Missing.
    """
    row = db.session.scalars(
        select(model)
        .where(model.id == id)  # type: ignore[attr-defined]
        # Of this table alone: PostgreSQL cannot lock the far side of an outer join that comes along.
        .with_for_update(of=model)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise Missing
    return row


def lock_key(text: str) -> None:
    """Let one transaction at a time go on with the same `text`, such as a form's token, until it ends."""
    if not is_sqlite():
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(text, 0))))


def get(model: type[Thing], id: int) -> Thing:
    """Return the row or raise Missing."""
    row = db.session.get(model, id)
    if row is None:
        raise Missing
    return row
