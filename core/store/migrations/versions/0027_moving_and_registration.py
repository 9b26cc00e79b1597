"""ids of a practice that moved to another processor; the registration of its texts"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString()
    op.create_table(
        "moved_id",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("old_id", text, nullable=False),
        sa.Column("new_id", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_moved_id_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moved_id")),
        sa.UniqueConstraint("connection_id", "old_id", name=op.f("uq_moved_id_connection_id_old_id")),
    )
    op.create_table(
        "text_registration",
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("campaign", text, nullable=False),
        sa.Column("reason", text, nullable=False),
        sa.Column("changed_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("changed_by", text, nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_text_registration_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("practice_id", name=op.f("pk_text_registration")),
    )
