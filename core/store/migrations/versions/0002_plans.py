"""plans: former terms, promises, settlements"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DECLINED = sa.text("status = 'declined'")


def upgrade() -> None:
    op.create_table(
        "plan_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("instalment_id", sa.Integer(), nullable=True),
        sa.Column("replaced_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("terms", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instalment_id"], ["instalment.id"], name=op.f("fk_plan_version_instalment_id_instalment")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_version_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_version")),
    )
    op.create_index(op.f("ix_plan_version_plan_id"), "plan_version", ["plan_id"])
    op.create_table(
        "plan_promise",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("said_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recorded_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("withdrawn_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("withdrawn_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("withdrawn_why", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_promise_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_plan_promise_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_promise")),
    )
    op.create_index(op.f("ix_plan_promise_plan_id"), "plan_promise", ["plan_id"])
    op.create_table(
        "plan_settlement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("decision", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decided_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("undone_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("undone_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_settlement_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_plan_settlement_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_settlement")),
    )
    op.create_index(op.f("ix_plan_settlement_plan_id"), "plan_settlement", ["plan_id"])
    op.create_index(
        "ix_payment_declined", "payment", ["happened_at"], sqlite_where=_DECLINED, postgresql_where=_DECLINED
    )
