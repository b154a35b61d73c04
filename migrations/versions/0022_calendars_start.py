"""calendars: people's own calendars, and when these say that they are busy.

Adds two tables.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0022_calendars_start", "0021_planning_series"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "calendar_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("etag", sa.String(200), nullable=False),
        sa.Column("changed", sa.String(60), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("trouble", sa.String(40), nullable=False),
        sa.Column("trouble_status", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("broken", sa.Integer(), nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_calendar_source_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_source"),
    )
    op.create_index("ix_calendar_source_person_id", "calendar_source", ["person_id"])
    op.create_index("ix_calendar_source_next_at", "calendar_source", ["next_at"])
    op.create_table(
        "busy_block",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("is_tentative", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name="ck_busy_block_ends_after_start"),
        sa.ForeignKeyConstraint(["source_id"], ["calendar_source.id"], name="fk_busy_block_source_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_busy_block_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_busy_block"),
    )
    op.create_index("ix_busy_block_source_id", "busy_block", ["source_id"])
    op.create_index("ix_busy_block_person_starts", "busy_block", ["person_id", "starts_at"])


def downgrade() -> None:
    op.drop_table("busy_block")
    op.drop_table("calendar_source")
