"""accounts: second factor, links to sign in by, old passwords, and what a browser session shows of itself.

Adds columns and three tables. Sessions that are open now were confirmed when they began.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0011_accounts_sign_in", "0010_accounts_person"


# Added one by one: SQLite would make a table anew for a change, with its constraints in another order each time.
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("account", sa.Column("password_set_at", MOMENT, nullable=True))
    op.add_column(
        "account", sa.Column("must_change_password", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("account", sa.Column("totp_secret", sa.LargeBinary, nullable=True))
    op.add_column("account", sa.Column("totp_since", MOMENT, nullable=True))
    op.add_column("account", sa.Column("totp_step", sa.Integer, nullable=False, server_default="0"))
    op.add_column("browser_session", sa.Column("confirmed_at", MOMENT, nullable=True))
    op.add_column("browser_session", sa.Column("agent", sa.String(60), nullable=False, server_default=""))
    op.add_column("browser_session", sa.Column("address", sa.LargeBinary, nullable=True))
    op.execute("UPDATE browser_session SET confirmed_at = started_at")
    op.create_table(
        "sign_in_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sign_in_link_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_link"),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_link_token_hash"),
    )
    op.create_index("ix_sign_in_link_account_id", "sign_in_link", ["account_id"])
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_recovery_code_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
    )
    op.create_index("ix_recovery_code_account_id", "recovery_code", ["account_id"])
    op.create_table(
        "old_password",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_old_password_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_old_password"),
    )
    op.create_index("ix_old_password_account_id", "old_password", ["account_id"])


def downgrade() -> None:
    op.drop_table("old_password")
    op.drop_table("recovery_code")
    op.drop_table("sign_in_link")
    for table, columns in (
        ("browser_session", ("address", "agent", "confirmed_at")),
        ("account", ("totp_step", "totp_since", "totp_secret", "must_change_password", "password_set_at")),
    ):
        with op.batch_alter_table(table) as changed:
            for column in columns:
                changed.drop_column(column)
