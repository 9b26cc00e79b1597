"""one promise and one decision of a plan stand"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_EARLIER = "id NOT IN (SELECT max(id) FROM {table} WHERE {ended} IS NULL GROUP BY plan_id)"


def upgrade() -> None:
    _keep_latest("plan_promise", "withdrawn_at", "recorded_at", ", withdrawn_why = 'a new promise took its place'")
    _keep_latest("plan_settlement", "undone_at", "decided_at", "")


def _keep_latest(table: str, ended: str, began: str, also: str) -> None:
    earlier = _EARLIER.format(table=table, ended=ended)
    op.execute(f"UPDATE {table} SET {ended} = {began}{also} WHERE {ended} IS NULL AND {earlier}")  # noqa: S608
    stands = sa.text(f"{ended} IS NULL")
    op.create_index(
        f"uq_{table}_stands", table, ["plan_id"], unique=True, sqlite_where=stands, postgresql_where=stands
    )
