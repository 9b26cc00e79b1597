"""Whether the services on an invoice may be asked for now (DOMAIN §3): the same rule as every other way of asking."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from core.dues.askable import Asking, LeftOut, Why
from core.dues.missing import charge_of_item
from core.errors import BadInput
from core.findings.owed import owed
from core.invoices.rules import DraftLine
from core.ledger.facts import EntryFacts
from core.patients.models import Patient


def require_may_ask(session: Session, patient: Patient, lines: Sequence[DraftLine], as_of: datetime) -> None:
    """Raises BadInput with the reason when a posted line asks for money that is on its way, disputed, retried, promised
    or maybe paid. What another invoice asks for is off the lines already (rules.invoiceable). as_of: aware UTC."""
    posted = [line for line in lines if line.entry_id is not None]
    if not posted:
        return
    judged = owed(session, patient, as_of).judged
    entries = {entry.id: entry for entry in judged.facts.ledger}
    beside = 0
    for line in posted:
        entry = entries.get(line.entry_id or 0)
        left_out = _left_out(judged.asking, entry) if entry is not None else None
        if left_out is None:
            beside += line.cents
        elif left_out and line.cents > line.full_cents - sum(out.cents for out in left_out):
            raise BadInput(left_out[0].sentence)
    waits = [out for out in judged.asking.account_left_out if out.why is Why.PENDING]
    free = judged.asking.account_cents + sum(
        out.cents for out in judged.asking.account_left_out if out.why is Why.LINKED
    )
    if waits and beside > free:
        raise BadInput(waits[0].sentence)


def _left_out(asking: Asking, entry: EntryFacts) -> list[LeftOut] | None:
    """What must not be asked for of the due item that a charge stands for; None where it stands for none."""
    for one in asking.items:
        visit = one.item.kind == "visit" and one.item.id == entry.external_id
        if visit or (one.item.kind != "visit" and charge_of_item(one.item, [entry]) is not None):
            return [out for out in one.left_out if out.why is not Why.LINKED]
    return None
