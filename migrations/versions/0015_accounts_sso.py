"""accounts: whom the single sign-on knows an account's owner as. Adds a table."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0015_accounts_sso", "0014_accounts_passkeys"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sso_identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("linked_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sso_identity_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sso_identity"),
        sa.UniqueConstraint("issuer", "subject", name="uq_sso_identity_issuer_subject"),
        sa.UniqueConstraint("account_id", "issuer", name="uq_sso_identity_account_id_issuer"),
    )


def downgrade() -> None:
    op.drop_table("sso_identity")
