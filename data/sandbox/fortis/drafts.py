"""The processor's nightly run: every recurring that is due is charged."""

from datetime import UTC, date, datetime, time
from typing import Any

from core import clock
from data.sandbox.fortis import charges, schedule
from data.sandbox.fortis.catalogue import DECLINED, TRANSACTIONS
from data.sandbox.fortis.resources import stamped
from data.sandbox.state import Record, State

_RUNS = """
SELECT count(*) FROM transactions
WHERE recurring_id = ? AND json_extract(said, '$.trx_source_id') = ? AND link_id IS NULL
"""
_HOUR = time(5, 0)  # on the wall of the location


def run_drafts(state: State) -> dict[str, int]:
    """Charge all runs due up to today, each on its own day; counts of approved, declined and ended."""
    counts = {"approved": 0, "declined": 0, "ended": 0}
    with state.transaction():
        for recurring in state.find("recurrings"):
            if recurring["status"] == "active" and recurring["next_run_date"]:
                _catch_up(state, recurring, counts)
    return counts


def _catch_up(state: State, recurring: Record, counts: dict[str, int]) -> None:
    today = state.today(recurring["location_id"])
    run, done = date.fromisoformat(recurring["next_run_date"]), _runs_so_far(state, recurring)
    changes: Record = {}
    while run <= today and not _over(recurring, run, done):
        counts["approved" if _run(state, recurring, run) else "declined"] += 1
        run, done = schedule.after(recurring, run), done + 1
        changes = {"next_run_date": run.isoformat()}
    if _over(recurring, run, done):
        counts["ended"] += 1
        changes |= {"status": "ended", "active": False}
    if changes:
        state.update("recurrings", recurring["id"], **changes)


def _runs_so_far(state: State, recurring: Record) -> int:
    """Approved or not: a declined run counts too (facts §6). A rerun is nobody's turn."""
    return state.select(_RUNS, [recurring["id"], charges.SOURCE_RECURRING])[0][0]


def _over(recurring: Record, run: date, done: int) -> bool:
    count = recurring["installment_total_count"]
    return schedule.ends_before(recurring, run) or (count is not None and done >= count)


def _run(state: State, recurring: Record, run: date) -> bool:
    """One charge of a recurring. A token that is gone is a decline too: nothing may pass unseen."""
    token = state.get("tokens", recurring["token_id"])
    also: dict[str, Any] = {
        "recurring_id": recurring["id"],
        "contact_id": recurring["contact_id"],
        "product_transaction_id": recurring["product_transaction_id"],
        "is_recurring": True,
        "description": recurring["description"],
        "trx_source_id": charges.SOURCE_RECURRING,
        "trx_source_code": charges.SOURCE_RECURRING,
    }
    cents = recurring["transaction_amount"]
    fields = charges.charged(state, token, cents, run, **also) if token else _no_token(recurring, also)
    record = stamped(state, TRANSACTIONS, fields) | _at(state, recurring, run)
    state.insert("transactions", record)
    if record["status_code"] != 301:
        return True
    owed = {"recurring_id": recurring["id"], "declined_transaction_id": record["id"], "status": "unpaid"}
    state.insert(DECLINED.name, stamped(state, DECLINED, owed))
    return False


def _no_token(recurring: Record, also: dict[str, Any]) -> Record:
    account = {"location_id": recurring["location_id"], "payment_method": recurring["payment_method"]}
    charge = {
        "transaction_amount": recurring["transaction_amount"],
        "status_code": 301,
        "reason_code_id": 1540,
    }
    return also | account | charge | {"verbiage": "SETUP ISSUE", "type_id": charges.SALE}


def _at(state: State, recurring: Record, run: date) -> Record:
    """Made early on its day, but known to a reader only now: modified_ts stays the present."""
    location = state.get("locations", recurring["location_id"]) or {}
    made = clock.local_instant(datetime.combine(run, _HOUR), location.get("tz") or "UTC")
    return {"created_ts": int(min(made, state.now().astimezone(UTC)).timestamp())}
