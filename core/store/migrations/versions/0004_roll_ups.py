"""daily roll-ups of the owner's overview, and what was seen day by day"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('draft_forecast',
    sa.Column('location_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('cents', sa.Integer(), nullable=False),
    sa.Column('failing_cents', sa.Integer(), nullable=False),
    sa.Column('unknown_cents', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_draft_forecast_location_id_location')),
    sa.PrimaryKeyConstraint('location_id', 'day', name=op.f('pk_draft_forecast'))
    )
    op.create_table('roll_up_day',
    sa.Column('location_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('expected_plans_cents', sa.Integer(), nullable=False),
    sa.Column('expected_memberships_cents', sa.Integer(), nullable=False),
    sa.Column('expected_visits_cents', sa.Integer(), nullable=False),
    sa.Column('service_due_cents', sa.Integer(), nullable=False),
    sa.Column('service_collected_cents', sa.Integer(), nullable=False),
    sa.Column('arrears_1_30_cents', sa.Integer(), nullable=False),
    sa.Column('arrears_31_60_cents', sa.Integer(), nullable=False),
    sa.Column('arrears_61_90_cents', sa.Integer(), nullable=False),
    sa.Column('arrears_over_90_cents', sa.Integer(), nullable=False),
    sa.Column('allowance', sa.Integer(), nullable=False),
    sa.Column('used', sa.Integer(), nullable=False),
    sa.Column('unlimited_used', sa.Integer(), nullable=False),
    sa.Column('recovered_cents', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_roll_up_day_location_id_location')),
    sa.PrimaryKeyConstraint('location_id', 'day', name=op.f('pk_roll_up_day'))
    )
    op.create_table('roll_up_money',
    sa.Column('location_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('method', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('part', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cents', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_roll_up_money_location_id_location')),
    sa.PrimaryKeyConstraint('location_id', 'day', 'method', 'part', name=op.f('pk_roll_up_money'))
    )
    op.create_table('roll_up_month',
    sa.Column('location_id', sa.Integer(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('stale', sa.Boolean(), nullable=False),
    sa.Column('marked', sa.Integer(), nullable=False),
    sa.Column('counted_at', core.store.types.UtcInstant(), nullable=True),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_roll_up_month_location_id_location')),
    sa.PrimaryKeyConstraint('location_id', 'month', name=op.f('pk_roll_up_month'))
    )
    op.create_table('roll_up_state',
    sa.Column('location_id', sa.Integer(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('today', sa.Date(), nullable=False),
    sa.Column('data_version', sa.Integer(), nullable=False),
    sa.Column('looked_until', core.store.types.UtcInstant(), nullable=False),
    sa.Column('terms_until', core.store.types.UtcInstant(), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=True),
    sa.Column('seen_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('seen_version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_roll_up_state_location_id_location')),
    sa.PrimaryKeyConstraint('location_id', name=op.f('pk_roll_up_state'))
    )
    op.create_table('seen_cards',
    sa.Column('location_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('patients', sa.Integer(), nullable=False),
    sa.Column('at_risk_cents', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_seen_cards_location_id_location')),
    sa.PrimaryKeyConstraint('location_id', 'day', 'state', name=op.f('pk_seen_cards'))
    )
    op.create_table('seen_day',
    sa.Column('location_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('booked', sa.Integer(), nullable=False),
    sa.Column('over', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_seen_day_location_id_location')),
    sa.PrimaryKeyConstraint('location_id', 'day', name=op.f('pk_seen_day'))
    )
    op.create_table('card_standing',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('location_id', sa.Integer(), nullable=False),
    sa.Column('patient_id', sa.Integer(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at_risk_cents', sa.Integer(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_card_standing_location_id_location')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_card_standing_patient_id_patient')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_card_standing'))
    )
    with op.batch_alter_table('card_standing', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_card_standing_location_id_until'), ['location_id', 'until'], unique=False)
        batch_op.create_index(batch_op.f('ix_card_standing_patient_id'), ['patient_id'], unique=False)
