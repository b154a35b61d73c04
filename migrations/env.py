"""Run the migrations: on SQLite in batch mode with foreign keys off, on PostgreSQL with short locks."""

from alembic import context
from flask import current_app

migrate = current_app.extensions["migrate"]
metadata = migrate.db.metadatas[None]


def run() -> None:
    """Apply each migration in a transaction of its own."""
    engine = migrate.db.engine
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # A pragma does nothing inside a transaction, so it goes to the driver before one begins.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        else:
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


run()
