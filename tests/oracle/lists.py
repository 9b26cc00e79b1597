"""The lists of CONTRACTS §2 as DOMAIN.md defines them: who is behind, which memberships say something, whose card."""

from datetime import date
from typing import Any

from tests.oracle.cards import card, contracts, drafts, last_good_day, simple
from tests.oracle.members import covered, in_term
from tests.oracle.members import judged as judged_membership
from tests.oracle.money import frozen
from tests.oracle.plans import failure, judged, payments_of
from tests.oracle.reading import UNSURE, Clinic, Row, cents, day, number

ARREARS = (
    "plan_id", "patient_id", "patient", "expected_cents", "paid_cents", "arrears_cents", "days_past_due", "missed_count",
    "aging", "remaining_cents", "exposure_cents", "next_visit", "state", "reminders_stopped",
)  # fmt: skip
MEMBERSHIPS = (
    "membership_id", "patient_id", "patient", "period_start", "period_end", "service_class", "allowance", "used", "booked",
    "committed", "over", "excess_appointment_ids", "state", "severity", "last_visit", "next_visit",
)  # fmt: skip
CARDS = (
    "patient_id", "patient", "state", "severity", "card_id", "brand", "last_four", "expires_on", "next_draft_on",
    "at_risk_cents", "next_visit",
)  # fmt: skip


def name_of(patient: Row) -> str:
    return f"{patient['first_name']} {patient['last_name']}".strip()


def arrears(clinic: Clinic, next_visit: Any) -> dict[str, Any]:
    """By plan id: the row, None where the plan is not behind, UNSURE where §4 leaves it to a person."""
    found: dict[str, Any] = {}
    for plan in clinic.files["plans"]:
        said = judged(clinic, plan)
        if said["arrears_cents"] is UNSURE or said["arrears_cents"] == 0:
            found[plan["plan_id"]] = UNSURE if said["arrears_cents"] is UNSURE else None
            continue
        payer = clinic.one("patients", patient_id=plan["payer_id"] or plan["patient_id"])
        assert payer is not None
        end = day(plan["end_date"])
        over = plan["status"] == "completed" or (end is not None and end < clinic.today)
        found[plan["plan_id"]] = {
            **{key: said[key] for key in ARREARS if key in said},
            "patient_id": payer["patient_id"],
            "patient": name_of(payer),
            "exposure_cents": exposure(clinic, plan, said["paid_cents"]),
            "next_visit": next_visit(payer["patient_id"]),
            "state": "COMPLETED_OWING" if over else "BEHIND",
            "reminders_stopped": reminders_stopped(clinic, plan),
        }
    return found


def exposure(clinic: Clinic, plan: Row, paid: int) -> Any:
    """delivered − paid, where it is plain whose visits count: the patient's one contract, from its first to its last day."""
    visits, start = number(plan["visits"]), day(plan["start_date"])
    if not visits or start is None or not plan["total"] or len(contracts(clinic, plan["patient_id"])) > 1:
        return UNSURE
    end = day(plan["end_date"]) or date.max
    done = 0
    for visit in clinic.rows("appointments", patient_id=plan["patient_id"]):
        if visit["status"] == "completed" and start <= clinic.local_day(visit["starts_at"]) <= end:
            done += 1
    total = cents(plan["total"])
    each = (2 * total + visits) // (2 * visits)  # half up
    delivered = total if done >= visits else min(total, done * each)
    return max(0, delivered - paid)


def reminders_stopped(clinic: Clinic, plan: Row) -> Any:
    """A chargeback stops them; whether it still does after other money came is not said."""
    ids = [row["instalment_id"] for row in clinic.rows("instalments", plan_id=plan["plan_id"])]
    words = [failure(clinic, payment) for payment in payments_of(clinic, plan, ids)]
    return UNSURE if "CHARGEBACK" in words else False


def memberships(clinic: Clinic, last_visit: Any, next_visit: Any) -> dict[str, dict[str, Any]]:
    """By membership id what the report must say of it; memberships that §5 leaves open in the whole are not listed."""
    found = {}
    for row in clinic.files["memberships"]:
        patient = clinic.one("patients", patient_id=row["patient_id"])
        assert patient is not None
        alone = len(clinic.rows("memberships", patient_id=row["patient_id"])) == 1
        if not alone or patient["active"] != "true" or row["status"] not in ("active", "past_due"):
            continue
        plan = clinic.one("membership_plans", membership_plan_id=row["membership_plan_id"])
        assert plan is not None
        said = judged_membership(clinic, row, alone=True)
        found[row["membership_id"]] = {
            "about": {
                "membership_id": row["membership_id"],
                "patient_id": row["patient_id"],
                "patient": name_of(patient),
                "last_visit": last_visit(row["patient_id"]),
                "next_visit": next_visit(row["patient_id"]),
            },
            "periods": dict(lines(clinic, row, plan, said)),
            "NOT_SCHEDULED": not_scheduled(clinic, row, said, last_visit(row["patient_id"])),
            "BOOKED_WHILE_FROZEN": misplaced(clinic, row, plan, in_freeze=True),
            "OUTSIDE_TERM": misplaced(clinic, row, plan, in_freeze=False),
        }
    return found


def lines(clinic: Clinic, membership: Row, plan: Row, said: dict[str, Any]) -> Any:
    """((first day, class), numbers) of this and later periods; `states`: what must be said of it, each True, False or UNSURE."""
    end = day(membership["end_date"])
    for key, period in said["periods"].items():
        if said["is_over"]:  # it says nothing about a period it no longer has
            yield key, {"states": dict.fromkeys(("OVER_SCHEDULED", "UNDER_BOOKED", "USED_UP"), False)}
            continue
        if period["past"] or period["states"] is UNSURE or not said["active"]:
            continue
        here = period["first"] <= clinic.today < period["following"]
        if not here and not period["booked"]:
            continue
        under: Any = "UNDER_BOOKED" in period["states"]
        near_end = end is not None and end < period["following"]
        if "UNDER_BOOKED maybe" in period["states"] or near_end or plan["rollover_cap"]:
            under = UNSURE  # the edge; the term ends first; what rolls over does not lapse, or not all of it
        empty = not period["committed"]  # nothing allowed and nothing booked
        yield (
            key,
            {
                **{name: period[name] for name in ("allowance", "used", "booked", "committed", "over")},
                "period_end": shown_end(said, period),
                "excess_appointment_ids": period["excess_appointment_ids"],
                "states": {
                    "OVER_SCHEDULED": "OVER_SCHEDULED" in period["states"],
                    "UNDER_BOOKED": under,
                    "USED_UP": UNSURE
                    if empty or "USED_UP maybe" in period["states"]
                    else "USED_UP" in period["states"],
                },
            },
        )


def shown_end(said: dict[str, Any], period: dict[str, Any]) -> str | None:
    """A period ends at the term's end; a package without an end has none."""
    end = said["ends"](period)
    return None if end.year == 9999 else end.isoformat()


def not_scheduled(clinic: Clinic, membership: Row, said: dict[str, Any], last: str | None) -> Any:
    """None = nothing to say; the severity where §5 gives one, else UNSURE in it."""
    if membership["status"] != "active" or said["today_too"] or said["frozen_today"]:
        return UNSURE
    if plan_period(clinic, membership) == "package":
        return UNSURE  # how often a package wants to be booked, and whether a used one does, is not said
    if not said["not_scheduled"]:
        return None
    here = [one for one in said["periods"].values() if one["first"] <= clinic.today < one["following"]]
    end = day(membership["end_date"])
    if not here or (end is not None and end <= clinic.today):
        return UNSURE
    period = here[0]
    found: dict[str, Any] = {
        "period_start": period["first"].isoformat(),
        "period_end": shown_end(said, period),
        "service_class": None,
        "severity": UNSURE,
    }
    benefits = clinic.rows("membership_benefits", membership_plan_id=membership["membership_plan_id"])
    if len(benefits) == 1 and benefits[0]["visits"] and last is not None:
        since = (clinic.today - clinic.local_day(last)).days
        due, days = since * int(benefits[0]["visits"]), (period["following"] - period["first"]).days
        found["severity"] = "high" if due > 2 * days else "medium" if due > days else UNSURE
    return found


def plan_period(clinic: Clinic, membership: Row) -> str:
    plan = clinic.one("membership_plans", membership_plan_id=membership["membership_plan_id"])
    assert plan is not None
    return plan["period"]


def misplaced(clinic: Clinic, membership: Row, plan: Row, *, in_freeze: bool) -> Any:
    """Open covered visits that lie in a freeze, or after the end; UNSURE where both words fit."""
    end = day(membership["end_date"])
    classes = clinic.rows("membership_benefits", membership_plan_id=plan["membership_plan_id"])
    names = {row["service_class"] for row in classes}
    count = 0
    for name in names:
        for visit in covered(clinic, membership, name):
            when = clinic.local_day(visit["starts_at"])
            if not clinic.is_open(visit):
                continue
            rests, after = frozen(membership, when), end is not None and when > end
            if rests and not in_term(membership, when):
                return UNSURE
            count += rests if in_freeze else after
    return count


def cards(clinic: Clinic, next_visit: Any) -> dict[str, Any]:
    """By patient id: the row, None where the card is fine or nobody needs one, UNSURE where §1 and §2 leave it open."""
    found: dict[str, Any] = {}
    for patient in clinic.files["patients"]:
        patient_id = patient["patient_id"]
        if patient["active"] != "true":
            found[patient_id] = None
            continue
        row = card_row(clinic, patient)
        if isinstance(row, dict):
            row |= {
                "patient_id": patient_id,
                "patient": name_of(patient),
                "next_visit": next_visit(patient_id),
            }
        found[patient_id] = row
    return found


def card_row(clinic: Clinic, patient: Row) -> Any:
    patient_id = patient["patient_id"]
    mine = contracts(clinic, patient_id)
    if not clinic.rows("cards", patient_id=patient_id):
        return no_card(clinic, patient, mine)
    if not simple(clinic, patient_id):
        return UNSURE
    said = card(clinic, patient)
    if said["state"] == "OK":
        return None
    if said["state"] not in ("EXPIRED", "EXPIRING") or (said["state"] == "EXPIRED" and not mine):
        return UNSURE
    ahead = drafts(clinic, patient_id)
    looked_at = [
        row
        for row in clinic.rows("cards", patient_id=patient_id)
        if row["last_four"] == said["last_four"] and str(last_good_day(row)) == said["expires_on"]
    ]
    if len(looked_at) != 1:
        return UNSURE
    one = looked_at[0]
    return {
        **{name: said[name] for name in ("state", "severity", "last_four", "expires_on")},
        "card_id": one["card_id"],
        "brand": one["brand"],
        "next_draft_on": min((when.isoformat() for when, _ in ahead), default=None),
        "at_risk_cents": failing(clinic, patient_id, str(said["expires_on"])),
    }


def no_card(clinic: Clinic, patient: Row, mine: list[Row]) -> Any:
    """No card: an alert with an active plan or membership, else a quiet note that no list holds."""
    if patient["guarantor_id"] or clinic.rows("plans", payer_id=patient["patient_id"]):
        return UNSURE
    if any(row.get("payer_id") for row in mine):
        return UNSURE
    if any(row["status"] == "active" and runs(clinic, row) for row in mine):
        return {"state": "NONE", "card_id": None, "last_four": None, "expires_on": None, "brand": None}
    drawn = clinic.rows("recurrings", patient_id=patient["patient_id"])
    return None if not mine and not drawn else UNSURE


def runs(clinic: Clinic, contract: Row) -> bool:
    """Begun and not over, with something left to pay."""
    start, end = day(contract["start_date"]), day(contract["end_date"])
    if start is None or start > clinic.today or (end is not None and end < clinic.today):
        return False
    if "plan_id" not in contract:
        return True
    left = judged(clinic, contract)["remaining_cents"]
    return left is not UNSURE and left > 0


def failing(clinic: Clinic, patient_id: str, ends: str) -> Any:
    """Dollars of the drafts after the end; UNSURE where the instalments ask for another amount than the draft."""
    amounts = {row["amount"] for row in clinic.rows("recurrings", patient_id=patient_id)}
    plans = [row["plan_id"] for row in clinic.rows("recurrings", patient_id=patient_id) if row["plan_id"]]
    for plan_id in plans:
        for row in clinic.rows("instalments", plan_id=plan_id):
            if row["due_date"] >= clinic.today.isoformat():
                amounts |= {row["amount"]} | ({"waived"} if cents(row["waived"]) else set())
    if len(amounts) > 1:
        return UNSURE
    after = [when for when, _ in drafts(clinic, patient_id) if when.isoformat() > ends]
    return sum(cents(next(iter(amounts))) for _ in after)
