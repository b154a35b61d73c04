import re

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from liaison_app.app import MIGRATIONS
from liaison_app.core.db import db

STEM_LENGTH = 32
STEMS = sorted(path.stem for path in (MIGRATIONS / "versions").glob("*.py"))


def test_there_is_one_head_and_the_file_HEAD_names_it():
    (head,) = ScriptDirectory(str(MIGRATIONS)).get_heads()
    assert (MIGRATIONS / "HEAD").read_text(encoding="utf-8").strip() == head == STEMS[-1]


def test_each_file_is_named_by_its_revision_in_a_row_without_gaps():
    revisions = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    assert revisions == set(STEMS)
    assert [
        stem for stem in STEMS if not re.fullmatch(r"\d{4}_[a-z0-9_]+", stem) or len(stem) > STEM_LENGTH
    ] == []
    assert [int(stem[:4]) for stem in STEMS] == list(range(1, len(STEMS) + 1))


def differences() -> list:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, db.metadata)


def test_models_and_schema_agree(app):
    assert differences() == []


def test_migrations_leave_no_rows(app):
    """The tests empty the database between them, so rows that a migration wrote would be there for the first only."""
    with db.engine.connect() as connection:
        filled = [
            table.name
            for table in db.metadata.sorted_tables
            if connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
        ]
    assert filled == []


def schema() -> list[str]:
    """Return everything that the migrations made, triggers and constraints among it, as text."""
    asked = (
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        if db.engine.dialect.name == "sqlite"
        else "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
        " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " UNION ALL SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)"
        " FROM information_schema.columns WHERE table_schema = 'public'"
    )
    with db.engine.connect() as connection:
        return sorted(re.sub(r"\s+", " ", text) for (text,) in connection.exec_driver_sql(asked))


@pytest.mark.usefixtures("spoil")
def test_up_down_and_up_again_end_where_they_began(app):
    before = schema()
    flask_migrate.downgrade(directory=str(MIGRATIONS), revision="base")
    assert sa.inspect(db.engine).get_table_names() in (["alembic_version"], [])
    flask_migrate.upgrade(directory=str(MIGRATIONS))
    assert schema() == before
