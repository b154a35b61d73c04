"""privacy: marks of what was emptied, the journal of erasures, the nightly runs; reasons of stand-ins sealed.

The reasons are encrypted on the way up and opened on the way down.
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from liaison_app.core.db import Secret

revision, down_revision = "0016_privacy_erasure", "0015_accounts_sso"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("signup", sa.Column("erased_at", MOMENT, nullable=True))
    op.add_column("message", sa.Column("erased_at", MOMENT, nullable=True))
    op.add_column("person", sa.Column("left_at", MOMENT, nullable=True))
    op.create_table(
        "erasure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
        sa.UniqueConstraint("key", "at", name="uq_erasure_key_at"),
    )
    op.create_table(
        "retention_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_retention_run"),
    )
    op.create_table(
        "publication_consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_publication_consent_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_publication_consent"),
    )
    op.create_index("ix_publication_consent_person_id", "publication_consent", ["person_id"])
    live = sa.text("withdrawn_at IS NULL")
    op.create_index(
        "uq_publication_consent_live", "publication_consent", ["person_id", "field"], unique=True,
        sqlite_where=live, postgresql_where=live,
    )  # fmt: skip
    _reseal(sa.Column("sealed", Secret, nullable=True), lambda text: text or None)


def downgrade() -> None:
    _reseal(sa.Column("sealed", sa.String(300), nullable=False, server_default=""), lambda text: text or "")
    op.drop_table("publication_consent")
    op.drop_table("retention_run")
    op.drop_table("erasure")
    for table, column in (("person", "left_at"), ("message", "erased_at"), ("signup", "erased_at")):
        with op.batch_alter_table(table) as changed:
            changed.drop_column(column)


def _reseal(column: sa.Column, told: Callable[[str | None], str | None]) -> None:
    """Let `column` take the place of participant.stand_in_reason, each value carried over by `told`."""
    up = isinstance(column.type, Secret)
    op.add_column("participant", column)
    rows = sa.table(
        "participant",
        sa.column("id", sa.Integer),
        sa.column("stand_in_reason", sa.String if up else Secret),
        sa.column("sealed", Secret if up else sa.String),
    )
    bind = op.get_bind()
    for id, text in bind.execute(sa.select(rows.c.id, rows.c.stand_in_reason)).all():
        if value := told(text):
            bind.execute(rows.update().where(rows.c.id == id).values(sealed=value))
    op.execute("ALTER TABLE participant DROP COLUMN stand_in_reason")
    op.execute("ALTER TABLE participant RENAME COLUMN sealed TO stand_in_reason")
