"""proposals: other times that invited people ask for.

Adds one table.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0024_proposals_start", "0023_attendance_photos"

MOMENT = sa.DateTime(timezone=True)
IS_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("comment", sa.LargeBinary(), nullable=True),
        sa.Column("door", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("settled_by", sa.String(100), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=True),
        sa.Column("offers", sa.JSON(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name="ck_proposal_ends_after_start"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_proposal_meeting_id"),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitation.id"], name="fk_proposal_invitation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
    )
    op.create_index("ix_proposal_meeting_id", "proposal", ["meeting_id"])
    op.create_index("ix_proposal_invitation_id", "proposal", ["invitation_id"])
    op.create_index(
        "uq_proposal_open",
        "proposal",
        ["invitation_id"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )


def downgrade() -> None:
    op.drop_table("proposal")
