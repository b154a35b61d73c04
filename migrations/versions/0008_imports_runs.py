"""imports: lists that were uploaded, and what was found in each of their rows"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0008_imports_runs", "0007_scheduling_entries"


def upgrade() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("file_name", sa.String(100), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("form_token", sa.String(64), nullable=True),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("new_count", sa.Integer(), nullable=False),
        sa.Column("changed_count", sa.Integer(), nullable=False),
        sa.Column("same_count", sa.Integer(), nullable=False),
        sa.Column("error_count", sa.Integer(), nullable=False),
        sa.Column("ignored", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("started_by_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name="fk_import_run_unit_id"),
        sa.ForeignKeyConstraint(["started_by_id"], ["account.id"], name="fk_import_run_started_by_id"),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["account.id"], name="fk_import_run_confirmed_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_import_run"),
        sa.UniqueConstraint("form_token", name="uq_import_run_form_token"),
    )
    op.create_index("ix_import_run_unit_id", "import_run", ["unit_id"])
    op.create_table(
        "import_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_import_line_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_import_line"),
        sa.UniqueConstraint("run_id", "number", name="uq_import_line_run_id_number"),
    )


def downgrade() -> None:
    op.drop_table("import_line")
    op.drop_table("import_run")
