"""An independent, slow, obviously right reading of DOMAIN.md over the rows of practice files.

Plain loops straight from the definitions; no line of core is used, so that a slip in one is seen by the other.

Where DOMAIN.md and CONTRACTS §3 do not decide, the value is UNSURE and left out of the comparison:

- §1 the card looked at when several contracts draw, a family pays, a recurring is late, held or ended, draws a
  membership with an end or a freeze, or a plan that is paid ahead or holds an instalment waived whole, or the
  recurring and the contract name different cards or days; severity of INVALID; whether a bank account or a guarantor's card is "another usable card".
- §2 the word when only removed, closed or unreadable cards, or a guarantor's bank account, are there.
- §3 which instalment a failed payment without a link explains, when it comes days before a due date or its own
  instalment has since been paid; decline codes that are neither in the list of hard nor of soft ones; the reason while
  a bank payment is pending; whether money on its way, or left over from another day, makes an item within its grace
  "tried". What is due of a membership whose first draft has no payment, that is paused or cancelled, began inside a
  period, whose billing day was moved, or that was paid in parts or at another price. Visit charges when loose money of
  the ledger may pay for them, their reasons, and the item when an adjustment or refund raises a charge again. Whether a
  ledger row that has another payment's order id shows this one too, and at whom a payment for somebody else's
  membership is shown as not posted.
- §4 everything but `paid` of a plan that was cancelled (SETTLEMENT, "frozen until a person decides"); where the
  member's row of a family contract shows the payer's arrears.
- §5 from when on a membership is frozen, or over, that is paused or cancelled without a date.
- §5 a booking that lies in a freeze and after the end: which of the two words. Whether unused add-ons roll over.
- §5 allowance in a period that a freeze touches; what a given rollover means for other periods and classes; rollover where base
  or rolled-over visits first, or the cap per period or in all, make a difference; the order of visits that start
  together; UNDER_BOOKED on the very edge of the ten days; two memberships of one patient; the policy that makes a
  past-due member PROVISIONAL; family pools (the files have no word for them).
- §5 OVER_SCHEDULED in the current period when all that is over has been used already and nothing is booked.
- §6 insurance pending below zero.
- §7 no coverage; of several one that pays without insurance, equal ranks, or none eligible while one is in doubt; INACTIVE beside STALE or NOT_CHECKED; plan years that do not follow the calendar;
  authorisation where none is asked for; the estimate without a standing policy, beyond the visit limit, with an
  unknown part, or of a case.
"""

from datetime import datetime
from typing import Any

from tests.oracle.cards import card
from tests.oracle.cover import insurance
from tests.oracle.desk import add_what_must_not_be_asked
from tests.oracle.members import memberships_of
from tests.oracle.money import accepted_not_posted, balance, missing_drafts, missing_visits
from tests.oracle.plans import judged
from tests.oracle.reading import UNSURE, Clinic, Row, add


def answers(files: dict[str, list[Row]], as_of: datetime) -> dict[str, Any]:
    """{"patients": {patient id: values}, "morning": {appointment id: values}} at an aware instant."""
    clinic = Clinic(files, as_of)
    everybody = {row["patient_id"]: about(clinic, row) for row in files["patients"]}
    active = {row["patient_id"] for row in files["patients"] if row["active"] == "true"}
    morning = {}
    for visit in files["appointments"]:
        if clinic.local_day(visit["starts_at"]) != clinic.today:
            continue
        if visit["status"] not in ("cancelled", "rescheduled"):
            morning[visit["appointment_id"]] = {
                **everybody[visit["patient_id"]],
                "patient_id": visit["patient_id"],
                "starts_at": clinic.shown(clinic.starts(visit)),
                "next_visit": clinic.shown(next_open(clinic, visit["patient_id"], clinic.starts(visit))),
                "insurance": insurance(clinic, visit),
                "last_visit": UNSURE,
            }
    return {"patients": {key: everybody[key] for key in sorted(active)}, "morning": morning}


def about(clinic: Clinic, patient: Row) -> dict[str, Any]:
    patient_id = patient["patient_id"]
    own = [plan for plan in clinic.files["plans"] if (plan["payer_id"] or plan["patient_id"]) == patient_id]
    plans = [judged(clinic, plan) for plan in own]
    paid_by_others = [plan for plan in clinic.rows("plans", patient_id=patient_id) if plan["payer_id"]]
    return {
        "card": card(clinic, patient),
        "plans": plans,
        **add_what_must_not_be_asked(clinic, patient_id, missing(clinic, patient_id, plans), own),
        "arrears_cents": UNSURE if paid_by_others else add(*(plan["arrears_cents"] for plan in plans)),
        "days_past_due": UNSURE if paid_by_others else latest([plan["days_past_due"] for plan in plans]),
        "balance": balance(clinic, patient_id),
        "memberships": memberships_of(clinic, patient_id),
        "ACCEPTED_NOT_POSTED": accepted_not_posted(clinic, patient_id),
        "insurance": {},
        "next_visit": clinic.shown(next_open(clinic, patient_id, clinic.as_of)),
        "last_visit": clinic.shown(last_done(clinic, patient_id)),
        "family": bool(paid_by_others),
    }


def latest(days: list[Any]) -> Any:
    return UNSURE if UNSURE in days else max(days, default=0)


def missing(clinic: Clinic, patient_id: str, plans: list[dict[str, Any]]) -> dict[str, Any]:
    """Items by kind (each may be unsure by itself), and their sum when all are known."""
    items = {
        "instalment": merged([plan["missing"] for plan in plans]),
        "membership": merged(
            [missing_drafts(clinic, row) for row in clinic.rows("memberships", patient_id=patient_id)]
        ),
        "visit": missing_visits(clinic, patient_id),
    }
    if any(on_its_way(row) for row in clinic.rows("payments", patient_id=patient_id)):
        for found in items.values():
            for item in found.values() if found is not UNSURE else ():
                item["pending"] = True
    known = all(found is not UNSURE for found in items.values())
    total = (
        sum(item["open_cents"] for found in items.values() for item in found.values()) if known else UNSURE
    )
    return {"missing": items, "missing_cents": total}


def on_its_way(payment: Row) -> bool:
    """Money from the bank that is tied to nothing: what of all that is open it will pay is not said."""
    tied = payment["plan_id"] or payment["instalment_id"] or payment["membership_id"]
    return payment["status"] == "pending" and not tied


def merged(found: list[Any]) -> Any:
    if UNSURE in found:
        return UNSURE
    return {key: item for one in found for key, item in one.items()}


def next_open(clinic: Clinic, patient_id: str, after: datetime) -> datetime | None:
    visits = clinic.rows("appointments", patient_id=patient_id)
    starts = [clinic.starts(visit) for visit in visits if clinic.is_open(visit)]
    return min((start for start in starts if start > after), default=None)


def last_done(clinic: Clinic, patient_id: str) -> datetime | None:
    visits = clinic.rows("appointments", patient_id=patient_id)
    starts = [clinic.starts(visit) for visit in visits if visit["status"] == "completed"]
    return max((start for start in starts if start <= clinic.as_of), default=None)
