"""outbox, inbox, messages"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('suppression',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('channel', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('address', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('since', core.store.types.UtcInstant(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('lifted_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('confirmed_at', core.store.types.UtcInstant(), nullable=True),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_suppression_practice_id_practice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suppression')),
    sa.UniqueConstraint('practice_id', 'channel', 'address', name=op.f('uq_suppression_practice_id_channel_address'))
    )
    op.create_table('template',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('use', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('channel', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('purpose', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('archived_at', core.store.types.UtcInstant(), nullable=True),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_template_practice_id_practice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_template')),
    sa.UniqueConstraint('practice_id', 'name', 'channel', name=op.f('uq_template_practice_id_name_channel'))
    )
    op.create_table('inbox_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('connection_id', sa.Integer(), nullable=True),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('event_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('body', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('received_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('not_before', core.store.types.UtcInstant(), nullable=False),
    sa.Column('applied_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_inbox_event_connection_id_connection')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_inbox_event_practice_id_practice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbox_event')),
    sa.UniqueConstraint('source', 'event_id', name=op.f('uq_inbox_event_source_event_id'))
    )
    with op.batch_alter_table('inbox_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbox_event_state_not_before'), ['state', 'not_before'], unique=False)

    op.create_table('letterhead',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('location_id', sa.Integer(), nullable=True),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('phone', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('signature', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('address', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_letterhead_location_id_location')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_letterhead_practice_id_practice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_letterhead')),
    sa.UniqueConstraint('practice_id', 'location_id', name=op.f('uq_letterhead_practice_id_location_id'))
    )
    op.create_table('consent_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('patient_id', sa.Integer(), nullable=False),
    sa.Column('channel', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('purpose', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('given', sa.Boolean(), nullable=False),
    sa.Column('at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_consent_event_patient_id_patient')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_consent_event_practice_id_practice')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_consent_event_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_event'))
    )
    with op.batch_alter_table('consent_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consent_event_patient_id_channel_purpose_at'), ['patient_id', 'channel', 'purpose', 'at'], unique=False)

    op.create_table('inbound_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('patient_id', sa.Integer(), nullable=True),
    sa.Column('channel', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('from_address', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('to_address', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('body', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('read_as', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('provider_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('received_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('seen_at', core.store.types.UtcInstant(), nullable=True),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_inbound_message_patient_id_patient')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_inbound_message_practice_id_practice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound_message')),
    sa.UniqueConstraint('practice_id', 'provider_id', name=op.f('uq_inbound_message_practice_id_provider_id'))
    )
    with op.batch_alter_table('inbound_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbound_message_patient_id_received_at'), ['patient_id', 'received_at'], unique=False)

    op.create_table('outbox_row',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('location_id', sa.Integer(), nullable=True),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('connection_id', sa.Integer(), nullable=True),
    sa.Column('subject_kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('subject_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.Column('payload', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('not_before', core.store.types.UtcInstant(), nullable=False),
    sa.Column('created_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.Column('claimed_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('settle_after', core.store.types.UtcInstant(), nullable=True),
    sa.Column('finished_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('result', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_outbox_row_connection_id_connection')),
    sa.ForeignKeyConstraint(['created_by'], ['staff.id'], name=op.f('fk_outbox_row_created_by_staff')),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_outbox_row_location_id_location')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_outbox_row_practice_id_practice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_row'))
    )
    with op.batch_alter_table('outbox_row', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_row_batch_id'), ['batch_id'], unique=False, sqlite_where=sa.text('batch_id IS NOT NULL'), postgresql_where=sa.text('batch_id IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_outbox_row_state_connection_id_not_before'), ['state', 'connection_id', 'not_before'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_row_subject_kind_subject_id'), ['subject_kind', 'subject_id'], unique=False)

    op.create_table('template_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('template_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('body', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['created_by'], ['staff.id'], name=op.f('fk_template_version_created_by_staff')),
    sa.ForeignKeyConstraint(['template_id'], ['template.id'], name=op.f('fk_template_version_template_id_template')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_template_version')),
    sa.UniqueConstraint('template_id', 'number', name=op.f('uq_template_version_template_id_number'))
    )
    op.create_table('batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('location_id', sa.Integer(), nullable=True),
    sa.Column('token', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('channel', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('purpose', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('template_version_id', sa.Integer(), nullable=False),
    sa.Column('condition', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('who', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('left_out', sa.Integer(), nullable=False),
    sa.Column('created_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.Column('scheduled_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('undo_until', core.store.types.UtcInstant(), nullable=True),
    sa.Column('started_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('ended_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['created_by'], ['staff.id'], name=op.f('fk_batch_created_by_staff')),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_batch_location_id_location')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_batch_practice_id_practice')),
    sa.ForeignKeyConstraint(['template_version_id'], ['template_version.id'], name=op.f('fk_batch_template_version_id_template_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_batch')),
    sa.UniqueConstraint('practice_id', 'token', name=op.f('uq_batch_practice_id_token'))
    )
    with op.batch_alter_table('batch', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_batch_state_scheduled_at'), ['state', 'scheduled_at'], unique=False)

    op.create_table('message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('location_id', sa.Integer(), nullable=True),
    sa.Column('patient_id', sa.Integer(), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.Column('outbox_id', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('channel', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('purpose', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('template_version_id', sa.Integer(), nullable=True),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('body', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('to_address', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('link_kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('link_id', sa.Integer(), nullable=True),
    sa.Column('stop_token', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('provider_id', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('created_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.Column('sent_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('delivered_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('opened_at', core.store.types.UtcInstant(), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], name=op.f('fk_message_batch_id_batch')),
    sa.ForeignKeyConstraint(['created_by'], ['staff.id'], name=op.f('fk_message_created_by_staff')),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_message_location_id_location')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_message_patient_id_patient')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_message_practice_id_practice')),
    sa.ForeignKeyConstraint(['template_version_id'], ['template_version.id'], name=op.f('fk_message_template_version_id_template_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('batch_id', 'patient_id', name=op.f('uq_message_batch_id_patient_id')),
    sa.UniqueConstraint('outbox_id', name=op.f('uq_message_outbox_id')),
    sa.UniqueConstraint('stop_token', name=op.f('uq_message_stop_token'))
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_link_id'), ['link_id'], unique=False, sqlite_where=sa.text('link_id IS NOT NULL'), postgresql_where=sa.text('link_id IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_message_patient_id_created_at'), ['patient_id', 'created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_message_provider_id'), ['provider_id'], unique=False, sqlite_where=sa.text('provider_id IS NOT NULL'), postgresql_where=sa.text('provider_id IS NOT NULL'))
        batch_op.create_index(batch_op.f('ix_message_to_address_created_at'), ['to_address', 'created_at'], unique=False)


def downgrade() -> None:
    op.drop_table('message')
    op.drop_table('batch')
    op.drop_table('template_version')
    op.drop_table('outbox_row')
    op.drop_table('inbound_message')
    op.drop_table('consent_event')
    op.drop_table('letterhead')
    op.drop_table('inbox_event')
    op.drop_table('template')
    op.drop_table('suppression')
