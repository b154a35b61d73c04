"""invitations: what changed since the person was asked first, to show beside the question"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005_invitations_changes", "0004_messages_delivery"


def upgrade() -> None:
    with op.batch_alter_table("invitation") as invitation:
        invitation.add_column(sa.Column("changes", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("invitation") as invitation:
        invitation.alter_column("changes", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("invitation") as invitation:
        invitation.drop_column("changes")
