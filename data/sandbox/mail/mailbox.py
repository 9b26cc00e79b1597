"""The mailbox of everybody: what the sandbox's mail server took, kept as it came."""

import email
import email.policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any, NamedTuple

from data.sandbox.state import State

SETTINGS = "smtp"
# honours_message_id: a second mail of the same Message-ID to the same address is taken and not kept
USUAL = {"honours_message_id": False}
_LISTED = "number, received_at, sender, recipient, subject"


class Mail(NamedTuple):
    number: int
    received_at: float
    sender: str
    recipient: str
    subject: str


def keep(state: State, sender: str, recipients: list[str], raw: bytes) -> None:
    """One entry for each recipient of the envelope."""
    headers = parsed(raw)
    subject, message_id = str(headers["Subject"] or ""), str(headers["Message-ID"] or "").strip()
    at = state.now().timestamp()
    with state.transaction() as db:
        if message_id and state.remembered(SETTINGS, USUAL)["honours_message_id"]:
            recipients = [each for each in recipients if not _has(state, each, message_id)]
        db.executemany(
            "INSERT INTO mails (received_at, sender, recipient, subject, message_id, raw) VALUES (?, ?, ?, ?, ?, ?)",
            [(at, sender, recipient, subject, message_id, raw) for recipient in recipients],
        )


def _has(state: State, recipient: str, message_id: str) -> bool:
    sql = "SELECT 1 FROM mails WHERE recipient = ? AND message_id = ? LIMIT 1"
    return bool(state.select(sql, [recipient, message_id]))


def change(state: State, wish: Any) -> None:
    """POST /control {"smtp": {...}}. Raises ValueError for what is no setting."""
    if (
        not isinstance(wish, dict)
        or set(wish) - set(USUAL)
        or not all(isinstance(v, bool) for v in wish.values())
    ):
        raise ValueError(f"smtp takes an object of {', '.join(USUAL)}, true or false")
    state.remember(SETTINGS, state.remembered(SETTINGS, USUAL) | wish)


def post(state: State, sender: str, recipient: str, subject: str, text: str) -> None:
    """A plain message of the processor's own."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, recipient, subject
    message["Date"], message["Message-ID"] = (
        format_datetime(state.now()),
        make_msgid(domain="sandbox.example"),
    )
    message.set_content(text)
    keep(state, sender, [recipient], message.as_bytes())


def listed(state: State, *, to: str = "", most: int = 200) -> list[Mail]:
    """The newest mails first; `to`: only those whose recipient holds this text."""
    where = "recipient LIKE ? ESCAPE '\\'"
    pattern = to.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = state.select(
        f"SELECT {_LISTED} FROM mails WHERE {where} ORDER BY number DESC LIMIT ?",  # noqa: S608 (a constant)
        [f"%{pattern}%", most],
    )
    return [Mail(*row) for row in rows]


def count(state: State) -> int:
    return state.select("SELECT count(*) FROM mails")[0][0]


def raw_of(state: State, number: int) -> bytes | None:
    rows = state.select("SELECT raw FROM mails WHERE number = ?", [number])
    return rows[0][0] if rows else None


def entry(state: State, number: int) -> Mail | None:
    rows = state.select(f"SELECT {_LISTED} FROM mails WHERE number = ?", [number])  # noqa: S608 (a constant)
    return Mail(*rows[0]) if rows else None


def parsed(raw: bytes) -> Any:
    return email.message_from_bytes(raw, policy=email.policy.default)
