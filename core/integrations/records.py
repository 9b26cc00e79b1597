"""What every integration hands over: validated records, and the rows that could not be used."""

from typing import Any, NamedTuple


class Rejected(NamedTuple):
    """A row that could not be used, whole, with the reason in a sentence.

    external_id: "" when even that could not be read. line: of the file, counted from 1 with the header; None for
    a vendor's record. column: the field at fault, "" when it is the row as a whole.
    """

    external_id: str
    line: int | None
    column: str
    reason: str
    raw: dict[str, Any]
