"""messages: each try to deliver, why one failed, what a later message replaced; jobs: duties that come round

A message that is there already gets its thread from its key, which is “kind:subject:sequence”.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004_messages_delivery", "0003_audit_append_only"

MOMENT = sa.DateTime(timezone=True)
IS_DUTY = sa.text("every_minutes IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(40), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_delivery_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_index("ix_delivery_message_id", "delivery", ["message_id"])
    # Without batch mode: it would build the table anew, which only a change of a column needs.
    op.add_column("message", sa.Column("thread", sa.String(120), nullable=False, server_default=""))
    op.add_column("message", sa.Column("failure", sa.String(40), nullable=True))
    op.add_column("message", sa.Column("expires_at", MOMENT, nullable=True))
    op.add_column("message", sa.Column("superseded_at", MOMENT, nullable=True))
    op.drop_index("ix_message_about", "message")
    op.create_index("ix_message_about_thread", "message", ["about", "thread"])
    op.create_index("ix_message_state_created", "message", ["state", "created_at"])
    _name_threads()
    op.add_column("job", sa.Column("every_minutes", sa.Integer(), nullable=True))
    op.create_index("ix_job_name_subject", "job", ["name", "subject_id"])
    op.create_index("uq_job_duty", "job", ["name"], unique=True, sqlite_where=IS_DUTY, postgresql_where=IS_DUTY)


def _name_threads() -> None:
    message = sa.table("message", sa.column("id", sa.Integer), sa.column("dedupe_key", sa.String), sa.column("thread", sa.String))
    connection = op.get_bind()
    for id, key in connection.execute(sa.select(message.c.id, message.c.dedupe_key)).all():
        thread = key.split(":")[1] if ":" in key else key
        connection.execute(message.update().where(message.c.id == id).values(thread=thread))


def downgrade() -> None:
    op.drop_index("uq_job_duty", "job")
    op.drop_index("ix_job_name_subject", "job")
    op.drop_column("job", "every_minutes")
    op.drop_index("ix_message_state_created", "message")
    op.drop_index("ix_message_about_thread", "message")
    op.create_index("ix_message_about", "message", ["about"])
    for column in ("superseded_at", "expires_at", "failure", "thread"):
        op.drop_column("message", column)
    op.drop_table("delivery")
