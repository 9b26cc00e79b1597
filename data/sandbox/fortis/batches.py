"""Settlement: a merchant account's open charges are closed into a batch (POST /control {"settle": true}).

The facts name the batches' list and postback, not their fields; these are the SDK's.
"""

from data.sandbox.fortis import charges
from data.sandbox.fortis.catalogue import BATCHES
from data.sandbox.fortis.resources import stamped
from data.sandbox.state import Record, State

_OPEN = (
    "SELECT id FROM transactions WHERE json_extract(said, '$.product_transaction_id') = ? AND json_extract(said, '$.settle_date') IS NULL"
    " AND json_extract(said, '$.status_code') IN (101, 111) ORDER BY rowid"
)


def settle(state: State) -> int:
    """Every account with something to settle gets a batch; how many did."""
    made = 0
    with state.transaction():
        for account in state.find("product_transactions"):
            ids = [row[0] for row in state.select(_OPEN, [account["id"]])]
            if ids:
                _close(state, account, ids)
                made += 1
    return made


def _close(state: State, account: Record, ids: list[str]) -> None:
    rows = [row for row in (state.get("transactions", each) for each in ids) if row is not None]
    refunds = [row for row in rows if row["type_id"] == charges.REFUND]
    sales = [row for row in rows if row["type_id"] != charges.REFUND]
    number = state.select("SELECT count(*) FROM batches")[0][0] + 1
    batch = stamped(
        state,
        BATCHES,
        {
            "product_transaction_id": account["id"],
            "batch_num": number,
            "is_open": 0,
            "processing_status_id": 2,
            "batch_close_ts": int(state.now().timestamp()),
            "total_sale_amount": sum(row["transaction_amount"] for row in sales),
            "total_sale_count": len(sales),
            "total_refund_amount": sum(row["transaction_amount"] for row in refunds),
            "total_refund_count": len(refunds),
        },
    )
    state.insert(BATCHES.name, batch)
    today = state.today(account["location_id"]).isoformat()
    for row in rows:
        state.update("transactions", row["id"], settle_date=today, transaction_batch_id=batch["id"])
