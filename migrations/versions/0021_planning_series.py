"""planning: meetings that were planned together.

Adds two tables.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0021_planning_series", "0020_inbox_received_mail"


def upgrade() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("policy", sa.String(40), nullable=False),
        sa.Column("pattern", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name="fk_series_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    op.create_index("ix_series_unit_id", "series", ["unit_id"])
    op.create_table(
        "series_date",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("rule_day", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_series_date_series_id"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_series_date_meeting_id"),
        sa.PrimaryKeyConstraint("id", name="pk_series_date"),
        sa.UniqueConstraint("series_id", "rule_day", name="uq_series_date_series_id_rule_day"),
        sa.UniqueConstraint("meeting_id", name="uq_series_date_meeting_id"),
    )


def downgrade() -> None:
    op.drop_table("series_date")
    op.drop_table("series")
