"""What was due, item by item: instalments of a plan and charges of a visit (DOMAIN §3)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from core.dues.missing import DueItem
from core.ledger.facts import EntryFacts, raises_cents
from core.payments.allocation import Due, allocate, attempts
from core.payments.facts import PaymentFacts, net_by_payment
from core.plans.facts import InstalmentState, PlanFinding, PlanState

_TAKEN_BACK = ("returned", "charged_back")


def instalment_items(
    finding: PlanFinding, retries: Mapping[str, date] | None = None, *, due_today: bool = False
) -> list[DueItem]:
    """The late instalments of a judged plan. retries: planned retry by the instalment's external id. due_today: those
    that fall due today as well, which are not late.

    A plan that was ended early is frozen until a person decides: none of it is called missing (DOMAIN §4).
    """
    if finding.state is PlanState.SETTLEMENT:
        return []
    return [
        DueItem(
            "instalment",
            one.external_id,
            one.due_on,
            one.amount_cents,
            one.waived_cents,
            one.allocated_cents,
            one.attempts,
            (retries or {}).get(one.external_id),
            contract=finding.evidence[0],
        )
        for one in finding.instalments
        if one.state is InstalmentState.LATE or (due_today and one.state is InstalmentState.DUE_TODAY)
    ]


def visit_items(
    entries: Sequence[EntryFacts], unposted: Sequence[PaymentFacts], today: date
) -> list[DueItem]:
    """Patient-part charges of visits that are still open; charges of plans are the plan's business.

    entries: the patient's whole ledger. unposted: accepted payments that the ledger does not have yet and that pay for
    no plan and no membership, and besides any that failed: they are shown as attempts at the latest charge before
    them, and one that the bank took back no longer counts where the ledger still has it. Credits go to their own visit
    first, then to the oldest charge.
    """
    rows = [e for e in entries if e.part == "patient" and e.plan_id is None and e.posted_on <= today]
    charges = sorted((e for e in rows if _is_charge(e)), key=lambda e: (e.posted_on, e.id))
    if not any(e.appointment_id is not None for e in charges):
        return []
    loose = [p for p in unposted if _is_loose(p) and p.happened_on <= today]
    nets = net_by_payment(loose)
    left = [abs(e.amount_cents) for e in charges]
    _spread(charges, left, _without_taken_back(rows, loose))
    if not any(left):
        return []
    dues = [
        Due(-1 - place, e.posted_on, cents)
        for place, (e, cents) in enumerate(zip(charges, left, strict=True))
    ]
    rows_in_time = sorted(loose, key=lambda p: (p.happened_at, p.id))
    allocation = allocate(dues, rows_in_time, nets)
    tried = attempts(dues, allocation, rows_in_time, nets, today, explain_oldest=False)
    return [
        DueItem(
            "visit",
            charge.external_id,
            charge.posted_on,
            abs(charge.amount_cents),
            0,
            abs(charge.amount_cents) - still,
            tuple(tried[place]),
        )
        for place, (charge, still) in enumerate(zip(charges, allocation.open(dues), strict=True))
        if still and charge.appointment_id is not None
    ]


def open_charges(
    entries: Sequence[EntryFacts], unposted: Sequence[PaymentFacts], today: date
) -> list[tuple[EntryFacts, int]]:
    """Every patient-part charge up to today that is still open, with or without a visit, and what is open of it (cents).

    As in `visit_items`: charges of plans are the plan's business, and accepted payments that the ledger does not have
    yet (`unposted`) count as well, oldest charge first.
    """
    rows = [e for e in entries if e.part == "patient" and e.plan_id is None and e.posted_on <= today]
    charges = sorted((e for e in rows if _is_charge(e)), key=lambda e: (e.posted_on, e.id))
    left = [abs(e.amount_cents) for e in charges]
    loose = sorted((p for p in unposted if _is_loose(p)), key=lambda p: (p.happened_at, p.id))
    _spread(charges, left, _without_taken_back(rows, loose))
    dues = [Due(-1 - n, e.posted_on, cents) for n, (e, cents) in enumerate(zip(charges, left, strict=True))]
    still = allocate(dues, loose, net_by_payment(loose)).open(dues)
    return [(charge, cents) for charge, cents in zip(charges, still, strict=True) if cents > 0]


def _without_taken_back(rows: Sequence[EntryFacts], payments: Sequence[PaymentFacts]) -> Sequence[EntryFacts]:
    """Leave out ledger payments that the bank returned or charged back, unless the ledger shows the refund already."""
    lost = {p.order_id: p.amount_cents for p in payments if p.order_id and p.status in _TAKEN_BACK}
    if not lost:
        return rows
    refunds = [row for row in rows if row.kind == "refund"]

    def is_lost(row: EntryFacts) -> bool:
        if row.kind != "payment" or row.order_id not in lost:
            return False
        return not any(
            back.order_id == row.order_id
            or (back.amount_cents == row.amount_cents and back.posted_on >= row.posted_on)
            for back in refunds
        )

    return [row for row in rows if not is_lost(row)]


def _is_loose(payment: PaymentFacts) -> bool:
    return payment.plan_id is None and payment.instalment_id is None and payment.membership_id is None


def _is_charge(entry: EntryFacts) -> bool:
    """A charge, or a negative adjustment, which raises what is owed all the same."""
    return (
        entry.amount_cents > 0
        if entry.kind == "charge"
        else entry.kind == "adjustment" and entry.amount_cents < 0
    )


def _spread(charges: Sequence[EntryFacts], left: list[int], rows: Sequence[EntryFacts]) -> None:
    """Take the credits off `left` (cents by charge): to their own visit first, what remains to the oldest charge."""
    own, free = _credits(rows, charges)
    for place, charge in enumerate(charges):
        if charge.appointment_id is not None:
            taken = min(left[place], own[charge.appointment_id])
            left[place] -= taken
            own[charge.appointment_id] -= taken
    free += sum(own.values())
    for place in range(len(left)):
        taken = min(left[place], free)
        left[place] -= taken
        free -= taken


def _credits(rows: Sequence[EntryFacts], charges: Sequence[EntryFacts]) -> tuple[Counter[int], int]:
    """Credits by visit and those of no visit, in cents, none below 0.

    A refund takes from its own visit's credits, then from those of no visit, then from those of the latest visits.
    """
    own: Counter[int] = Counter()
    free = 0
    for row in rows:
        if row.kind == "refund" or (row.kind in ("payment", "adjustment") and row.amount_cents > 0):
            if row.appointment_id is None:
                free -= raises_cents(row)
            else:
                own[row.appointment_id] -= raises_cents(row)
    for visit, cents in own.items():
        if cents < 0:
            free += cents
            own[visit] = 0
    for charge in reversed(charges):
        if free >= 0:
            break
        if charge.appointment_id is not None:
            taken = min(own[charge.appointment_id], -free)
            own[charge.appointment_id] -= taken
            free += taken
    return own, max(0, free)
