"""signups: a limit for each firm, and seats that go to another role near the start.

Adds nullable columns; older meetings limit no firm, and every seat of theirs is of its own role.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0025_signups_pools", "0024_proposals_start"


def upgrade() -> None:
    with op.batch_alter_table("meeting") as meeting:
        meeting.add_column(sa.Column("firm_limit", sa.Integer, nullable=True))
        meeting.add_column(sa.Column("spill_hours", sa.Integer, nullable=True))
    # Both engines read this; a copy of the table would bring its constraints into another order each time.
    op.execute(
        "ALTER TABLE signup ADD COLUMN seat_pool_id INTEGER"
        " CONSTRAINT fk_signup_seat_pool_id REFERENCES pool (id)"
    )


def downgrade() -> None:
    with op.batch_alter_table("signup") as signup:
        signup.drop_column("seat_pool_id")
    with op.batch_alter_table("meeting") as meeting:
        meeting.drop_column("spill_hours")
        meeting.drop_column("firm_limit")
