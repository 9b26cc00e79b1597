"""Cash Practice: the logins there, and the day a declined payment was put off to"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import core.store.types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('processor_user',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('connection_id', sa.Integer(), nullable=False),
    sa.Column('external_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('content_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('synced_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('gone_at', core.store.types.UtcInstant(), nullable=True),
    sa.Column('username', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('email', sqlmodel.sql.sqltypes.AutoString(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('is_admin', sa.Boolean(), nullable=False),
    sa.Column('privileges', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('login_times', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['connection_id'], ['connection.id'], name=op.f('fk_processor_user_connection_id_connection')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_processor_user_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_processor_user')),
    sa.UniqueConstraint('connection_id', 'external_id', name=op.f('uq_processor_user_connection_id_external_id'))
    )
    op.create_index(op.f('ix_processor_user_staff_id'), 'processor_user', ['staff_id'], unique=False)
    with op.batch_alter_table('declined_draft') as table:
        table.add_column(sa.Column('retry_on', sa.Date(), nullable=True))
