"""what a person said about money that only the ledger knows of, and the ledger's rows by plan"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STANDS = sa.text("undone_at IS NULL")
PAYS = sa.text("undone_at IS NULL AND answer = 'yes'")
TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    of_plan = sa.text("plan_id IS NOT NULL")
    op.create_index(
        op.f("ix_ledger_entry_plan_id"), "ledger_entry", ["plan_id"], unique=False,
        sqlite_where=of_plan, postgresql_where=of_plan,
    )  # fmt: skip
    op.create_table(
        "desk_match",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("due_kind", TEXT(), nullable=False),
        sa.Column("due_ref", TEXT(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("membership_id", sa.Integer(), nullable=True),
        sa.Column("answer", TEXT(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("decided_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("decided_by", TEXT(), nullable=False),
        sa.Column("undone_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("undone_by", TEXT(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entry.id"], name=op.f("fk_desk_match_entry_id_ledger_entry")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_desk_match_membership_id_membership")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_desk_match_patient_id_patient")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_desk_match_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_desk_match_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_match")),
    )
    op.create_index(op.f("ix_desk_match_patient_id"), "desk_match", ["patient_id"], unique=False)
    op.create_index(
        op.f("ix_desk_match_plan_id"), "desk_match", ["plan_id"], unique=False,
        sqlite_where=of_plan, postgresql_where=of_plan,
    )  # fmt: skip
    op.create_index(
        "uq_desk_match_answer", "desk_match", ["entry_id", "due_kind", "due_ref"], unique=True,
        sqlite_where=STANDS, postgresql_where=STANDS,
    )  # fmt: skip
    op.create_index(
        "uq_desk_match_paid", "desk_match", ["entry_id"], unique=True,
        sqlite_where=PAYS, postgresql_where=PAYS,
    )  # fmt: skip
