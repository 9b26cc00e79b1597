"""how often a membership is billed, a second limit per week, family pools, and surcharges beside payments"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.add_column("membership_plan", sa.Column("billing_every", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("membership_plan", sa.Column("billing_unit", _TEXT(), nullable=False, server_default="month"))
    op.add_column("membership_benefit", sa.Column("per_week", sa.Integer(), nullable=True))
    op.add_column("membership", sa.Column("pool_id", _TEXT(), nullable=True))
    op.create_index(
        op.f("ix_membership_pool_id"),
        "membership",
        ["pool_id"],
        unique=False,
        sqlite_where=sa.text("pool_id IS NOT NULL"),
        postgresql_where=sa.text("pool_id IS NOT NULL"),
    )
    op.add_column("payment", sa.Column("surcharge_cents", sa.Integer(), nullable=False, server_default="0"))
