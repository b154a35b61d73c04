import sqlite3
from collections.abc import Callable, Iterator

import pytest

from liaison_app.core.db import db
from tests.parts.databases import Database

TABLES = ("audit_entry", "audit_link")
KEY = "fk_audit_link_entry_id"


@pytest.fixture
def tamper(database: Database) -> Iterator[Callable[..., None]]:
    """Do to the trail what only the owner of the database can: lift its guards, change it, put them back."""
    yield lambda *statements: _tamper(database, statements)
    db.session.rollback()
    database.empty()
    if database.engine == "postgresql":
        database.spoil(f"ALTER TABLE audit_link VALIDATE CONSTRAINT {KEY}")


def _tamper(database: Database, statements: tuple[str, ...]) -> None:
    db.session.rollback()
    if database.engine == "sqlite":
        # A connection of one's own does not even look at foreign keys.
        with sqlite3.connect(database.data / "liaison.sqlite3") as owner:
            guards = owner.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"
            ).fetchall()
            for name, _ in guards:
                owner.execute(f"DROP TRIGGER {name}")
            for statement in (*statements, *(sql for _, sql in guards)):
                owner.execute(statement)
        owner.close()
        return
    database.spoil(
        *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TABLES),
        f"ALTER TABLE audit_link DROP CONSTRAINT {KEY}",
        *statements,
        *(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in TABLES),
        f"ALTER TABLE audit_link ADD CONSTRAINT {KEY} FOREIGN KEY (entry_id) REFERENCES audit_entry (id) NOT VALID",
    )
