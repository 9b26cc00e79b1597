"""Putting ready-made records into the sandbox, as the practice generator writes them."""

from collections.abc import Iterator

from data.sandbox.fortis.catalogue import ALL
from data.sandbox.fortis.charges import REFUND
from data.sandbox.fortis.resources import Resource, twinned
from data.sandbox.state import Record, State


def load(state: State, fortis: dict[str, list[Record]]) -> None:
    """Take wire-shaped records by resource name; what a record leaves out is null.

    A refund names the payment it gives back as `previous_transaction_id`, or carries that payment's order_number;
    the wire tells it only by `expand=transaction_references`. Raises ValueError for an unknown resource or field: a slip of the writer.
    """
    unknown = set(fortis) - set(ALL)
    if unknown:
        raise ValueError(f"the processor keeps no {', '.join(sorted(unknown))}")
    with state.transaction():
        for name, rows in fortis.items():
            state.insert_many(name, _complete(state, ALL[name], rows))


def _complete(state: State, resource: Resource, rows: list[Record]) -> Iterator[tuple[Record, str | None]]:
    present, maker = int(state.now().timestamp()), state.key("user_id")
    paid_as = _payments_by_order(rows)
    for row in rows:
        fields = dict(row)
        link_id = fields.pop("previous_transaction_id", None)
        if fields.get("type_id") == REFUND:
            link_id = link_id or paid_as.get(fields.get("order_number"))
        strange = set(fields) - set(resource.shape)
        if strange:
            raise ValueError(f"{resource.name}: the wire has no field {', '.join(sorted(strange))}")
        fields.setdefault("created_ts", present)
        fields.setdefault("modified_ts", fields["created_ts"])
        if "created_user_id" in resource.shape:
            fields.setdefault("created_user_id", maker)
        yield resource.complete(twinned(fields, resource.shape)), link_id


def _payments_by_order(rows: list[Record]) -> dict[str | None, str]:
    ordered = [row for row in rows if row.get("order_number") and row.get("type_id") != REFUND]
    return {row["order_number"]: row["id"] for row in ordered if row.get("status_code") != 301}
