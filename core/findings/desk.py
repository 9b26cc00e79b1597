"""Money that only the EHR's ledger knows of, what people said about it, and what patients are asked for already."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session

from core import clock
from core.dues.askable import OpenAsk
from core.dues.missing import MATCH_AFTER_DAYS, MATCH_BEFORE_DAYS
from core.dues.possible_matches import DeskAnswer
from core.findings import queries
from core.findings.facts import PatientFacts
from core.ledger.facts import EntryFacts
from core.payments.facts import PaymentFacts
from core.plans.desk_money import still_there, taken_back_cents, unexplained
from core.plans.queries import PAYMENTS_OF_ORDERS
from core.plans.records import AT_ONCE, local_payment, rows_of

SAID = -1  # instead of a plan's id: a person said what this row of the ledger paid


def add_desk_money(
    session: Session,
    facts: Mapping[int, PatientFacts],
    as_of: datetime,
    time_zone: str,
    *,
    first: date,
    whole: bool,
) -> None:
    """For who has a plan or a membership to pay: the ledger's payments without a plan that no processor explains.

    first: the recent ledger reaches back to this local day; older rows are read for these people alone. whole: the
    ledgers are complete already.
    """
    keys = [key for key, of in facts.items() if of.plans or of.memberships]
    if not keys:
        return
    for key, *row in rows_of(session, queries.DESK_ANSWERS, ids=keys):
        at = row[7]
        facts[key].desk_answers.append(DeskAnswer._make((*row[:7], clock.local_date(at, time_zone), row[8])))
    today = clock.local_date(as_of, time_zone)
    rows = _own_rows(session, facts, keys, first, whole=whole)
    payments = _own_payments(session, facts, rows, first, time_zone, whole=whole)
    for owner, (more, theirs) in _of_families(session, facts, keys, first, time_zone).items():
        rows[owner] += more
        payments[owner] += theirs
    known = _known_orders(session, rows, payments)
    for key, mine in rows.items():
        there = [row for row in mine if row.posted_on <= today]
        facts[key].desk_rows = still_there(unexplained(there, payments[key], known))
        _take_out_what_was_said(facts[key])


def add_open_asks(
    session: Session, facts: Mapping[int, PatientFacts], as_of: datetime, time_zone: str
) -> None:
    """Invoices and payment links that these patients can still pay, with what is left of each (cents), and charges of
    their cards that are under way."""
    under_way = rows_of(session, queries.CARD_CHARGES, ids=list(facts), at=as_of)
    links = rows_of(session, queries.OPEN_LINKS, ids=list(facts), at=as_of)
    for key, link_id, kind, cents, due_kind, due_ref, member, sent_at, made_at in (*links, *under_way):
        on = clock.local_date(sent_at or made_at, time_zone)
        ask = OpenAsk(link_id, kind, cents, due_kind, due_ref, member, on, sent_at is not None)
        facts[key].open_asks.append(ask)


def _own_rows(
    session: Session, facts: Mapping[int, PatientFacts], keys: Sequence[int], first: date, *, whole: bool
) -> dict[int, list[EntryFacts]]:
    rows = {key: _money(facts[key].ledger or facts[key].recent_ledger) for key in keys}
    partly = [] if whole else [key for key in keys if not facts[key].ledger]
    if partly:
        for key, *row in rows_of(session, queries.OLD_DESK_ROWS, ids=partly, first=first):
            rows[key].append(EntryFacts._make(row))
    return rows


def _money(entries: Sequence[EntryFacts]) -> list[EntryFacts]:
    """Payments and what takes them back, of no plan, and not those of a visit that was charged: they paid that."""
    charged = {e.appointment_id for e in entries if e.kind == "charge" and e.appointment_id is not None}
    return [
        e
        for e in entries
        if e.part == "patient"
        and e.plan_id is None
        and (e.kind == "payment" or taken_back_cents(e))
        and e.appointment_id not in charged
    ]


def _own_payments(
    session: Session,
    facts: Mapping[int, PatientFacts],
    rows: Mapping[int, Sequence[EntryFacts]],
    first: date,
    time_zone: str,
    *,
    whole: bool,
) -> dict[int, list[PaymentFacts]]:
    """What may explain these rows: for old ones also the payments from before the recent ones."""
    found: dict[int, dict[int, PaymentFacts]] = {}
    for key in rows:
        of = facts[key]
        found[key] = {p.id: p for p in (*of.payments, *(p for r in of.plans for p in r.payments)) if p.id > 0}
    old = [] if whole else [key for key, mine in rows.items() if any(row.posted_on < first for row in mine)]
    if old:
        zone = clock.zone(time_zone)
        for row in rows_of(session, queries.PAYMENTS, ids=old):
            payment = local_payment(row, zone)
            found[payment.patient_id or 0].setdefault(payment.id, payment)
    return {key: list(mine.values()) for key, mine in found.items()}


def _of_families(
    session: Session, facts: Mapping[int, PatientFacts], keys: Iterable[int], first: date, time_zone: str
) -> dict[int, tuple[list[EntryFacts], list[PaymentFacts]]]:
    """By payer: what stands on the accounts of those whose plans they pay, and those people's payments."""
    members: dict[int, set[int]] = {}
    for key in keys:
        for record in facts[key].plans:
            if record.plan.payer_id == key and record.plan.patient_id != key:
                members.setdefault(record.plan.patient_id, set()).add(key)
    if not members:
        return {}
    ledgers: dict[int, list[EntryFacts]] = {}
    ids = list(members)
    for key, *row in rows_of(session, queries.RECENT_LEDGER, ids=ids, first=first, charged_since=first):
        ledgers.setdefault(key, []).append(EntryFacts._make(row))
    found: dict[int, tuple[list[EntryFacts], list[PaymentFacts]]] = {}
    for member, entries in ledgers.items():
        for payer in members[member]:
            found.setdefault(payer, ([], []))[0].extend(_money(entries))
    since, zone = clock.day_bounds(first - timedelta(days=1), time_zone)[0], clock.zone(time_zone)
    for row in rows_of(session, queries.PAYMENTS_SINCE, ids=ids, since=since):
        payment = local_payment(row, zone)
        for payer in members[payment.patient_id or 0]:
            if payer in found:
                found[payer][1].append(payment)
    return found


def _known_orders(
    session: Session,
    rows: Mapping[int, Sequence[EntryFacts]],
    payments: Mapping[int, Sequence[PaymentFacts]],
) -> set[str]:
    """Order ids of these rows that are some payment's, on whatever account: a parent pays for a child."""
    asked = {row.order_id for mine in rows.values() for row in mine if row.order_id}
    orders = sorted(asked - {p.order_id for mine in payments.values() for p in mine if p.order_id})
    found: set[str] = set()
    for start in range(0, len(orders), AT_ONCE):
        part = orders[start : start + AT_ONCE]
        found.update(str(row[12]) for row in rows_of(session, PAYMENTS_OF_ORDERS, orders=part))
    return found


def _take_out_what_was_said(of: PatientFacts) -> None:
    """A row that a person said paid something due pays nothing else of the account; where the account shows that due
    thing as a charge too, both stay."""
    said = {one.entry_id for one in of.desk_answers if one.answer == "yes"}
    if said:
        of.ledger = [_marked(row, said, of.ledger) for row in of.ledger]
        of.recent_ledger = [_marked(row, said, of.recent_ledger) for row in of.recent_ledger]


def _marked(row: EntryFacts, said: Collection[int], entries: Sequence[EntryFacts]) -> EntryFacts:
    if row.id not in said or any(_charges(other, row) for other in entries):
        return row
    return row._replace(plan_id=SAID)


def _charges(other: EntryFacts, row: EntryFacts) -> bool:
    days = (row.posted_on - other.posted_on).days
    return (
        other.kind == "charge"
        and other.appointment_id is None
        and other.plan_id is None
        and other.amount_cents == row.amount_cents
        and MATCH_BEFORE_DAYS - MATCH_AFTER_DAYS <= days <= MATCH_AFTER_DAYS - MATCH_BEFORE_DAYS
    )
