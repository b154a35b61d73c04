"""Run the migrations: on SQLite in batch mode with foreign keys off, on PostgreSQL with short locks."""

from alembic import context
from flask import current_app

from liaison_app.core.db import lift_limits, turn

migrate = current_app.extensions["migrate"]
metadata = migrate.db.metadatas[None]
# Whoever migrates holds this number; it means nothing else.
ALONE = 0x6C6961


def run() -> None:
    """Apply each migration in a transaction of its own; a second run at the same time waits, and finds nothing to do."""
    engine = migrate.db.engine
    with turn(), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A pragma does nothing inside a transaction, so it goes to the driver before one begins.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        else:
            lift_limits(connection)
            connection.exec_driver_sql("SET lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({ALONE})")
            connection.exec_driver_sql("SET lock_timeout = '10s'")
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transaction_per_migration=True,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        if engine.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")
        else:
            # It goes back to the pool, with the lock and without limits.
            connection.invalidate()


run()
