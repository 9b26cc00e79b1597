"""Declined recurring transactions: the runs whose card said no, and trying them again (facts §6)."""

from starlette.responses import Response

from data.sandbox.fortis import transactions, wire
from data.sandbox.fortis.catalogue import DECLINED
from data.sandbox.fortis.resources import Call, known, shown


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
