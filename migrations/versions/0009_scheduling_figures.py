"""scheduling: how many matters a meeting raised, and how many of them are solved.

Adds two nullable columns; of older meetings nobody counted.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0009_scheduling_figures", "0008_imports_runs"


def upgrade() -> None:
    with op.batch_alter_table("meeting") as meeting:
        meeting.add_column(sa.Column("issues_raised", sa.Integer, nullable=True))
        meeting.add_column(sa.Column("issues_solved", sa.Integer, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("meeting") as meeting:
        meeting.drop_column("issues_solved")
        meeting.drop_column("issues_raised")
