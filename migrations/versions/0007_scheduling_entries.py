"""scheduling: the stored calendar entry of each published meeting, which feeds join"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0007_scheduling_entries", "0006_signups_withdrawn_reason"


def upgrade() -> None:
    op.create_table(
        "calendar_entry",
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("revised_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_calendar_entry_meeting_id"),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_calendar_entry"),
    )


def downgrade() -> None:
    op.drop_table("calendar_entry")
