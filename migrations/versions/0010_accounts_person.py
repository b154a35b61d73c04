"""accounts: which deputy or official an account is, and where mail reaches its owner.

Adds a nullable column and an empty text; accounts of clerks need neither.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0010_accounts_person", "0009_scheduling_figures"


def upgrade() -> None:
    op.add_column("account", sa.Column("email", sa.String(254), nullable=False, server_default=""))
    with op.batch_alter_table("account") as account:
        account.add_column(sa.Column("person_id", sa.Integer, nullable=True))
        account.create_foreign_key("fk_account_person_id", "person", ["person_id"], ["id"])
    op.create_index("uq_account_person_id", "account", ["person_id"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_account_person_id", "account")
    with op.batch_alter_table("account") as account:
        account.drop_constraint("fk_account_person_id", type_="foreignkey")
        account.drop_column("person_id")
        account.drop_column("email")
