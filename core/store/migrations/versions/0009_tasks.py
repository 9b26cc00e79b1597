"""tasks and their history"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('task_look',
    sa.Column('location_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('looked_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('ground', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at_patient', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_task_look_location_id_location')),
    sa.PrimaryKeyConstraint('location_id', name=op.f('pk_task_look'))
    )
    op.create_table('task',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('practice_id', sa.Integer(), nullable=False),
    sa.Column('location_id', sa.Integer(), nullable=True),
    sa.Column('patient_id', sa.Integer(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source_kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('source_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('episode', sa.Integer(), nullable=False),
    sa.Column('flag', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('state', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('severity', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('sentence', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cents', sa.Integer(), nullable=False),
    sa.Column('next_visit_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('evidence', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('holds', sa.Boolean(), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('snoozed_until', core.store.types.UtcInstant(), nullable=True),
    sa.Column('mark_severity', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('mark_cents', sa.Integer(), nullable=False),
    sa.Column('opened_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('changed_at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('closed_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('closed_by', sa.Integer(), nullable=True),
    sa.Column('close_reason', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cleared', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('cleared_evidence', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('told', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('told_key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.ForeignKeyConstraint(['closed_by'], ['staff.id'], name=op.f('fk_task_closed_by_staff')),
    sa.ForeignKeyConstraint(['location_id'], ['location.id'], name=op.f('fk_task_location_id_location')),
    sa.ForeignKeyConstraint(['owner_id'], ['staff.id'], name=op.f('fk_task_owner_id_staff')),
    sa.ForeignKeyConstraint(['patient_id'], ['patient.id'], name=op.f('fk_task_patient_id_patient')),
    sa.ForeignKeyConstraint(['practice_id'], ['practice.id'], name=op.f('fk_task_practice_id_practice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task')),
    sa.UniqueConstraint('patient_id', 'kind', 'source_kind', 'source_id', 'episode', name='uq_task_key')
    )
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.create_index('ix_task_one_open', ['patient_id', 'kind', 'source_kind', 'source_id'], unique=True, sqlite_where=sa.text("state <> 'closed'"), postgresql_where=sa.text("state <> 'closed'"))
        batch_op.create_index(batch_op.f('ix_task_state_closed_at'), ['state', 'closed_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_task_told_key'), ['told_key'], unique=False)

    op.create_table('task_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('task_id', sa.Integer(), nullable=False),
    sa.Column('at', core.store.types.UtcInstant(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('did', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('words', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('before', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('undone', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_task_event_staff_id_staff')),
    sa.ForeignKeyConstraint(['task_id'], ['task.id'], name=op.f('fk_task_event_task_id_task')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task_event'))
    )
    with op.batch_alter_table('task_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_task_event_task_id'), ['task_id'], unique=False)
