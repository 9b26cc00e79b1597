"""DOMAIN §1 and §2: the card a patient's plans are drawn from, and what is on file."""

from datetime import date, timedelta
from typing import Any

from tests.oracle.plans import judged
from tests.oracle.reading import UNSURE, Clinic, Row, cents, months_later, run_day

SOON, AHEAD, VERY_SOON = 45, 60, 7


def last_good_day(card: Row) -> Any:
    """The last calendar day of the expiry month; None for a bank account, UNSURE when it cannot be read."""
    if card["kind"] == "bank" or not card["expiry"]:
        return None if card["kind"] == "bank" else UNSURE
    month, _, year = card["expiry"].partition("/")
    if not (month.isdigit() and year.isdigit() and len(year) == 2 and 1 <= int(month) <= 12):
        return UNSURE
    return months_later(date(2000 + int(year), int(month), 1), 0, 31)


def usable(clinic: Clinic, card: Row) -> bool:
    end = last_good_day(card)
    in_time = card["updater"] == "updated" or end is None or (end is not UNSURE and clinic.today <= end)
    return card["active"] in ("true", "yes", "1") and card["updater"] != "closed" and in_time


def on_file(clinic: Clinic, patient: Row) -> Any:
    """The word of §2; UNSURE where removed, closed or unreadable cards are all there is."""
    cards = clinic.rows("cards", patient_id=patient["patient_id"])
    good = [card for card in cards if usable(clinic, card)]
    if any(card["kind"] == "card" for card in good):
        return "HAS_CARD"
    unreadable = [card for card in cards if last_good_day(card) is UNSURE]
    guarantors = clinic.rows("cards", patient_id=patient["guarantor_id"]) if patient["guarantor_id"] else []
    theirs = [card for card in guarantors if usable(clinic, card)]
    if any(card["kind"] == "card" for card in theirs):
        return "VIA_GUARANTOR" if not unreadable else UNSURE
    if theirs or unreadable or any(last_good_day(card) is UNSURE for card in guarantors):
        return UNSURE
    if good:
        return "BANK_ONLY"
    expired = [
        card
        for card in cards
        if card["kind"] == "card" and card["updater"] == "none" and card["active"] == "true"
    ]
    if expired and len(expired) == len(cards):
        return "EXPIRED_ONLY"
    return UNSURE if cards else "NONE"


def drafts(clinic: Clinic, patient_id: str) -> list[tuple[date, str]]:
    """(day, card id) of every draft in the next 60 days on the patient's own plans and memberships."""
    found = []
    until = clinic.today + timedelta(days=AHEAD)
    for recurring in clinic.rows("recurrings", patient_id=patient_id, status="active"):
        last = last_instalment(clinic, recurring)
        start = date.fromisoformat(recurring["next_run_on"])
        for count in range(AHEAD + 1):
            when = run_day(start, count, int(recurring["interval"]), recurring["interval_unit"], start.day)
            if clinic.today <= when <= until and (last is None or when <= last):
                found.append((when, recurring["card_id"]))
    return found


def last_instalment(clinic: Clinic, recurring: Row) -> date | None:
    if not recurring["plan_id"]:
        return None
    dues = [row["due_date"] for row in clinic.rows("instalments", plan_id=recurring["plan_id"])]
    return date.fromisoformat(max(dues)) if dues else None


def contracts(clinic: Clinic, patient_id: str) -> list[Row]:
    return clinic.rows("plans", patient_id=patient_id) + clinic.rows("memberships", patient_id=patient_id)


def simple(clinic: Clinic, patient_id: str) -> bool:
    """One way to read “the card that the plan charges”: at most one contract, drawn as the files say, nobody else's."""
    mine = contracts(clinic, patient_id)
    draws = clinic.rows("recurrings", patient_id=patient_id)
    family = clinic.rows("plans", payer_id=patient_id) or any(
        row.get("payer_id") for row in clinic.rows("plans", patient_id=patient_id)
    )
    if family or len(mine) > 1 or len(draws) > 1:
        return False
    for contract in mine:
        kind = "plan_id" if "plan_id" in contract else "membership_id"
        drawing = [row for row in draws if row[kind] == contract[kind]]
        if contract["status"] != "active" or len(drawing) != 1 or drawing[0]["status"] != "active":
            return False
        if contract["card_id"] not in ("", drawing[0]["card_id"]):
            return False
        if "next_draft_on" in contract and contract["next_draft_on"] != drawing[0]["next_run_on"]:
            return False
        if date.fromisoformat(drawing[0]["next_run_on"]) < clinic.today:
            return False
        if kind == "membership_id" and (contract["end_date"] or contract["frozen_from"]):
            return False
        if kind == "plan_id" and not all_as_drawn(clinic, contract, drawing[0]):
            return False
    return bool(mine) or not draws


def all_as_drawn(clinic: Clinic, plan: Row, recurring: Row) -> bool:
    """The instalments ahead fall on the days the recurring runs, and nothing of them is paid yet."""
    asked_for = [
        row
        for row in clinic.rows("instalments", plan_id=plan["plan_id"])
        if cents(row["waived"]) < cents(row["amount"])  # whether what is waived whole is drawn is not said
    ]
    ahead = {row["due_date"] for row in asked_for}
    start = date.fromisoformat(recurring["next_run_on"])
    runs = {months_later(start, n, start.day).isoformat() for n in range(3)}
    last = max(ahead, default="")
    said = judged(clinic, plan)
    fallen = [
        row
        for row in clinic.rows("instalments", plan_id=plan["plan_id"])
        if row["due_date"] < clinic.today.isoformat()
    ]
    asked = sum(max(0, cents(row["amount"]) - cents(row["waived"])) for row in fallen)
    if said["paid_cents"] is UNSURE or said["paid_cents"] > asked:
        return False  # paid ahead: which runs still have something to draw is not said
    soon = {due for due in ahead if due >= clinic.today.isoformat()}
    ids = {row["instalment_id"] for row in clinic.rows("instalments", plan_id=plan["plan_id"])}
    tied = any(row["instalment_id"] in ids for row in clinic.files["payments"])
    near = (clinic.today + timedelta(days=AHEAD)).isoformat()
    return (
        not tied
        and not plan["paused_from"]
        and {due for due in soon if due <= near} == {run for run in runs if run <= last and run <= near}
    )


def card(clinic: Clinic, patient: Row) -> dict[str, Any]:
    """state, severity, last_four, expires_on of the card looked at; fine is written OK whatever the word."""
    unsure = dict.fromkeys(("state", "severity", "last_four", "expires_on"), UNSURE)
    word = {"on_file": on_file(clinic, patient)}
    patient_id = patient["patient_id"]
    cards = clinic.rows("cards", patient_id=patient_id)
    if not cards or not simple(clinic, patient_id):
        return unsure | word
    mine = contracts(clinic, patient_id)
    looked_at = charged(clinic, patient_id, cards, mine)
    if looked_at is None or looked_at["active"] != "true":
        return unsure | word
    end = last_good_day(looked_at)
    seen = {
        "last_four": looked_at["last_four"],
        "expires_on": end.isoformat() if isinstance(end, date) else None,
    }
    if looked_at["updater"] == "closed":
        return {**unsure, **seen, **word, "state": "INVALID"}
    if end is UNSURE:
        return {**unsure, **seen, **word, "state": "UNKNOWN" if looked_at["updater"] != "updated" else UNSURE}
    if end is None or looked_at["updater"] == "updated":
        return {**seen, **word, "state": "OK", "severity": None}
    days = [when for when, _card in drafts(clinic, patient_id)]
    others = [other for other in cards if other is not looked_at and usable(clinic, other)]
    state = state_of(clinic, end, days)
    severity: Any = severity_of(clinic, state, end, days, bool(mine)) if state != "OK" else None
    if state != "OK" and any(other["kind"] == "card" for other in others):
        severity = "medium"
    elif state != "OK" and (others or patient["guarantor_id"]):
        severity = (
            UNSURE  # whether a bank account or the guarantor's card is “another usable card” is not said
        )
    return {**seen, **word, "state": state, "severity": severity}


def charged(clinic: Clinic, patient_id: str, cards: list[Row], mine: list[Row]) -> Row | None:
    if mine:
        draw = clinic.rows("recurrings", patient_id=patient_id)[0]
        return next((card for card in cards if card["card_id"] == draw["card_id"]), None)
    default = [card for card in cards if card["is_default"] == "true"]
    if len(default) == 1:
        return default[0]
    return cards[0] if len(cards) == 1 else None


def state_of(clinic: Clinic, end: date, days: list[date]) -> str:
    if clinic.today > end:
        return "EXPIRED"
    if (end - clinic.today).days <= SOON or any(when > end for when in days):
        return "EXPIRING"
    return "OK"


def severity_of(clinic: Clinic, state: str, end: date, days: list[date], contract: bool) -> str:
    if state == "EXPIRED" and contract:
        return "critical"
    if days and min(days) > end and (min(days) - clinic.today).days <= VERY_SOON:
        return "critical"
    return "high" if any(when > end for when in days) else "medium"
