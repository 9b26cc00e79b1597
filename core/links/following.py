"""Which links payments were made on, and bringing those up to date."""

from collections.abc import Collection

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core.links.history import follow
from core.links.models import Link
from core.payments.models import Payment
from core.store.base import table_of

_AT_ONCE = 5_000


def follow_links(session: Session, connection_id: int, payment_ids: Collection[str]) -> int:
    """Bring the links these payments (or what they give back) were made on up to date: how many changed."""
    if session.exec(select_rows(Link.id).where(Link.connection_id == connection_id).limit(1)).first() is None:
        return 0  # the first sync of a practice reads years of payments and has sent no link yet
    ids = sorted(payment_ids)
    chunks = (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
    return sum(_follow(session, connection_id, chunk) for chunk in chunks)


def _follow(session: Session, connection_id: int, payment_ids: list[str]) -> int:
    payment, given_back = table_of(Payment), table_of(Payment).alias()
    here = [payment.c.connection_id == connection_id, payment.c.external_id.in_(payment_ids)]
    paid_on = select(payment.c.invoice_ref).where(*here, payment.c.invoice_ref.is_not(None))
    taken_back_on = (
        select(given_back.c.invoice_ref)
        .join(payment, payment.c.refund_ref == given_back.c.external_id)
        .where(*here, given_back.c.connection_id == connection_id, given_back.c.invoice_ref.is_not(None))
    )
    refs = {row[0] for query in (paid_on, taken_back_on) for row in session.execute(query)}
    if not refs:
        return 0
    links = session.exec(
        select_rows(Link).where(Link.connection_id == connection_id, col(Link.external_id).in_(refs))
    ).all()
    return sum(follow(session, link) for link in links)
