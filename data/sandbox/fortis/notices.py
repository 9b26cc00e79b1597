"""What Fortis itself sends a payer: the link of an invoice, a paylink or a declined run, by e-mail and text."""

from data.sandbox.fortis.payable import payment_url
from data.sandbox.mail import mailbox
from data.sandbox.sms import texts
from data.sandbox.state import Record, State

SENDER = "no-reply@fortis-sandbox.example"
SHORT_CODE = "767867"


def send(state: State, kind: str, record: Record, *, email: bool, text: bool) -> Record:
    """Send what is asked for; `email_log_id, sms_log_id, success, sms_success` as the resend calls answer them."""
    logs: Record = {"email_log_id": None, "sms_log_id": None, "success": False, "sms_success": False}
    subject, words = _words(state, kind, record)
    if email:
        logs |= {"email_log_id": _kept(state, kind, record["id"], "email", record["email"]), "success": True}
        mailbox.post(state, SENDER, record["email"], subject, words)
    if text:
        logs |= {
            "sms_log_id": _kept(state, kind, record["id"], "sms", record["cell_phone"]),
            "sms_success": True,
        }
        texts.keep(state, SHORT_CODE, f"+1{record['cell_phone']}", words)
    return logs


def sent(state: State, kind: str, record_id: str, way: str) -> list[Record]:
    """The log of what was sent for a record by one way (email or sms), for expand."""
    return [each for each in state.remembered(f"notices {kind} {record_id}", []) if each["way"] == way]


def _kept(state: State, kind: str, record_id: str, way: str, to: str) -> str:
    name = f"notices {kind} {record_id}"
    entry = {"id": state.new_id(), "way": way, "to": to, "created_ts": int(state.now().timestamp())}
    state.remember(name, [*state.remembered(name, []), entry])
    return entry["id"]


def _words(state: State, kind: str, record: Record) -> tuple[str, str]:
    place = (state.get("locations", record["location_id"]) or {}).get("name") or "Your practice"
    cents = int(record["remaining_balance"] if kind == "invoice" else record["amount_due"])
    title = record.get("title" if kind == "invoice" else "description") or "Payment"
    link = payment_url(state, kind, record["id"])
    return f"{place}: {title}", f"{place} asks you to pay ${cents / 100:,.2f} for {title}: {link}"
