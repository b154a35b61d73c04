"""signups: until when a seat is kept for somebody who moved up near the start and has not answered.

Adds a nullable column; whoever moved up before has the seat.
"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0026_signups_offers", "0025_signups_pools"


def upgrade() -> None:
    op.add_column("signup", sa.Column("offer_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("signup") as signup:
        signup.drop_column("offer_until")
