"""accounts: links that are made on the machine itself, for when the single sign-on lets nobody in.

Adds one column.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0019_accounts_emergency", "0018_workdays_years"


def upgrade() -> None:
    op.add_column(
        "sign_in_link", sa.Column("is_emergency", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    # Without the column such a link would be taken for one that was mailed, and be refused for most roles.
    op.drop_column("sign_in_link", "is_emergency")
