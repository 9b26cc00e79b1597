"""the token of an unsubscribe link is kept as a digest"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_OPEN = "('waiting', 'sending', 'unknown')"


def upgrade() -> None:
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT id, outbox_id, stop_token, body FROM message WHERE stop_token IS NOT NULL")
    ).all()
    keep = sa.text("UPDATE message SET stop_token = :digest, body = :body WHERE id = :id")
    forget = sa.text(
        f"UPDATE outbox_row SET payload = replace(payload, :token, '…') WHERE id = :key AND state NOT IN {_OPEN}"  # noqa: S608
    )
    for row in rows:
        token = row.stop_token
        digest = hashlib.sha256(token.encode()).hexdigest()
        connection.execute(keep, {"digest": digest, "body": row.body.replace(token, "…"), "id": row.id})
        connection.execute(forget, {"token": token, "key": row.outbox_id})
