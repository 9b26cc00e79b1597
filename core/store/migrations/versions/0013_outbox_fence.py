"""one worker at a time has a row of the outbox"""

import sqlalchemy as sa
from alembic import op

import core.store.types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_row", sa.Column("fence", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox_row", sa.Column("held_until", core.store.types.UtcInstant(), nullable=True))
    op.execute("UPDATE outbox_row SET held_until = claimed_at + 120000000 WHERE state = 'sending'")
