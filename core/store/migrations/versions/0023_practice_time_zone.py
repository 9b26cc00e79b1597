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
    op.add_column("practice", zone)  # not in a batch: everything refers to this table, so it cannot be made anew


def downgrade() -> None:
    op.drop_column("practice", "time_zone")
