"""memberships: what was decided about visits beyond them"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STANDS = sa.text("undone_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "membership_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("starts_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=True),
        sa.Column("extras_seen", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("visits", sa.Integer(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("chosen_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("chosen_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("undone_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("undone_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_membership_choice_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_membership_choice_membership_id_membership")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["membership_plan.id"], name=op.f("fk_membership_choice_plan_id_membership_plan")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_membership_choice_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_choice")),
    )
    op.create_index(
        op.f("ix_membership_choice_membership_id_appointment_id"),
        "membership_choice",
        ["membership_id", "appointment_id"],
        unique=True,
        sqlite_where=_STANDS,
        postgresql_where=_STANDS,
    )
