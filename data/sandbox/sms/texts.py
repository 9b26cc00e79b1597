"""Texts as the gateway keeps them, both ways."""

import secrets
from typing import Any, NamedTuple

from data.sandbox.state import State

OUT, IN = "outbound-api", "inbound"
_COLUMNS = "number, sid, direction, sender, recipient, body, status, error_code, callback, key, created_at, sent_at, updated_at"


class Text(NamedTuple):
    number: int
    sid: str
    direction: str
    sender: str
    recipient: str
    body: str
    status: str
    error_code: int | None
    callback: str | None
    key: str | None
    created_at: float
    sent_at: float | None
    updated_at: float


def keep(
    state: State,
    sender: str,
    recipient: str,
    body: str,
    *,
    direction: str = OUT,
    status: str = "delivered",
    callback: str | None = None,
    key: str | None = None,
) -> Text:
    """A new text. Its sid is random: nobody can guess it."""
    at, sid = state.now().timestamp(), f"SM{secrets.token_hex(16)}"
    sent_at = None if status == "queued" else at
    values = (sid, direction, sender, recipient, body, status, callback, key, at, sent_at, at)
    with state.transaction() as db:
        db.execute(
            "INSERT INTO texts (sid, direction, sender, recipient, body, status, callback, key, created_at, sent_at,"
            " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )
    return found(state, "sid = ?", [sid])[0]


def move(state: State, sid: str, status: str, error_code: int | None = None) -> None:
    """The text's state changes; the first one after `queued` is when it was sent."""
    at = state.now().timestamp()
    with state.transaction() as db:
        db.execute(
            "UPDATE texts SET status = ?, error_code = ?, updated_at = ?, sent_at = coalesce(sent_at, ?) WHERE sid = ?",
            (status, error_code, at, at, sid),
        )


def found(state: State, where: str, values: list[Any], *, most: int = 1000, skip: int = 0) -> list[Text]:
    """Texts by a condition (its values bound), the newest first."""
    sql = f"SELECT {_COLUMNS} FROM texts WHERE {where} ORDER BY number DESC LIMIT ? OFFSET ?"  # noqa: S608 (constants)
    return [Text(*row) for row in state.select(sql, [*values, most, skip])]
