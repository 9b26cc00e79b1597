"""FHIR coverages, charge items and invoices to rows of practice files.

FHIR tells what was charged and which invoices are settled, not who paid what when: so an invoice is one charge, and
once it is balanced, one payment beside it.
"""

from core.integrations.fhir import records as r
from core.integrations.fhir.mapped import Cells, Mapped, coded, day, posted_on
from core.integrations.fhir.records import Fault, Money, Period
from core.integrations.fhir.refs import Setting, kind_meant, meant, organization_named

_KINDS = {
    "AUTOPOL": "auto",
    "COL": "auto",
    "UNINSMOT": "auto",
    "WCBPOL": "workers_comp",
    "pay": "self_pay",
    "EHCPOL": "commercial",
    "HSAPOL": "commercial",
    "MCPOL": "commercial",
    "HMO": "commercial",
    "PPO": "commercial",
    "POS": "commercial",
}
_COSTS = {
    "copay": "copay",
    "deductible": "deductible",
    "maxoutofpocket": "out_of_pocket_max",
    "copaypct": "coinsurance_percent",
}


def coverage(cover: r.Coverage, setting: Setting) -> Mapped | Fault:
    if cover.status != "active":
        known = cover.status in ("cancelled", "draft", "entered-in-error")
        gone = Mapped(withdrawn=[("coverages", cover.id)])
        return gone if known else Fault("status", "is none of FHIR's words for a coverage")
    payors = [*cover.payor, *([cover.insurer] if cover.insurer else [])]
    payer = next((name for each in payors if (name := organization_named(setting, each))), "")
    kind = next((_KINDS[code] for code in (cover.type.codes() if cover.type else []) if code in _KINDS), "")
    if not kind and "medicare" in payer.casefold():
        kind = "medicare"
    notes: list[tuple[str, str]] = []
    if not payer and any(kind_meant(each) in ("Organization", "") for each in payors):
        notes.append(("payor", "is not among what came; who pays is kept as unknown"))
    if cover.type and not kind:
        notes.append(("type", "has no code that Huddle knows; the kind of coverage is kept as unknown"))
    period = cover.period or Period()
    cells = {
        "coverage_id": cover.id,
        "patient_id": meant(setting, cover.beneficiary, "Patient") or "",
        "payer": payer,
        "kind": kind,
        "rank": "" if cover.order is None else str(cover.order),
        "active_from": day(period.start, setting, "period.start", notes),
        "active_to": day(period.end, setting, "period.end", notes),
        **_costs(cover, notes),
    }
    return Mapped(("coverages", cells), notes=notes)


def _costs(cover: r.Coverage, notes: list[tuple[str, str]]) -> Cells:
    cells: Cells = dict.fromkeys(_COSTS.values(), "")
    for cost in cover.cost_to_beneficiary:
        name = next((_COSTS[code] for code in (cost.type.codes() if cost.type else []) if code in _COSTS), "")
        if not name or cells[name]:
            continue
        if name == "coinsurance_percent":
            value = cost.value_quantity.value if cost.value_quantity else None
            cells[name] = "" if value is None else f"{value:f}"
        elif cost.value_money and not _foreign(cost.value_money):
            cells[name] = _text(cost.value_money)
        else:
            notes.append(("costToBeneficiary", f"{name} is not in dollars; it is kept as unknown"))
    return cells


_NOT_CHARGED = frozenset({"planned", "not-billable", "aborted", "billed", "entered-in-error", "unknown"})


def charge_item(item: r.ChargeItem, setting: Setting) -> Mapped | Fault:
    """Charged and not yet on an invoice; once it is billed, the invoice is the charge."""
    own = f"ChargeItem/{item.id}"
    key, name = (item.code and coded(item.code)) or ("", "")
    code = next(iter(item.code.codes()), "") if item.code else ""
    beside = [("services", {"service_id": key, "code": code, "name": name})] if key else []
    if item.status in _NOT_CHARGED:
        return Mapped(withdrawn=[("ledger", own)], beside=beside)
    if item.status != "billable":
        return Fault("status", "is none of FHIR's words for a charge item")
    if item.price_override is None or item.price_override.value is None:
        return Fault("priceOverride", "is missing, so what was charged is not known")
    if _foreign(item.price_override):
        return Fault("priceOverride.currency", "is not USD")
    posted = _charged_on(item, setting)
    if isinstance(posted, Fault):
        return posted
    cells = _entry(own, meant(setting, item.subject, "Patient"), "charge", _text(item.price_override))
    cells |= {"posted_on": posted, "service_id": key, "description": name}
    return Mapped(("ledger", cells), beside=beside)


def _charged_on(item: r.ChargeItem, setting: Setting) -> str | Fault:
    """The day of the service, else the day it was entered."""
    period = item.occurrence_period or Period()
    known = {
        "occurrenceDateTime": item.occurrence_date_time,
        "occurrencePeriod.start": period.start,
        "enteredDate": item.entered_date,
    }
    path, moment = next(
        ((path, moment) for path, moment in known.items() if moment), ("occurrenceDateTime", "")
    )
    return posted_on(moment, setting, path)


def invoice(bill: r.Invoice, setting: Setting) -> Mapped | Fault:
    """One charge of its total, and the same amount paid once the invoice is balanced. Below zero it is a credit."""
    own, paid = f"Invoice/{bill.id}", f"Invoice/{bill.id}/paid"
    if bill.status not in ("issued", "balanced"):
        known = bill.status in ("draft", "cancelled", "entered-in-error")
        gone = Mapped(withdrawn=[("ledger", own), ("ledger", paid)])
        return gone if known else Fault("status", "is none of FHIR's words for an invoice")
    total = bill.total_net or bill.total_gross
    if total is None or total.value is None:
        return Fault("totalNet", "is missing, and so is totalGross")
    if _foreign(total):
        return Fault("totalNet.currency", "is not USD")
    posted = posted_on(bill.date or "", setting, "date")
    if isinstance(posted, Fault):
        return posted
    balanced = bill.status == "balanced"
    credit, amount = total.value < 0, f"{abs(total.value):f}"
    number = next((each.value for each in bill.identifier if each.value), bill.id)
    whose = meant(setting, bill.subject, "Patient")
    part = "insurer" if kind_meant(bill.recipient) == "Organization" else "patient"
    cells = _entry(own, whose, "adjustment" if credit else "charge", amount, part) | {
        "posted_on": posted,
        "description": f"Invoice {number}{', paid' if balanced else ''}",
    }
    payment = _entry(paid, whose, "payment", amount, part) | {
        "posted_on": posted,
        "description": f"Invoice {number} is balanced",
    }
    if balanced and not credit:
        return Mapped(("ledger", cells), second=[("ledger", payment)])
    return Mapped(("ledger", cells), withdrawn=[("ledger", paid)])


def _entry(own: str, whose: str | None, kind: str, amount: str, part: str = "patient") -> Cells:
    return {
        "entry_id": own,
        "patient_id": whose or "",
        "posted_on": "",
        "kind": kind,
        "part": part,
        "amount": amount,
        "service_id": "",
        "description": "",
    }


def _text(money: Money) -> str:
    return "" if money.value is None else f"{money.value:f}"


def _foreign(money: Money) -> bool:
    return money.currency not in (None, "", "USD")
