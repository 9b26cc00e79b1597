"""Filling in what a processor's records only point at: whose card, which plan or membership, whose payment.

Every statement changes only rows that differ, so running it again costs reads and no writes.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Table, and_, case, func, or_, select, update
from sqlmodel import Session

from core.cards.models import Card
from core.connections.models import Connection
from core.links.models import Link
from core.memberships.models import Membership
from core.patients.models import ProcessorContact
from core.payments.card_on_file import CardCharge
from core.payments.models import Payment, Recurring
from core.plans.models import Plan
from core.store.concerned import concern

_CHARGE: Table = CardCharge.__table__  # type: ignore[attr-defined]
_CARD: Table = Card.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_CONNECTION: Table = Connection.__table__  # type: ignore[attr-defined]
_CONTACT: Table = ProcessorContact.__table__  # type: ignore[attr-defined]
_LINK: Table = Link.__table__  # type: ignore[attr-defined]
_MEMBERSHIP: Table = Membership.__table__  # type: ignore[attr-defined]
_PAYMENT: Table = Payment.__table__  # type: ignore[attr-defined]
_PLAN: Table = Plan.__table__  # type: ignore[attr-defined]
_RECURRING: Table = Recurring.__table__  # type: ignore[attr-defined]
_CHUNK = 5_000
_FEW = 50  # more payments than these came by a sync, which is followed by a look of its own


def refer_cards(session: Session, connection_id: int) -> None:
    """Each card's patient is its contact's."""
    _update(session, _CARD, [_CARD.c.connection_id == connection_id], {"patient_id": _patient_of(_CARD)})


def refer_recurrings(session: Session, connection_id: int) -> bool:
    """Each draft's contact (through its card when it names none), patient, and the plan or membership it pays for.

    pays_for names an EHR id of the same practice. Where both a plan and a membership have it, neither is taken.
    Returns whether any draft changed: its payments must then be referred anew.
    """
    mine = [_RECURRING.c.connection_id == connection_id]
    by_card = _same(_RECURRING, _CARD, _RECURRING.c.card_ref, _CARD.c.contact_ref)
    changed = _update(
        session, _RECURRING, [*mine, _RECURRING.c.contact_ref.is_(None)], {"contact_ref": by_card}
    )
    plan, membership = _named(_PLAN), _named(_MEMBERSHIP)
    values = {
        "patient_id": _patient_of(_RECURRING),
        "plan_id": case((membership.is_(None), plan)),
        "membership_id": case((plan.is_(None), membership)),
    }
    return _update(session, _RECURRING, mine, values) + changed > 0


def refer_payments(session: Session, connection_id: int, external_ids: Sequence[str] | None = None) -> None:
    """Each payment's contact (through its card or draft when it names none), patient, plan, instalment and membership:
    those of its draft, else those of the link it was made on.

    external_ids: only these payments; None = all of the connection.
    """
    if external_ids is None:
        _refer_payments(session, [_PAYMENT.c.connection_id == connection_id])
        return
    for start in range(0, len(external_ids), _CHUNK):
        these = _PAYMENT.c.external_id.in_(external_ids[start : start + _CHUNK])
        which = [_PAYMENT.c.connection_id == connection_id, these]
        _refer_payments(session, which)
        if len(external_ids) <= _FEW:
            concern(session, *session.execute(select(_PAYMENT.c.patient_id).where(*which)).scalars())


def _refer_payments(session: Session, which: list[ColumnElement[bool]]) -> None:
    contact = func.coalesce(
        _same(_PAYMENT, _CARD, _PAYMENT.c.card_ref, _CARD.c.contact_ref),
        _same(_PAYMENT, _RECURRING, _PAYMENT.c.recurring_ref, _RECURRING.c.contact_ref),
    )
    _update(session, _PAYMENT, [*which, _PAYMENT.c.contact_ref.is_(None)], {"contact_ref": contact})
    values = {
        "patient_id": func.coalesce(
            _by_charge(_CHARGE.c.patient_id), _patient_of(_PAYMENT), _by_link(_LINK.c.patient_id)
        ),
        "plan_id": func.coalesce(
            _by_draft(_RECURRING.c.plan_id), _by_link(_LINK.c.plan_id), _by_charge(_CHARGE.c.plan_id)
        ),
        "instalment_id": func.coalesce(_by_link(_LINK.c.instalment_id), _by_charge(_CHARGE.c.instalment_id)),
        "membership_id": func.coalesce(
            _by_draft(_RECURRING.c.membership_id),
            _by_link(_LINK.c.membership_id),
            _by_charge(_CHARGE.c.membership_id),
        ),
    }
    _update(session, _PAYMENT, which, values)


def _by_draft(wanted: Any) -> ScalarSelect[Any]:
    return _same(_PAYMENT, _RECURRING, _PAYMENT.c.recurring_ref, wanted)


def _by_link(wanted: Any) -> ScalarSelect[Any]:
    """What the invoice or payment link was for, on which a payment was made."""
    return _same(_PAYMENT, _LINK, _PAYMENT.c.invoice_ref, wanted)


def _by_charge(wanted: Any) -> ScalarSelect[Any]:
    """What a card on file was charged for (core/charges)."""
    return (
        select(wanted)
        .where(
            _CHARGE.c.connection_id == _PAYMENT.c.connection_id,
            _CHARGE.c.payment_ref == _PAYMENT.c.external_id,
        )
        .limit(1)
        .scalar_subquery()
    )


def _update(session: Session, table: Table, which: list[ColumnElement[bool]], values: dict[str, Any]) -> int:
    """Set columns to what subqueries say, in rows where any differs. Returns how many rows changed."""
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in values.items()))
    result = session.execute(update(table).where(*which, differs).values(**values))
    return result.rowcount  # type: ignore[attr-defined]  # an UPDATE's result has one


def _patient_of(table: Table) -> ScalarSelect[Any]:
    return _same(table, _CONTACT, table.c.contact_ref, _CONTACT.c.patient_id)


def _same(table: Table, other: Table, ref: Any, wanted: Any) -> ScalarSelect[Any]:
    """A column of the row of another table that `ref` points at, at the same connection."""
    return (
        select(wanted)
        .where(other.c.connection_id == table.c.connection_id, other.c.external_id == ref)
        .scalar_subquery()
    )


def _named(table: Table) -> ScalarSelect[Any]:
    """The one row of the practice's EHR that a draft's pays_for names; None when there are none or several."""
    here, there = _CONNECTION.alias(), _CONNECTION.alias()
    return (
        select(case((func.count() == 1, func.min(table.c.id))))
        .select_from(table)
        .join(there, there.c.id == table.c.connection_id)
        .join(here, and_(here.c.practice_id == there.c.practice_id, here.c.id == _RECURRING.c.connection_id))
        .where(table.c.external_id == _RECURRING.c.pays_for, table.c.gone_at.is_(None))
        .correlate(_RECURRING)
        .scalar_subquery()
    )
