"""online booking: types on offer, hours, bookings with their places and charges"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "booking_switch",
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("frame_hosts", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("no_shows_prepay", sa.Integer(), nullable=True),
        sa.Column("days_ahead_prepay", sa.Integer(), nullable=True),
        sa.Column("changed_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["staff.id"], name=op.f("fk_booking_switch_changed_by_staff")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_booking_switch_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("practice_id", name=op.f("pk_booking_switch")),
    )
    op.create_table(
        "day_off",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=True),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_day_off_location_id_location")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_day_off_practice_id_practice")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("fk_day_off_provider_id_provider")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_off")),
    )
    with op.batch_alter_table("day_off") as batch:
        batch.create_index(
            batch.f("ix_day_off_practice_id_last_on"), ["practice_id", "last_on"], unique=False
        )

    op.create_table(
        "online_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("appointment_type_id", sa.Integer(), nullable=False),
        sa.Column("slug", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("step_minutes", sa.Integer(), nullable=False),
        sa.Column("prep_minutes", sa.Integer(), nullable=False),
        sa.Column("notice_minutes", sa.Integer(), nullable=False),
        sa.Column("days_ahead", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("group_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("who", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("charge", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.Column("deposit_cents", sa.Integer(), nullable=True),
        sa.Column("refund_percent", sa.Integer(), nullable=False),
        sa.Column("refund_percent_late", sa.Integer(), nullable=False),
        sa.Column("cutoff_hours", sa.Integer(), nullable=False),
        sa.Column("members_free", sa.Boolean(), nullable=False),
        sa.Column("changed_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_type_id"],
            ["appointment_type.id"],
            name=op.f("fk_online_type_appointment_type_id_appointment_type"),
        ),
        sa.ForeignKeyConstraint(["changed_by"], ["staff.id"], name=op.f("fk_online_type_changed_by_staff")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_online_type_practice_id_practice")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_online_type")),
        sa.UniqueConstraint(
            "practice_id", "appointment_type_id", name=op.f("uq_online_type_practice_id_appointment_type_id")
        ),
        sa.UniqueConstraint("practice_id", "slug", name=op.f("uq_online_type_practice_id_slug")),
    )
    op.create_table(
        "prepay_by_name",
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("must_prepay", sa.Boolean(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("set_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name=op.f("fk_prepay_by_name_patient_id_patient")
        ),
        sa.ForeignKeyConstraint(["set_by"], ["staff.id"], name=op.f("fk_prepay_by_name_set_by_staff")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_prepay_by_name")),
    )
    op.create_table(
        "provider_hours",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts_minute", sa.Integer(), nullable=False),
        sa.Column("ends_minute", sa.Integer(), nullable=False),
        sa.Column("is_break", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_provider_hours_location_id_location")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("fk_provider_hours_provider_id_provider")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_hours")),
        sa.UniqueConstraint(
            "provider_id",
            "location_id",
            "weekday",
            "starts_minute",
            "is_break",
            name=op.f("uq_provider_hours_provider_id_location_id_weekday_starts_minute_is_break"),
        ),
    )
    op.create_table(
        "booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=False),
        sa.Column("online_type_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("starts_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("prep_minutes", sa.Integer(), nullable=False),
        sa.Column("group_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asked_from", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hold_until", core.store.types.UtcInstant(), nullable=False),
        sa.Column("created_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("booked_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("ended_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("first_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("last_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("mobile_phone", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("text_consent", sa.Boolean(), nullable=False),
        sa.Column("email_consent", sa.Boolean(), nullable=False),
        sa.Column("agreed_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("proposed_id", sa.Integer(), nullable=True),
        sa.Column("known", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("evidence", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("charge", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("prepaid_why", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("refund_percent", sa.Integer(), nullable=False),
        sa.Column("refund_percent_late", sa.Integer(), nullable=False),
        sa.Column("cutoff_hours", sa.Integer(), nullable=False),
        sa.Column("member_checked", sa.Boolean(), nullable=False),
        sa.Column("refused", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("at_ehr", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ehr_ref", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("ehr_version", sa.Integer(), nullable=False),
        sa.Column("ehr_starts_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("moved_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("conflict", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_booking_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_booking_location_id_location")
        ),
        sa.ForeignKeyConstraint(
            ["online_type_id"], ["online_type.id"], name=op.f("fk_booking_online_type_id_online_type")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_booking_patient_id_patient")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practice.id"], name=op.f("fk_booking_practice_id_practice")
        ),
        sa.ForeignKeyConstraint(["proposed_id"], ["patient.id"], name=op.f("fk_booking_proposed_id_patient")),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("fk_booking_provider_id_provider")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("key", name=op.f("uq_booking_key")),
    )
    with op.batch_alter_table("booking") as batch:
        batch.create_index(
            batch.f("ix_booking_appointment_id"),
            ["appointment_id"],
            unique=False,
            sqlite_where=sa.text("appointment_id IS NOT NULL"),
            postgresql_where=sa.text("appointment_id IS NOT NULL"),
        )
        batch.create_index(
            batch.f("ix_booking_mobile_phone_created_at"), ["mobile_phone", "created_at"], unique=False
        )
        batch.create_index(
            batch.f("ix_booking_patient_id"),
            ["patient_id"],
            unique=False,
            sqlite_where=sa.text("patient_id IS NOT NULL"),
            postgresql_where=sa.text("patient_id IS NOT NULL"),
        )
        batch.create_index(
            batch.f("ix_booking_practice_id_state_starts_at"),
            ["practice_id", "state", "starts_at"],
            unique=False,
        )
        batch.create_index(
            batch.f("ix_booking_provider_id_starts_at"), ["provider_id", "starts_at"], unique=False
        )
        batch.create_index(batch.f("ix_booking_state_hold_until"), ["state", "hold_until"], unique=False)

    op.create_table(
        "online_provider",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("online_type_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["online_type_id"], ["online_type.id"], name=op.f("fk_online_provider_online_type_id_online_type")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("fk_online_provider_provider_id_provider")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_online_provider")),
        sa.UniqueConstraint(
            "online_type_id", "provider_id", name=op.f("uq_online_provider_online_type_id_provider_id")
        ),
    )
    op.create_table(
        "booked_place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_booked_place_booking_id_booking")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["provider.id"], name=op.f("fk_booked_place_provider_id_provider")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booked_place")),
        sa.UniqueConstraint("provider_id", "at", "place", name=op.f("uq_booked_place_provider_id_at_place")),
    )
    with op.batch_alter_table("booked_place") as batch:
        batch.create_index(batch.f("ix_booked_place_booking_id"), ["booking_id"], unique=False)

    op.create_table(
        "booking_charge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("payment_ref", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("card_ref", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("contact_ref", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("brand", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("last_four", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("taken_cents", sa.Integer(), nullable=False),
        sa.Column("taken_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("back_cents", sa.Integer(), nullable=False),
        sa.Column("back", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("back_why", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("made_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("done_at", core.store.types.UtcInstant(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_booking_charge_booking_id_booking")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_booking_charge_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_charge")),
        sa.UniqueConstraint("order_id", name=op.f("uq_booking_charge_order_id")),
    )
    with op.batch_alter_table("booking_charge") as batch:
        batch.create_index(batch.f("ix_booking_charge_booking_id"), ["booking_id"], unique=False)
        batch.create_index(
            batch.f("ix_booking_charge_payment_ref"),
            ["payment_ref"],
            unique=False,
            sqlite_where=sa.text("payment_ref IS NOT NULL"),
            postgresql_where=sa.text("payment_ref IS NOT NULL"),
        )
        batch.create_index(batch.f("ix_booking_charge_state"), ["state"], unique=False)

    op.create_table(
        "booking_code",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sent_at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("sent_count", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_booking_code_booking_id_booking")
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_booking_code")),
    )
    op.create_table(
        "booking_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("at", core.store.types.UtcInstant(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_booking_step_booking_id_booking")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_booking_step_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_step")),
    )
    with op.batch_alter_table("booking_step") as batch:
        batch.create_index(batch.f("ix_booking_step_booking_id_at"), ["booking_id", "at"], unique=False)
