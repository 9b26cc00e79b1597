"""The books as CSV: one line a payment or ledger row, amounts in cents under keys that end in _cents (CONTRACTS §2)."""

import csv
import io
from collections.abc import Callable

from core.postings.reconcile import BookLine, Books
from core.safe_csv import safe_cell

COLUMNS = (
    "day",
    "finding",
    "patient",
    "order_id",
    "processor_cents",
    "ledger_cents",
    "difference_cents",
    "posting",
    "what",
)


def books_csv(books: Books, name: Callable[[BookLine], str] = lambda line: line.patient) -> str:
    """Every line of the books. name: how a patient is written (initials on a shared screen)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in books.lines:
        cells = (
            line.day.isoformat(),
            line.kind.value,
            name(line),
            line.order_id,
            line.processor_cents,
            line.ledger_cents,
            line.difference_cents,
            line.posting_state,
            line.what,
        )
        writer.writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()
