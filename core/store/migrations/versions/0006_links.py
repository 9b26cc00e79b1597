"""links, their steps and tokens, invoices and their lines"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('location_id', sa.Integer(), nullable=True),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('form', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('patient_id', sa.Integer(), nullable=False),
    sa.Column('amount_cents', sa.Integer(), nullable=False),
    sa.Column('what', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=True),
    sa.Column('membership_id', sa.Integer(), nullable=True),
    sa.Column('instalment_id', sa.Integer(), nullable=True),
    sa.Column('due_kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('due_ref', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('connection_id', sa.Integer(), nullable=True),
    sa.Column('contact_ref', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('card_ref', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('keep_card', sa.Boolean(), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('url', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('new_card_ref', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('expires_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('undo_until', core.store.types.UtcInstant(), nullable=True),
    sa.Column('replaced_by', sa.Integer(), nullable=True),
    sa.Column('created_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('paid_cents', sa.Integer(), nullable=False),
    sa.Column('pending_cents', sa.Integer(), nullable=False),
    sa.Column('asked_back_cents', sa.Integer(), nullable=True),
    sa.Column('seen_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('sent_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('opened_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('ended_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('reminders_stopped', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_link_connection_id_connection')),
    sa.ForeignKeyConstraint(['created_by'], ['staff.id'], name=op.f('fk_link_created_by_staff')),
    sa.ForeignKeyConstraint(['instalment_id'], ['instalment.id'], name=op.f('fk_link_instalment_id_instalment')),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_link_location_id_location')),
    sa.ForeignKeyConstraint(['membership_id'], ['membership.id'], name=op.f('fk_link_membership_id_membership')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_link_patient_id_patient')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_link_plan_id_plan')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_link_practice_id_practice')),
    sa.ForeignKeyConstraint(['replaced_by'], ['link.id'], name=op.f('fk_link_replaced_by_link')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_link')),
    sa.UniqueConstraint('connection_id', 'external_id', name=op.f('uq_link_connection_id_external_id')),
    sa.UniqueConstraint('key', name=op.f('uq_link_key')),
    sa.UniqueConstraint('practice_id', 'form', name=op.f('uq_link_practice_id_form'))
    )
    op.create_index(op.f('ix_link_membership_id'), 'link', ['membership_id'], unique=False, sqlite_where=sa.text('membership_id IS NOT NULL'), postgresql_where=sa.text('membership_id IS NOT NULL'))
    op.create_index(op.f('ix_link_patient_id_created_at'), 'link', ['patient_id', 'created_at'], unique=False)
    op.create_index(op.f('ix_link_plan_id'), 'link', ['plan_id'], unique=False, sqlite_where=sa.text('plan_id IS NOT NULL'), postgresql_where=sa.text('plan_id IS NOT NULL'))
    op.create_index(op.f('ix_link_practice_id_state_created_at'), 'link', ['practice_id', 'state', 'created_at'], unique=False)
    op.create_table('invoice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('link_id', sa.Integer(), nullable=False),
    sa.Column('number', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('title', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('note', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['link_id'], ['link.id'], name=op.f('fk_invoice_link_id_link')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_invoice_practice_id_practice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoice')),
    sa.UniqueConstraint('link_id', name=op.f('uq_invoice_link_id')),
    sa.UniqueConstraint('practice_id', 'number', name=op.f('uq_invoice_practice_id_number'))
    )
    op.create_table('link_step',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('link_id', sa.Integer(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ref', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('cents', sa.Integer(), nullable=True),
    sa.Column('words', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['link_id'], ['link.id'], name=op.f('fk_link_step_link_id_link')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_link_step_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_link_step')),
    sa.UniqueConstraint('link_id', 'kind', 'ref', name=op.f('uq_link_step_link_id_kind_ref'))
    )
    op.create_table('link_token',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('link_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('channel', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('expires_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('opened_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('used_at', core.store.types.UtcInstant(), nullable=True),
    sa.ForeignKeyConstraint(['link_id'], ['link.id'], name=op.f('fk_link_token_link_id_link')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_link_token')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_link_token_token_hash'))
    )
    op.create_index(op.f('ix_link_token_link_id'), 'link_token', ['link_id'], unique=False)
    op.create_table('invoice_line',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('invoice_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('served_on', sa.Date(), nullable=True),
    sa.Column('amount_cents', sa.Integer(), nullable=False),
    sa.Column('full_cents', sa.Integer(), nullable=False),
    sa.Column('service_id', sa.Integer(), nullable=True),
    sa.Column('ledger_entry_id', sa.Integer(), nullable=True),
    sa.Column('advance', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['invoice_id'], ['invoice.id'], name=op.f('fk_invoice_line_invoice_id_invoice')),
    sa.ForeignKeyConstraint(['ledger_entry_id'], ['ledger_entry.id'], name=op.f('fk_invoice_line_ledger_entry_id_ledger_entry')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_invoice_line_service_id_service')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoice_line'))
    )
    op.create_index(op.f('ix_invoice_line_invoice_id'), 'invoice_line', ['invoice_id'], unique=False)
    op.create_index(op.f('ix_invoice_line_ledger_entry_id'), 'invoice_line', ['ledger_entry_id'], unique=False, sqlite_where=sa.text('ledger_entry_id IS NOT NULL'), postgresql_where=sa.text('ledger_entry_id IS NOT NULL'))
    op.create_index(op.f('ix_payment_invoice_ref'), 'payment', ['invoice_ref'], unique=False, sqlite_where=sa.text('invoice_ref IS NOT NULL'), postgresql_where=sa.text('invoice_ref IS NOT NULL'))
