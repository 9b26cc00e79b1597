"""Recurrings: memberships and payment plans that charge by themselves (facts §6)."""

from datetime import date
from typing import Any

from starlette.responses import Response

from data.sandbox.fortis import charges, requests, schedule, wire
from data.sandbox.fortis.catalogue import RECURRINGS
from data.sandbox.fortis.resources import (
    Call,
    checked,
    keep_unique,
    known,
    location_of,
    shown,
    stamped,
    twinned,
)
from data.sandbox.state import Record, State


def create(call: Call) -> Response:
    state = call.state
    fields = checked(call.body, requests.RECURRING_NEW)
    location = location_of(state, fields["location_id"])
    token = token_named(state, fields)
    keep_unique(state, RECURRINGS, location["id"], fields)
    _possible(fields)
    start = date.fromisoformat(fields["start_date"])
    fields |= {"status": fields.get("status") or "active", **_charged_to(token, fields)}
    fields["product_transaction_id"] = fields.get("product_transaction_id") or charges.merchant_account(
        state, token
    )
    record = stamped(state, RECURRINGS, fields | _instalments(fields))
    record["next_run_date"] = schedule.not_before(record, start, state.today(location["id"])).isoformat()
    record["active"] = record["status"] == "active"
    state.insert("recurrings", record)
    return shown(state, RECURRINGS, record, 201)


def change(call: Call) -> Response:
    """Among others a new `token_id`: this is how a new card gets onto a plan."""
    state = call.state
    fields = checked(call.body, requests.RECURRING_CHANGE)
    recurring = known(state, RECURRINGS, call.id)
    if fields.get("token_id") or fields.get("account_vault_id"):
        fields |= _charged_to(token_named(state, fields), fields)
    keep_unique(state, RECURRINGS, recurring["location_id"], fields, besides=recurring["id"])
    wanted = {name: value for name, value in fields.items() if name in RECURRINGS.shape}
    _possible(recurring | wanted)
    if "status" in wanted:
        wanted["active"] = wanted["status"] == "active"
    changes = wanted | _instalments(recurring | wanted)
    return shown(state, RECURRINGS, state.update("recurrings", recurring["id"], **changes))


def delete(call: Call) -> Response:
    known(call.state, RECURRINGS, call.id)
    call.state.delete("recurrings", call.id)
    return Response(status_code=204)


def activate(call: Call) -> Response:
    """Runs again; a date that passed meanwhile is not charged afterwards."""
    recurring = _not_ended(call)
    today = call.state.today(recurring["location_id"])
    run = schedule.not_before(recurring, date.fromisoformat(recurring["next_run_date"]), today)
    return _set(call, status="active", active=True, next_run_date=run.isoformat())


def place_on_hold(call: Call) -> Response:
    _not_ended(call)
    return _set(call, status="on hold", active=False)


def skip(call: Call) -> Response:
    """The next `skip_count` payments are left out: the plan gets that much less."""
    count = checked(call.body, requests.SKIP)["skip_count"]
    recurring = _not_ended(call)
    left = recurring["installment_total_count"]
    total = None if left is None else max(left - count, 1)
    amounts = _instalments(recurring | {"installment_total_count": total})
    return _set(call, **_moved(recurring, count), installment_total_count=total, **amounts)


def defer(call: Call) -> Response:
    """All payments move `defer_count` intervals later, and the end with them."""
    count = checked(call.body, requests.DEFER)["defer_count"]
    recurring = _not_ended(call)
    end = recurring["end_date"]
    later = schedule.after(recurring, date.fromisoformat(end), count).isoformat() if end else None
    return _set(call, **_moved(recurring, count), end_date=later)


def token_named(state: State, fields: Record) -> Record:
    """The token of exactly one of token_id and token_api_id (or their deprecated names). Raises Refused (412)."""
    names = ("token_id", "account_vault_id", "token_api_id", "account_vault_api_id")
    given = [name for name in names if fields.get(name)]
    if not given:
        message = '"value" must contain at least one of [token_id, token_api_id]'
        raise wire.refused_rule(message, kind="object.missing")
    if len(given) > 1:
        message = f'"value" contains a conflict between exclusive peers [{", ".join(names)}]'
        raise wire.refused_rule(message, kind="object.xor")
    column = "id" if given[0].endswith("_id") and "api" not in given[0] else "api_id"
    found = state.find("tokens", **{column: fields[given[0]]})
    if not found or not found[0]["active"]:
        raise wire.refused_rule(f'"{given[0]}" is not a token that can be charged', given[0])
    return found[0]


def put_on(state: State, recurring: Record, token_id: str) -> Record:
    """A plan is charged to another token from now on."""
    token = state.get("tokens", token_id)
    assert token is not None
    return state.update("recurrings", recurring["id"], **_charged_to(token, recurring))


def _charged_to(token: Record, fields: Record) -> Record:
    charged = {"token_id": token["id"], "token_api_id": token["token_api_id"]}
    owner = {
        "contact_id": fields.get("contact_id") or token["contact_id"],
        "payment_method": token["payment_method"],
    }
    return twinned(charged | owner, RECURRINGS.shape)


def _instalments(fields: Record) -> Record:
    """A plan with a count of payments is of type i and has a total; without one it is ongoing."""
    count = fields.get("installment_total_count")
    total = count * fields["transaction_amount"] if count else None
    return {"recurring_type_id": "i" if count else "o", "installment_amount_total": total}


def _possible(fields: Record) -> None:
    if fields["transaction_amount"] is None or fields["transaction_amount"] < 1:
        message = '"transaction_amount" must be greater than or equal to 1'
        raise wire.refused_rule(message, "transaction_amount", kind="number.min")
    end = fields.get("end_date")
    if end and end < fields["start_date"]:
        raise wire.refused_rule(
            '"end_date" must be greater than "start_date"', "end_date", kind="date.greater"
        )
    for name in ("start_date", "end_date", "next_run_date"):
        try:
            date.fromisoformat(fields.get(name) or "2000-01-01")
        except ValueError:
            raise wire.refused_rule(f'"{name}" must be a valid date', name, kind="date.base") from None


def _not_ended(call: Call) -> Record:
    recurring = known(call.state, RECURRINGS, call.id)
    if recurring["status"] == "ended":
        raise wire.refused_rule("The recurring has ended", "status")
    return recurring


def _moved(recurring: Record, count: int) -> Record:
    run = schedule.after(recurring, date.fromisoformat(recurring["next_run_date"]), count)
    return {"next_run_date": run.isoformat()}


def _set(call: Call, **changes: Any) -> Response:
    return shown(call.state, RECURRINGS, call.state.update("recurrings", call.id, **changes))
