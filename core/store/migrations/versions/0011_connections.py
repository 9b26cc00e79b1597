"""the number by which the EHR's people know a patient, beside the id its interface uses"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("patient", sa.Column("ehr_number", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    op.create_index(
        op.f("ix_patient_ehr_number"),
        "patient",
        ["ehr_number"],
        unique=False,
        sqlite_where=sa.text("ehr_number IS NOT NULL"),
        postgresql_where=sa.text("ehr_number IS NOT NULL"),
    )
