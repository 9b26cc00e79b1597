"""who read, works on and left what patients wrote"""

import sqlalchemy as sa
from alembic import op

import core.store.types

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbound_message") as batch:
        batch.add_column(sa.Column("seen_by", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("owner_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("left_at", core.store.types.UtcInstant(), nullable=True))
        batch.create_foreign_key("fk_inbound_message_seen_by_staff", "staff", ["seen_by"], ["id"])
        batch.create_foreign_key("fk_inbound_message_owner_id_staff", "staff", ["owner_id"], ["id"])
    op.create_index("ix_inbound_message_from_address", "inbound_message", ["from_address"])
