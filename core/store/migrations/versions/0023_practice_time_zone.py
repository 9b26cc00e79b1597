"""The practice's own time zone, said at the set-up before any location is known."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    zone = sa.Column("time_zone", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="")
    with op.batch_alter_table("practice") as batch:
        batch.add_column(zone)
    with op.batch_alter_table("practice") as batch:
        batch.alter_column("time_zone", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("practice") as batch:
        batch.drop_column("time_zone")
