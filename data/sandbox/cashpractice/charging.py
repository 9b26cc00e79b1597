"""What Cash Practice does with money: charging an auto-debit, putting a decline off, and a patient who pays online."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.money import parse_dollars
from data.sandbox.cashpractice import records
from data.sandbox.cashpractice.records import Record
from data.sandbox.mail import mailbox
from data.sandbox.practice import days
from data.sandbox.state import State

DECLINES = {
    "05": "DO NOT HONOR",
    "41": "LOST CARD",
    "43": "STOLEN CARD",
    "46": "CLOSED ACCOUNT",
    "51": "NOT SUFFICIENT FUNDS",
    "54": "EXPIRED CARD",
}
DECLINES_WANTED = "cash practice declines"
_MONTHS = {"Monthly": 1, "Bi-Monthly": 2, "Quarterly": 3, "Semi-Annually": 6, "Annually": 12}
_DAYS = {"Weekly": 7, "Bi-Weekly": 14}


def charge(state: State, debit: Record, *, code: str = "", at: datetime | None = None) -> Record:
    """One run of an auto-debit: accepted, or declined with a bank's code. A decline raises the “not paid up” alert."""
    happened = at or state.now()
    card = records.get(state, "billing", debit["Billing_ID"]) or {}
    code = code or ("54" if _expired(card, happened) else "")
    payment = records.put(
        state,
        "payments",
        {
            "Order_ID": records.next_number(state, "O"),
            "Sch_ID": debit["Sch_ID"],
            "Customer_ID": debit["Customer_ID"],
            "Billing_ID": debit["Billing_ID"],
            "DateTime": str(int(happened.timestamp())),
            "Transaction_amount": debit["Amount"],
            "Status": "Declined" if code else "Accepted",
            "DeclineCode": code,
            "DeclineText": DECLINES.get(code, ""),
            "Method": card.get("Type", "Card"),
            "Refund_Of": "",
        },
    )
    if code:
        raise_alert(state, payment)
    return payment


def _expired(card: Record, at: datetime) -> bool:
    month, _, year = str(card.get("Expires") or "").partition("/")
    if card.get("Type") != "Card" or not (month.isdecimal() and year.isdecimal()):
        return False
    return (2000 + int(year) % 100, int(month)) < (at.year, at.month)


def raise_alert(state: State, payment: Record) -> Record:
    return records.put(
        state,
        "alerts",
        {
            "Alert_ID": records.next_number(state, "A"),
            "Order_ID": payment["Order_ID"],
            "Sch_ID": payment["Sch_ID"],
            "DateTime": payment["DateTime"],
            "Status": "Open",
            "Paid_By": "",
            "RescheduledFor": "",
        },
    )


def pay(state: State, order_id: str, *, by: str = "Card") -> Record:
    """A declined payment is paid online: a payment of its own, and its alerts are closed. Raises ValueError."""
    declined = _declined(state, order_id)
    paid = records.put(
        state,
        "payments",
        declined
        | {
            "Order_ID": records.next_number(state, "O"),
            "DateTime": str(int(state.now().timestamp())),
            "Status": "Accepted",
            "DeclineCode": "",
            "DeclineText": "",
            "Method": by,
            "RescheduledFor": "",
        },
    )
    for alert in records.find(state, "alerts", Order_ID=order_id):
        records.put(
            state,
            "alerts",
            alert | {"Status": "Paid", "Paid_By": paid["Order_ID"], "RescheduledFor": ""},
        )
    return paid


def reschedule(state: State, order_id: str, day: date) -> Record:
    """Put a declined payment off; its auto-debit's next payment is that day, when it comes first. Raises ValueError."""
    declined = _declined(state, order_id)
    if day <= today(state):
        raise ValueError("Choose a day from tomorrow on")
    written = american(day)
    record = records.put(state, "payments", declined | {"Status": "Rescheduled", "RescheduledFor": written})
    for alert in records.find(state, "alerts", Order_ID=order_id):
        records.put(state, "alerts", alert | {"Status": "Rescheduled", "RescheduledFor": written})
    debit = records.get(state, "auto-debits", declined["Sch_ID"])
    if debit is not None and (not debit["NextPayment"] or day < read_day(debit["NextPayment"])):
        records.put(
            state,
            "auto-debits",
            debit | {"NextPayment": written, "RegularPayment": debit["NextPayment"]},
        )
    return record


def _declined(state: State, order_id: str) -> Record:
    found = records.get(state, "payments", order_id)
    if found is None:
        raise LookupError(f"There is no payment {order_id}")
    if found["Status"] not in ("Declined", "Rescheduled"):
        raise ValueError(f"Payment {order_id} is {found['Status']}, not Declined")
    paid = [alert for alert in records.find(state, "alerts", Order_ID=order_id) if alert["Status"] == "Paid"]
    if paid:
        raise ValueError(f"Payment {order_id} was paid by {paid[0]['Paid_By']}")
    return found


def email_request(state: State, order_id: str, request_id: str) -> bool:
    """“Email Payment Request”: a mail with Pay Online. False when the customer has no address. Raises ValueError."""
    declined = _declined(state, order_id)
    customer = records.get(state, "customers", declined["Customer_ID"]) or {}
    if not customer.get("Email"):
        return False
    sent = [*declined.get("EmailRequests", []), request_id]
    records.put(state, "payments", declined | {"EmailRequests": sent})
    amount = declined["Transaction_amount"]
    text = f"Hello {customer['FirstName']},\n\nyour payment of ${amount} was declined. Pay online:\n{state.root_url}/cash-practice/pay/{order_id}\n"
    mailbox.post(state, "payments@cashpractice.example", customer["Email"], "Payment request", text)
    return True


def run_due(state: State) -> dict[str, int]:
    """Every active auto-debit that is due is charged, on its day; reminders never are."""
    counts = {"approved": 0, "declined": 0}
    with state.transaction():
        for debit in records.find(state, "auto-debits", Status="Active", Kind="Auto-Debit"):
            running = debit
            while running["NextPayment"] and read_day(running["NextPayment"]) <= today(state):
                running = _run(state, running, counts)
    return counts


def _run(state: State, debit: Record, counts: dict[str, int]) -> Record:
    on, retried = read_day(debit["NextPayment"]), bool(debit.get("RegularPayment"))
    at = datetime.fromtimestamp(days.epoch(on, zone(state), 5), UTC)
    code = _wanted(state, debit["Sch_ID"])
    waiting = [
        alert
        for alert in records.find(state, "alerts", Sch_ID=debit["Sch_ID"], Status="Rescheduled")
        if retried
    ]
    made = charge(state, debit, code=code, at=min(at, state.now()))
    approved = made["Status"] == "Accepted"
    counts["approved" if approved else "declined"] += 1
    for alert in waiting:
        outcome = {"Status": "Paid", "Paid_By": made["Order_ID"]} if approved else {"Status": "Removed"}
        records.put(state, "alerts", alert | outcome | {"RescheduledFor": ""})
    following = debit["RegularPayment"] if retried else american(_after(debit["Frequency"], on))
    return records.put(state, "auto-debits", debit | {"NextPayment": following, "RegularPayment": ""})


def _after(frequency: str, day: date) -> date:
    if frequency in _DAYS:
        return day + timedelta(days=_DAYS[frequency])
    return days.add_months(day, _MONTHS[frequency])


def order_decline(state: State, sch_id: str, code: str, times: int = 1) -> None:
    """The next runs of this auto-debit are declined."""
    wanted: dict[str, Any] = state.remembered(DECLINES_WANTED, {})
    state.remember(DECLINES_WANTED, wanted | {sch_id: [code, times]})


def _wanted(state: State, sch_id: str) -> str:
    wanted: dict[str, Any] = state.remembered(DECLINES_WANTED, {})
    code, times = wanted.get(sch_id, ("", 0))
    if times:
        state.remember(DECLINES_WANTED, wanted | {sch_id: [code, times - 1]})
    return code if times else ""


def dollars_of(record: Record) -> int:
    """Cents of a payment."""
    return parse_dollars(record["Transaction_amount"])


def today(state: State) -> date:
    return state.now().astimezone(days.ZoneInfo(zone(state))).date()


def zone(state: State) -> str:
    """The practice's own."""
    return state.remembered("cash practice zone", "America/New_York")


def american(day: date) -> str:
    return f"{day:%m/%d/%Y}"


def read_day(text: str) -> date:
    """Raises ValueError."""
    return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 (a day)
