"""audit: roles, address and result of an entry, its stamp, and the chain that seals entries.

Old entries have none of the new columns. On SQLite `INSERT OR REPLACE` would get round the guards of 0003,
because what it replaces fires no trigger; on PostgreSQL TRUNCATE would.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0012_audit_chain", "0011_accounts_sign_in"

COLUMNS = (
    ("actor_roles", sa.String(200)), ("address", sa.String(45)), ("result", sa.String(40)), ("stamp", sa.String(80)),
)  # fmt: skip
TAKEN = {
    "audit_entry": "SELECT 1 FROM audit_entry WHERE id = NEW.id OR stamp = NEW.stamp",
    "audit_link": "SELECT 1 FROM audit_link WHERE position = NEW.position OR entry_id = NEW.entry_id",
}


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("audit_entry", sa.Column(name, kind, nullable=True))
    op.create_index("uq_audit_entry_stamp", "audit_entry", ["stamp"], unique=True)
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor_id", "at"])
    op.create_table(
        "audit_link",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_mark", sa.String(8), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entry.id"], name="fk_audit_link_entry_id"),
        sa.PrimaryKeyConstraint("position", name="pk_audit_link"),
    )
    op.create_index("uq_audit_link_entry_id", "audit_link", ["entry_id"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER audit_link_guard BEFORE UPDATE OR DELETE ON audit_link "
            "FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()"
        )
        for table in TAKEN:
            op.execute(
                f"CREATE TRIGGER {table}_guard_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()"
            )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_link_guard_{verb.lower()} BEFORE {verb} ON audit_link "
            "BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END"
        )
    for table, taken in TAKEN.items():
        op.execute(
            f"CREATE TRIGGER {table}_guard_replace BEFORE INSERT ON {table} WHEN EXISTS ({taken}) "
            "BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_entry_guard_truncate ON audit_entry")
    else:
        op.execute("DROP TRIGGER audit_entry_guard_replace")
    op.drop_table("audit_link")
    op.drop_index("ix_audit_entry_actor", "audit_entry")
    op.drop_index("uq_audit_entry_stamp", "audit_entry")
    # One by one: a table made anew would lose the guards of 0003.
    for name, _kind in reversed(COLUMNS):
        op.drop_column("audit_entry", name)
