"""See to it that what was emptied is gone from the files of the database as well."""

from __future__ import annotations

from collections.abc import Iterable

from .db import db, is_sqlite


def scrub(tables: Iterable[str]) -> None:
    """Let the files forget what rows held before; to be called with no transaction open.

    On SQLite `secure_delete` has put zeros in place of the old values, but the log still holds the pages as they
    were: it is written back and cut to nothing, unless somebody reads just now (then the next night does it).
    On PostgreSQL the old versions of the rows are given up for new ones; the space is written over in time.
    """
    if is_sqlite():
        # Past SQLAlchemy, which would begin a transaction, in which no log can be cut.
        raw = db.engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        quoted = connection.dialect.identifier_preparer.quote
        for table in tables:
            connection.exec_driver_sql(f"VACUUM {quoted(table)}")
