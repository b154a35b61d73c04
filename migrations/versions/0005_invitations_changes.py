"""invitations: what changed since the person was asked first, to show beside the question"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005_invitations_changes", "0004_messages_delivery"


def upgrade() -> None:
    with op.batch_alter_table("invitation") as invitation:
        # The default stays: to take it away, SQLite would have to make the table anew.
        invitation.add_column(sa.Column("changes", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("invitation") as invitation:
        invitation.drop_column("changes")
