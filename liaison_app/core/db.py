"""The database: the base model, column types, and the only commit of the product."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from cryptography.fernet import Fernet, InvalidToken
from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, Integer, LargeBinary, MetaData, String, event, func, select
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

from .errors import Missing

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


def derived_key(purpose: str) -> bytes:
    """Return a 32-byte key for one purpose, derived from the installation's secret."""
    return hmac.digest(current_app.secret_key.encode(), b"liaison:" + purpose.encode(), hashlib.sha256)  # type: ignore[union-attr]


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
            "busy_timeout=10000",
            "secure_delete=ON",
            "recursive_triggers=OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


@event.listens_for(Engine, "begin")
def _begin(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("liaison_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


@contextmanager
def transaction() -> Iterator[None]:
    """Do all that is written inside as one: committed at the end, rolled back by any error.

    What was read before is thrown away first, so that nothing stale is written back. On SQLite a file
    lock is taken before `BEGIN IMMEDIATE`, because SQLite's busy handler is unfair under
    `synchronous=FULL`: one writer keeps winning while others wait for seconds.
    Raises RuntimeError when nested.
    """
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("transaction() inside transaction()")
    session.rollback()
    with _turn():
        session.info["writing"] = True
        try:
            session.connection(execution_options={"liaison_write": True})
            yield
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info["writing"] = False


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for this process's or thread's turn to write to an SQLite file."""
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
