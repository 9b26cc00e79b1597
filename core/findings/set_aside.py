"""Money that was paid online for a visit to come: it is for that visit, and pays nothing else on the account until then.

Without this a deposit counted twice: once off what its visit will add, and once off whatever else is owed.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from core.dues.posting_problems import match_ledger
from core.findings.facts import PatientFacts
from core.payments.facts import PaymentFacts


class SetAside(NamedTuple):
    """payments: external ids; rows: of the ledger, store ids."""

    payments: frozenset[str] = frozenset()
    rows: frozenset[int] = frozenset()

    def free(self, payments: Iterable[PaymentFacts]) -> list[PaymentFacts]:
        """Those that may pay whatever is due."""
        return [one for one in payments if one.external_id not in self.payments]


def set_aside(facts: PatientFacts, as_of: datetime) -> SetAside:
    """What is paid ahead by online bookings that stand, until the EHR has charged their visit. as_of: aware UTC."""
    charged = {entry.appointment_id for entry in facts.recent_ledger if entry.kind == "charge"} - {None}
    refs = {
        one.payment_ref
        for one in facts.bookings
        if one.prepaid_cents and one.payment_ref and one.appointment_id not in charged
    }
    if not refs:
        return SetAside()
    kept = [one for one in facts.payments if one.external_id in refs]
    rows = match_ledger(kept, facts.ledger, as_of).rows
    return SetAside(frozenset(one.external_id for one in kept), rows)


def without(facts: PatientFacts, aside: SetAside) -> PatientFacts:
    """The facts as what is due is to read them."""
    if not aside.rows:
        return facts
    return replace(facts, ledger=[entry for entry in facts.ledger if entry.id not in aside.rows])
