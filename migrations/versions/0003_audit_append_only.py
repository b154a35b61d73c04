"""audit: the database refuses to change or delete an entry of the trail"""

from alembic import op

revision, down_revision = "0003_audit_append_only", "0002_scheduling_guard"

FUNCTION = """
CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit_append_only'; END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION)
        op.execute(
            "CREATE TRIGGER audit_entry_guard BEFORE UPDATE OR DELETE ON audit_entry "
            "FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_guard_{verb.lower()} BEFORE {verb} ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_entry_guard ON audit_entry")
        op.execute("DROP FUNCTION audit_entry_refuse()")
        return
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER audit_entry_guard_{verb}")
