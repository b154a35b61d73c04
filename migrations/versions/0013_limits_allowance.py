"""limits: what has been used of each limit.

Adds a table.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0013_limits_allowance", "0012_audit_chain"


def upgrade() -> None:
    op.create_table(
        "allowance",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("full_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_allowance"),
    )
    op.create_index("ix_allowance_full_at", "allowance", ["full_at"])


def downgrade() -> None:
    op.drop_index("ix_allowance_full_at", "allowance")
    op.drop_table("allowance")
