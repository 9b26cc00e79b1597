"""Declined recurring transactions: the runs whose card said no, and trying them again (facts §6).

Left open by the facts, taken so here: the e-mail of `resend` holds a link to a hosted page; a payer without an e-mail
is a 412; the amount of a payment must be the declined one; a declined payment is an answer as well.
"""

from starlette.responses import Response

from data.sandbox.fortis import bills, cards, notices, ticket_fields, transactions, wire
from data.sandbox.fortis.catalogue import DECLINED
from data.sandbox.fortis.resources import Call, checked, known, shown
from data.sandbox.state import Record


def rerun(call: Call) -> Response:
    """Charge the plan's present token again; approved, the record is paid."""
    state = call.state
    declined = known(state, DECLINED, call.id)
    if declined["status"] == "paid":
        raise wire.refused_rule("The declined transaction is paid already", "status")
    recurring = state.get("recurrings", declined["recurring_id"])
    failed = state.get("transactions", declined["declined_transaction_id"])
    token = state.get("tokens", (recurring or failed or {}).get("token_id"))
    if token is None or failed is None:
        raise wire.refused_rule("There is no token left to charge", "token_id")
    also = {"recurring_id": declined["recurring_id"], "is_recurring": True}
    paid = transactions.charge(state, token, failed["transaction_amount"], **also)
    changes = {} if paid["status_code"] == 301 else {"status": "paid", "payment_transaction_id": paid["id"]}
    return shown(state, DECLINED, state.update(DECLINED.name, declined["id"], **changes))


def resend(call: Call) -> Response:
    """Fortis's own e-mail about the decline goes to the payer again."""
    declined, failed = _unpaid(call, call.id)
    contact = call.state.get("contacts", failed["contact_id"]) or {}
    if not contact.get("email"):
        raise wire.refused_rule("The payer has no email", "email", kind="any.required")
    asked = {"id": declined["id"], "location_id": failed["location_id"], "description": failed["description"]}
    asked |= {"amount_due": failed["transaction_amount"], "email": contact["email"]}
    sent = notices.send(call.state, "declined", asked, email=True, text=False)
    answer = {
        "id": declined["id"],
        "email_log_id": sent["email_log_id"],
        "success": True,
        "email": contact["email"],
    }
    return wire.one("DeclinedRecurringTransactionResend", answer)


def pay(call: Call) -> Response:
    """201: the declined run is paid with another card; replace_account_vault puts that card on the plan."""
    fields = checked(call.body, ticket_fields.DECLINED_PAYMENT)
    declined, failed = _unpaid(call, fields["declined_recurring_transaction_id"])
    if fields["transaction_amount"] != failed["transaction_amount"]:
        message = f'"transaction_amount" must be {failed["transaction_amount"]}'
        raise wire.refused_rule(message, "transaction_amount")
    on = call.state.today(failed["location_id"])
    try:
        card = cards.typed(
            fields["account_number"], fields["exp_date"], on=on, holder=fields.get("account_holder_name")
        )
    except cards.BadCard as error:
        name = "account_number" if error.field == "number" else "exp_date"
        raise wire.refused_rule(f'"{name}": {error.sentence}', name) from error
    paid = bills.pay_declined(
        call.state,
        declined,
        card,
        fields["transaction_amount"],
        replace=bool(fields.get("replace_account_vault")),
        save_account=bool(fields.get("save_account")),
        save_account_title=fields.get("save_account_title"),
        description=(fields.get("description") or failed["description"] or "")[:64] or None,
    )
    return wire.one("DeclinedRecurringTransactionPayment", _payment(declined, card, paid), 201)


def _payment(declined: Record, card: cards.Card, paid: Record) -> Record:
    """The answer's fields are the SDK's: its `id` is the transaction's, and the outcome stands in `status_id`."""
    same = ("id", "transaction_amount", "description", "billing_address", "first_six", "last_four")
    outcome = ("reason_code_id", "type_id", "created_ts", "created_user_id", "account_holder_name")
    return {
        "declined_recurring_transaction_id": declined["id"],
        "account_number": None,
        "exp_date": card.exp_date,
        "status_id": paid["status_code"],
        **{name: paid[name] for name in (*same, *outcome)},
    }


def _unpaid(call: Call, declined_id: str) -> tuple[Record, Record]:
    """A declined run that is not paid yet, and its transaction. Raises Refused."""
    declined = known(call.state, DECLINED, declined_id)
    failed = call.state.get("transactions", declined["declined_transaction_id"])
    if declined["status"] == "paid" or failed is None:
        raise wire.refused_rule("The declined transaction is paid already", "status")
    return declined, failed
