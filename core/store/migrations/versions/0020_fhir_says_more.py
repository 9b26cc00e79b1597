"""what a FHIR reference stands for, and visits that an encounter or a shared appointment has a word in"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.add_column("appointment", sa.Column("own_status", _TEXT(), nullable=True))
    op.add_column("appointment", sa.Column("encounters", _TEXT(), nullable=True))
    op.add_column("appointment", sa.Column("named_visit", _TEXT(), nullable=True))
    op.create_index(
        op.f("ix_appointment_named_visit"),
        "appointment",
        ["named_visit"],
        unique=False,
        sqlite_where=sa.text("named_visit IS NOT NULL"),
        postgresql_where=sa.text("named_visit IS NOT NULL"),
    )
    op.create_table(
        "known_reference",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", _TEXT(), nullable=False),
        sa.Column("named", _TEXT(), nullable=False),
        sa.Column("means", _TEXT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_known_reference_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_reference")),
        sa.UniqueConstraint(
            "connection_id", "kind", "named", name=op.f("uq_known_reference_connection_id_kind_named")
        ),
    )
