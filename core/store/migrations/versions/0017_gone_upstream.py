"""rows that a whole source no longer sends: counted with each sync, and asked about when there are too many"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_INSTANT = core.store.types.UtcInstant


def upgrade() -> None:
    op.add_column("sync_run", sa.Column("set_aside", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sync_run", sa.Column("gone", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "loss",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("resource", _TEXT(), nullable=False),
        sa.Column("table_name", _TEXT(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("why", _TEXT(), nullable=False),
        sa.Column("found_at", _INSTANT(), nullable=False),
        sa.Column("answer", _TEXT(), nullable=False),
        sa.Column("answered_at", _INSTANT(), nullable=True),
        sa.Column("answered_by", _TEXT(), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_loss_connection_id_connection")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loss")),
    )
    op.create_index(
        op.f("ix_loss_connection_id_resource"),
        "loss",
        ["connection_id", "resource"],
        unique=True,
        sqlite_where=sa.text("answer = ''"),
        postgresql_where=sa.text("answer = ''"),
    )
    op.create_table(
        "lost_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("loss_id", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["loss_id"], ["loss.id"], name=op.f("fk_lost_row_loss_id_loss")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lost_row")),
        sa.UniqueConstraint("loss_id", "row_id", name=op.f("uq_lost_row_loss_id_row_id")),
    )
