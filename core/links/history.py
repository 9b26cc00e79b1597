"""Writing down what happened to a link, each thing once, and keeping its state in step with it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core import clock
from core.links.draft_moves import keep_paid_card
from core.links.models import Link, LinkStep
from core.links.rules import Happened, Step, life
from core.money import short_dollars
from core.payments.facts import GIVEN_BACK, PaymentFacts, net_by_payment
from core.payments.models import Payment, PaymentStatus
from core.payments.reasons import reason_of
from core.store.base import table_of
from core.store.concerned import concern
from core.store.version import touch

_STEP, _PAYMENT = table_of(LinkStep), table_of(Payment)
_BACK_WORDS = {
    "charged_back": "The payer disputes it at the bank.",
    "returned": "The bank returned it.",
    "refunded": "It was given back.",
    "voided": "It was voided.",
}
DISPUTED = "The payer disputes a payment at the bank."


def add_step(
    session: Session,
    link: Link,
    kind: Step,
    *,
    ref: str = "",
    at: datetime | None = None,
    cents: int | None = None,
    words: str = "",
    staff_id: int | None = None,
) -> bool:
    """Write one step down, unless this one (kind and ref) is there already: False then. Does not change the state."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    when = max(at or clock.now(), link.created_at)  # others tell whole seconds: nothing was before the link
    values = {"link_id": link.id, "kind": kind, "ref": ref, "at": when, "cents": cents}
    statement = insert(_STEP).values(**values, words=words, staff_id=staff_id)
    once = statement.on_conflict_do_nothing(index_elements=["link_id", "kind", "ref"])
    return session.execute(once).rowcount == 1  # type: ignore[attr-defined]  # an INSERT's result has one


def next_ref(session: Session, link: Link, kind: Step) -> str:
    """A ref for a step that may happen several times (voided, reopened, voided again): its number."""
    mine = select_rows(LinkStep.id).where(LinkStep.link_id == link.id, LinkStep.kind == kind)
    return str(len(session.exec(mine).all()) + 1)


def steps_of(session: Session, link_id: int) -> list[Happened]:
    """Everything that happened to a link, oldest first."""
    rows = session.exec(
        select_rows(LinkStep).where(LinkStep.link_id == link_id).order_by(col(LinkStep.at), col(LinkStep.id))
    )
    return [Happened(Step(row.kind), row.at, row.ref, row.cents, row.words) for row in rows]


def follow(session: Session, link: Link) -> bool:
    """Bring a link's payments, state and instants up to its steps. Whether anything changed.

    Called after every step and whenever payments or the processor's own word about the link came in: in any order and
    any number of times it ends at the same.
    """
    session.flush()
    payments = payments_of(session, link)
    _note_payments(session, link, payments)
    keep_paid_card(session, link)
    nets = net_by_payment(payments)
    known = [one for one in payments if one.status in ("approved", "pending") or one.status in GIVEN_BACK]
    if known or link.asked_back_cents is None:
        paid = max(0, sum(nets.values()))
    else:  # the processor says so, and its payment has not reached us yet
        paid = max(0, link.amount_cents - link.asked_back_cents)
    pending = sum(one.amount_cents for one in payments if one.status == "pending" and one.refund_ref is None)
    if any(one.status == PaymentStatus.CHARGED_BACK for one in payments):
        stop_reminders(session, link, DISPUTED)
    found = life(steps_of(session, link.id or 0), amount_cents=link.amount_cents, paid_cents=paid)
    now: dict[str, Any] = {
        "state": found.state,
        "state_at": found.since,
        "reason": found.reason,
        "paid_cents": paid,
        "pending_cents": pending,
        "sent_at": found.sent_at,
        "opened_at": found.opened_at,
        "ended_at": found.ended_at,
    }
    changed = any(getattr(link, name) != value for name, value in now.items())
    for name, value in now.items():
        setattr(link, name, value)
    session.add(link)
    session.flush()
    if changed:
        touch(session)
        concern(session, link.patient_id)
    return changed


def stop_reminders(session: Session, link: Link, reason: str) -> None:
    """Nobody is reminded of this link any more."""
    if not link.reminders_stopped:
        link.reminders_stopped = reason
        session.add(link)
        add_step(session, link, Step.REMINDERS_STOPPED, words=reason)


def payments_of(session: Session, link: Link) -> list[PaymentFacts]:
    """The payments made on a link, declined ones too, and what gave them back; oldest first."""
    if not link.external_id:
        return []
    columns = [
        _PAYMENT.c.happened_at.label("happened_on") if name == "happened_on" else _PAYMENT.c[name]
        for name in PaymentFacts._fields
    ]
    here = [_PAYMENT.c.connection_id == link.connection_id, _PAYMENT.c.gone_at.is_(None)]
    # two indexed look-ups instead of an OR, which makes SQLite walk every payment of the processor
    rows = list(session.execute(select(*columns).where(*here, _PAYMENT.c.invoice_ref == link.external_id)))
    ids = [row.external_id for row in rows]
    back = select(*columns).where(*here, _PAYMENT.c.refund_ref.in_(ids))
    rows += [row for row in session.execute(back) if row.external_id not in ids] if ids else []
    found = [PaymentFacts._make(row) for row in rows]
    found.sort(key=lambda one: (one.happened_at, one.id))
    return [one._replace(happened_on=one.happened_at.date()) for one in found]


def _note_payments(session: Session, link: Link, payments: list[PaymentFacts]) -> None:
    for one in payments:
        money = short_dollars(one.amount_cents)
        common = {"at": one.happened_at, "cents": one.amount_cents}
        if one.refund_ref is not None:
            if one.status == PaymentStatus.APPROVED:
                add_step(
                    session,
                    link,
                    Step.TAKEN_BACK,
                    ref=one.external_id,
                    words=f"{money} was given back.",
                    **common,
                )
        elif one.status == PaymentStatus.DECLINED:
            words = f"Declined: {reason_of(one.reason_code).words}."
            add_step(session, link, Step.DECLINED, ref=one.external_id, words=words, **common)
        elif one.status == PaymentStatus.APPROVED:
            add_step(session, link, Step.PAYMENT, ref=one.external_id, words=f"{money} was paid.", **common)
        elif one.status in GIVEN_BACK:
            common["at"] = clock.now()  # when it came back is not said, only when it was paid
            words = _BACK_WORDS[one.status]
            add_step(session, link, Step.TAKEN_BACK, ref=one.external_id, words=words, **common)


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
