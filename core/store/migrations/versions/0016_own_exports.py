"""profiles of a practice's own exports, and loads that can be undone"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "source_profile",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=True),
        sa.Column("name", TEXT(), nullable=False),
        sa.Column("profile", TEXT(), nullable=False),
        sa.Column("answers", TEXT(), nullable=False),
        sa.Column("shape", TEXT(), nullable=False),
        sa.Column("saved_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("saved_by", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_source_profile_connection_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_source_profile_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_profile")),
        sa.UniqueConstraint("name", name=op.f("uq_source_profile_name")),
    )
    op.create_table(
        "export_load",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("profile", TEXT(), nullable=False),
        sa.Column("files", TEXT(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("began_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("began_by", TEXT(), nullable=False),
        sa.Column("undone_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("undone_by", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_export_load_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_load")),
    )
    op.create_table(
        "export_load_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("load_id", sa.Integer(), nullable=False),
        sa.Column("file", TEXT(), nullable=False),
        sa.Column("external_id", TEXT(), nullable=False),
        sa.Column("before", TEXT(), nullable=False),
        sa.Column("after_hash", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["load_id"], ["export_load.id"], name=op.f("fk_export_load_row_load_id_export_load")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_load_row")),
    )
    with op.batch_alter_table("export_load_row") as batch:
        batch.create_index(
            batch.f("ix_export_load_row_load_id_file_external_id"), ["load_id", "file", "external_id"], unique=False
        )
