"""signups: why the staff took somebody off the list.

Adds a nullable column; whoever withdrew by the own link gave no reason.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0006_signups_withdrawn_reason", "0005_invitations_changes"


def upgrade() -> None:
    with op.batch_alter_table("signup") as signup:
        signup.add_column(sa.Column("withdrawn_reason", sa.LargeBinary, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("signup") as signup:
        signup.drop_column("withdrawn_reason")
