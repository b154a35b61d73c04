"""attendance: who came, and the door that notes it.

Adds three tables.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0017_attendance_start", "0016_privacy_erasure"

MOMENT = sa.DateTime(timezone=True)
ONE_PERSON = (
    "(CASE WHEN signup_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN participant_id IS NULL THEN 0 ELSE 1 END)"
    " + (CASE WHEN name = '' THEN 0 ELSE 1 END) = 1"
)
LIVE = sa.text("undone_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "door_pin",
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("pin", sa.LargeBinary(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_door_pin_meeting_id"),
        sa.ForeignKeyConstraint(["set_by_id"], ["account.id"], name="fk_door_pin_set_by_id"),
        sa.PrimaryKeyConstraint("meeting_id", name="pk_door_pin"),
    )
    op.create_table(
        "door_device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("keeper", sa.String(50), nullable=False),
        sa.Column("agent", sa.String(60), nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_door_device_meeting_id"),
        sa.PrimaryKeyConstraint("id", name="pk_door_device"),
        sa.UniqueConstraint("key_hash", name="uq_door_device_key_hash"),
    )
    op.create_index("ix_door_device_meeting_id", "door_device", ["meeting_id"])
    op.create_table(
        "check_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Integer(), nullable=False),
        sa.Column("signup_id", sa.Integer(), nullable=True),
        sa.Column("participant_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("organisation", sa.String(100), nullable=False),
        sa.Column("way", sa.String(40), nullable=False),
        sa.Column("arrived_at", MOMENT, nullable=True),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("form_token", sa.String(64), nullable=True),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("undone_reason", sa.String(40), nullable=True),
        sa.CheckConstraint(ONE_PERSON, name="ck_check_in_one_person"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meeting.id"], name="fk_check_in_meeting_id"),
        sa.ForeignKeyConstraint(["signup_id"], ["signup.id"], name="fk_check_in_signup_id"),
        sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name="fk_check_in_participant_id"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_check_in_account_id"),
        sa.ForeignKeyConstraint(["device_id"], ["door_device.id"], name="fk_check_in_device_id"),
        sa.PrimaryKeyConstraint("id", name="pk_check_in"),
        sa.UniqueConstraint("form_token", name="uq_check_in_form_token"),
    )
    op.create_index("ix_check_in_meeting_id", "check_in", ["meeting_id"])
    for name in ("signup", "participant"):
        op.create_index(
            f"uq_check_in_live_{name}",
            "check_in",
            [f"{name}_id"],
            unique=True,
            sqlite_where=LIVE,
            postgresql_where=LIVE,
        )


def downgrade() -> None:
    op.drop_table("check_in")
    op.drop_table("door_device")
    op.drop_table("door_pin")
