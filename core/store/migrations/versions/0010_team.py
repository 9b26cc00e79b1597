"""clerk keys and login times"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_clerk_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("sealed_key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("changed_at", core.store.types.UtcInstant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_staff_clerk_key_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_clerk_key_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_clerk_key")),
        sa.UniqueConstraint(
            "staff_id", "connection_id", name=op.f("uq_staff_clerk_key_staff_id_connection_id")
        ),
    )
    with op.batch_alter_table("staff_clerk_key") as batch:
        batch.create_index(batch.f("ix_staff_clerk_key_connection_id"), ["connection_id"], unique=False)
    op.create_table(
        "staff_login_time",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("from_time", sa.Time(), nullable=True),
        sa.Column("until_time", sa.Time(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_login_time_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_login_time")),
        sa.UniqueConstraint("staff_id", "weekday", name=op.f("uq_staff_login_time_staff_id_weekday")),
    )
