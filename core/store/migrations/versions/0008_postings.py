"""posting payments to the EHR's ledger"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('posted_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('connection_id', sa.Integer(), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('content_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('synced_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('gone_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('patient_ref', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('order_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('amount_cents', sa.Integer(), nullable=False),
    sa.Column('posted_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_posted_entry_connection_id_connection')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_posted_entry')),
    sa.UniqueConstraint('connection_id', 'external_id', name=op.f('uq_posted_entry_connection_id_external_id'))
    )
    op.create_index(op.f('ix_posted_entry_key'), 'posted_entry', ['key'], unique=False)
    op.create_index(op.f('ix_posted_entry_posted_on'), 'posted_entry', ['posted_on'], unique=False)
    op.create_table('posting_switch',
    sa.Column('connection_id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('date_start', sa.Date(), nullable=False),
    sa.Column('acknowledged', sa.Boolean(), nullable=False),
    sa.Column('changed_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('changed_by', sa.Integer(), nullable=True),
    sa.Column('trouble', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('looked_at', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['changed_by'], ['staff.id'], name=op.f('fk_posting_switch_changed_by_staff')),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_posting_switch_connection_id_connection')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_posting_switch_practice_id_practice')),
    sa.PrimaryKeyConstraint('connection_id', name=op.f('pk_posting_switch'))
    )
    op.create_table('ledger_posting',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('connection_id', sa.Integer(), nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=False),
    sa.Column('part', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('patient_id', sa.Integer(), nullable=True),
    sa.Column('amount_cents', sa.Integer(), nullable=False),
    sa.Column('happened_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('posted_on', sa.Date(), nullable=False),
    sa.Column('order_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('hold', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('entry_ref', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('batch', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('acts_as', sa.Integer(), nullable=True),
    sa.Column('cleared_by', sa.Integer(), nullable=True),
    sa.Column('created_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('not_before', core.store.types.UtcInstant(), nullable=False),
    sa.Column('claimed_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('settle_after', core.store.types.UtcInstant(), nullable=True),
    sa.Column('finished_at', core.store.types.UtcInstant(), nullable=True),
    sa.ForeignKeyConstraint(['acts_as'], ['staff.id'], name=op.f('fk_ledger_posting_acts_as_staff')),
    sa.ForeignKeyConstraint(['cleared_by'], ['staff.id'], name=op.f('fk_ledger_posting_cleared_by_staff')),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_ledger_posting_connection_id_connection')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_ledger_posting_patient_id_patient')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_ledger_posting_payment_id_payment')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_ledger_posting_practice_id_practice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_posting')),
    sa.UniqueConstraint('practice_id', 'key', name=op.f('uq_ledger_posting_practice_id_key'))
    )
    op.create_index(op.f('ix_ledger_posting_batch'), 'ledger_posting', ['batch'], unique=False, sqlite_where=sa.text('batch IS NOT NULL'), postgresql_where=sa.text('batch IS NOT NULL'))
    op.create_index(op.f('ix_ledger_posting_connection_id_state_not_before'), 'ledger_posting', ['connection_id', 'state', 'not_before'], unique=False)
    op.create_index(op.f('ix_ledger_posting_payment_id'), 'ledger_posting', ['payment_id'], unique=False)
    op.create_index(op.f('ix_ledger_posting_practice_id_posted_on'), 'ledger_posting', ['practice_id', 'posted_on'], unique=False)
