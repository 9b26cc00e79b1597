"""what patients allowed to be taken from a card on file, and every charge made under it"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TEXT = sqlmodel.sql.sqltypes.AutoString
_UNDER_WAY = sa.text("state IN ('waiting', 'unknown')")


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def upgrade() -> None:
    name = "card_authorization"
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        *(sa.Column(one, _TEXT(), nullable=False) for one in ("card_ref", "last_four", "wording", "scope")),
        sa.Column("cap_cents", sa.Integer(), nullable=False),
        *(sa.Column(one, _TEXT(), nullable=False) for one in ("signed", "signed_by")),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        *(sa.Column(one, _TEXT(), nullable=False) for one in ("due_kind", "due_ref", "copy_sent")),
        sa.Column("recorded_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_why", _TEXT(), nullable=False),
        _refers(name, "practice_id", "practice"),
        _refers(name, "location_id", "location"),
        _refers(name, "patient_id", "patient"),
        _refers(name, "connection_id", "connection"),
        _refers(name, "recorded_by", "staff"),
        _refers(name, "ended_by", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_patient_id"), name, ["patient_id"])
    name = "card_charge"
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        *(sa.Column(one, _TEXT(), nullable=False) for one in ("key", "form")),
        *(sa.Column(one, sa.Integer(), nullable=False) for one in ("authorization_id", "patient_id", "connection_id")),
        sa.Column("card_ref", _TEXT(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        *(sa.Column(one, _TEXT(), nullable=False) for one in ("what", "due_kind", "due_ref")),
        sa.Column("due_on", sa.Date(), nullable=True),
        *(sa.Column(one, sa.Integer(), nullable=True) for one in ("plan_id", "instalment_id", "membership_id")),
        *(
            sa.Column(one, _TEXT(), nullable=False)
            for one in ("initiation", "receipt", "state", "reason", "reason_code")
        ),
        sa.Column("payment_ref", _TEXT(), nullable=True),
        sa.Column("asked_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("done_at", core.store.types.UtcInstant(), nullable=True),
        _refers(name, "practice_id", "practice"),
        _refers(name, "location_id", "location"),
        _refers(name, "authorization_id", "card_authorization"),
        _refers(name, "patient_id", "patient"),
        _refers(name, "connection_id", "connection"),
        _refers(name, "plan_id", "plan"),
        _refers(name, "instalment_id", "instalment"),
        _refers(name, "membership_id", "membership"),
        _refers(name, "asked_by", "staff"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("practice_id", "form", name=op.f(f"uq_{name}_practice_id_form")),
        sa.UniqueConstraint("key", name=op.f(f"uq_{name}_key")),
    )
    op.create_index(op.f(f"ix_{name}_patient_id"), name, ["patient_id"])
    given = sa.text("payment_ref IS NOT NULL")
    op.create_index(
        op.f(f"ix_{name}_payment_ref"), name, ["payment_ref"], sqlite_where=given, postgresql_where=given
    )
    op.create_index(
        "uq_card_charge_under_way",
        name,
        ["patient_id", "due_kind", "due_ref"],
        unique=True,
        sqlite_where=_UNDER_WAY,
        postgresql_where=_UNDER_WAY,
    )
