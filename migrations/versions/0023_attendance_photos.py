"""attendance: photographs of the signed paper.

Adds one table.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0023_attendance_photos", "0022_calendars_start"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sheet_photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("form_token", sa.String(64), nullable=True),
        sa.Column("filed_at", MOMENT, nullable=False),
        sa.Column("filed_by_id", sa.Integer(), nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_sheet_photo_meeting_id"),
        sa.ForeignKeyConstraint(["filed_by_id"], ["account.id"], name="fk_sheet_photo_filed_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sheet_photo"),
        sa.UniqueConstraint("form_token", name="uq_sheet_photo_form_token"),
    )
    op.create_index("ix_sheet_photo_meeting_id", "sheet_photo", ["meeting_id"])


def downgrade() -> None:
    op.drop_table("sheet_photo")
