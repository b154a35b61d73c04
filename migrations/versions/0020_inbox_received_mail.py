"""inbox: mails that came in, how far the mailbox was read, every answer as it came, and further addresses of people.

Adds four tables and an index. Answers that stand already get their row in the new history.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0020_inbox_received_mail", "0019_accounts_emergency"

MOMENT = sa.DateTime(timezone=True)
LIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "answer_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(40), nullable=False),
        sa.Column("door", sa.String(40), nullable=False),
        sa.Column("weight", sa.String(40), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.Column("noted_by", sa.String(100), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_answer_record_meeting_id"),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitation.id"], name="fk_answer_record_invitation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_answer_record"),
    )
    op.create_index("ix_answer_record_meeting_id", "answer_record", ["meeting_id"])
    op.create_index("ix_answer_record_invitation_id", "answer_record", ["invitation_id"])
    op.execute(
        "INSERT INTO answer_record (meeting_id, invitation_id, answer, door, weight, sequence, given_at, noted_at,"
        " noted_by, reason) SELECT meeting_id, id, answer, door, 'counted', answered_sequence, answered_at,"
        " answered_at, answered_by, reason FROM invitation"
        " WHERE answered_at IS NOT NULL AND door IS NOT NULL AND answered_sequence IS NOT NULL"
    )
    op.create_table(
        "person_address",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("added_by", sa.String(100), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_person_address_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_person_address"),
    )
    op.create_index("ix_person_address_person_id", "person_address", ["person_id"])
    op.create_index("ix_person_address_address", "person_address", ["address"])
    op.create_index(
        "uq_person_address_live",
        "person_address",
        ["person_id", "address"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_table(
        "mailbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", MOMENT, nullable=True),
        sa.Column("failed_at", MOMENT, nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mailbox"),
        sa.UniqueConstraint("name", name="uq_mailbox_name"),
    )
    op.create_table(
        "received_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(40), nullable=True),
        sa.Column("words", sa.String(300), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=True),
        sa.Column("outbox_id", sa.Integer(), nullable=True),
        sa.Column("sender", sa.LargeBinary(), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("arrived_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("settled_by", sa.String(100), nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["org_unit.id"], name="fk_received_mail_unit_id"),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitation.id"], name="fk_received_mail_invitation_id"),
        sa.ForeignKeyConstraint(["outbox_id"], ["message.id"], name="fk_received_mail_outbox_id"),
        sa.PrimaryKeyConstraint("id", name="pk_received_mail"),
        sa.UniqueConstraint("digest", name="uq_received_mail_digest"),
    )
    op.create_index("ix_received_mail_unit_state", "received_mail", ["unit_id", "state"])
    op.create_index("ix_received_mail_state", "received_mail", ["state"])
    op.create_index("ix_received_mail_invitation_id", "received_mail", ["invitation_id"])
    op.create_index("ix_message_message_id", "message", ["message_id"])


def downgrade() -> None:
    op.drop_index("ix_message_message_id", "message")
    for table in ("received_mail", "mailbox", "person_address", "answer_record"):
        op.drop_table(table)
