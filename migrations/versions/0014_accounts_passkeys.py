"""accounts: passkeys, questions that were answered, and by what a browser session began.

Adds columns and two tables. Of sessions that are open now nobody knows how they began.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0014_accounts_passkeys", "0013_limits_allowance"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("browser_session", sa.Column("way", sa.String(40), nullable=True))
    op.add_column(
        "browser_session", sa.Column("is_strong", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("credential", sa.String(1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_passkey_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_passkey"),
        sa.UniqueConstraint("credential", name="uq_passkey_credential"),
    )
    op.create_index("ix_passkey_account_id", "passkey", ["account_id"])
    op.create_table(
        "spent_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question_hash", sa.String(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spent_question"),
        sa.UniqueConstraint("question_hash", name="uq_spent_question_question_hash"),
    )
    op.create_index("ix_spent_question_at", "spent_question", ["at"])


def downgrade() -> None:
    op.drop_table("spent_question")
    op.drop_table("passkey")
    with op.batch_alter_table("browser_session") as changed:
        changed.drop_column("is_strong")
        changed.drop_column("way")
