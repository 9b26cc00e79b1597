"""What every integration hands over: validated records, and the rows that could not be used."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol


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


class SetAside(NamedTuple):
    """A line that is no record of anything: a total, a footer, the header once more. reason: what it is, in words."""

    line: int
    reason: str


class StoredRecord(Protocol):
    """A validated record that knows its columns in our table."""

    def row(self) -> dict[str, Any]: ...


class Page(NamedTuple):
    """One page of a processor's resource. ids: of every row on it, the rejected ones too. high: the latest change on it
    in the vendor's own seconds: everything changed before has been handed over (None: nothing can be said)."""

    records: Sequence[StoredRecord]
    rejected: list[Rejected]
    ids: frozenset[str]
    high: int | None
