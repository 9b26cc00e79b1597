"""What was tried last about a declined draft, and what came of it: so that nobody tries the same thing again unknowing."""

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from core.links.declined import SUBJECT
from core.outbox.commands import result_of
from core.outbox.models import OPEN_STATES, OutboxKind, OutboxRow, OutboxState
from core.payments.reasons import reason_of


class LastTry(NamedTuple):
    """words: a sentence without its time. at: UTC, None where it was never begun."""

    words: str
    at: datetime | None


def last_try(session: Session, declined_id: int) -> LastTry | None:
    """The latest thing that was done about it and is over; None when nothing was."""
    row = session.exec(
        select(OutboxRow)
        .where(
            OutboxRow.subject_kind == SUBJECT,
            OutboxRow.subject_id == str(declined_id),
            col(OutboxRow.state).not_in(list(OPEN_STATES)),
        )
        .order_by(col(OutboxRow.created_at).desc())
        .limit(1)
    ).first()
    return None if row is None else LastTry(_words(row), row.claimed_at)


def _words(row: OutboxRow) -> str:
    if row.state != OutboxState.SETTLED:
        return f"The last try did not happen. {row.reason}".strip()
    match row.kind:
        case OutboxKind.DECLINED_RERUN:
            told = result_of(row)
            if told.get("status") == "declined":
                return f"Charged again, and declined again: {reason_of(told.get('reason_code')).words}."
            return "The card was charged again."
        case OutboxKind.DECLINED_PUT_OFF:
            return "It was put off."
        case _:
            return "The processor wrote to the payer."
