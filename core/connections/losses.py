"""Rows that a source which sends everything no longer sends (DOMAIN §0 “Gone upstream”).

They are gone, unless the source would lose more than a fifth of a kind at once, or its file ends in mid-row: then the
rows stay and a person is asked, once for each kind. What a person keeps is not asked about again until it comes back.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Table, TableClause, column, delete, func, insert, select, table, update
from sqlmodel import Session, col

from core import clock
from core.audit.commands import record
from core.connections.models import Connection, Loss, LossAnswer, LossReason, LostRow
from core.errors import NotFound
from core.permissions import Identity, Permission, require
from core.store.types import UtcInstant
from core.store.version import touch

BELIEVED = 5  # one in so many may be gone at once
_AT_ONCE = 5_000
_LOST: Table = LostRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it


class Lost(NamedTuple):
    """gone: rows marked. asked: rows that stay until a person answers; of how many that were held, and why."""

    gone: int = 0
    asked: int = 0
    held: int = 0
    why: str = ""

    def sentence(self, file: str) -> str:
        """For the notes of an import; "" when nobody is asked."""
        if not self.asked:
            return ""
        because = (
            "the file breaks off" if self.why == LossReason.CUT_OFF else "that is more than a fifth at once"
        )
        return (
            f"{file}: {self.asked:,} of {self.held:,} rows are no longer sent; {because}, so they stay until a person "
            "says that they are gone (Integrations, or `huddle missing`)."
        )


class OpenLoss(NamedTuple):
    """A question for a person. found_at: aware UTC."""

    id: int
    connection: str
    connection_id: int
    resource: str
    held: int
    missing: int
    why: str
    found_at: datetime

    @property
    def sentence(self) -> str:
        because = (
            "and the file breaks off in the middle of a line"
            if self.why == LossReason.CUT_OFF
            else "more than a fifth at once"
        )
        return (
            f"{self.missing:,} of {self.held:,} {self.resource.replace('_', ' ')} are no longer sent by "
            f"{self.connection}, {because}. They stay until somebody says that they are gone."
        )


def held_rows(session: Session, table: Table, connection_id: int) -> int:
    """How many rows of a kind are there, before a source is read."""
    mine = (table.c.connection_id == connection_id, table.c.gone_at.is_(None))
    return session.execute(select(func.count()).select_from(table).where(*mine)).scalar_one()


def lose(
    session: Session,
    connection_id: int,
    resource: str,
    table: Table,
    *,
    held: int,
    sent: Callable[[str], bool],
    cut: bool = False,
) -> Lost:
    """After a whole read: mark gone what was not sent, or ask. held: from before the read (held_rows).

    sent: whether an external id was among what came.
    """
    kept = set(session.execute(_rows_of(connection_id, resource, LossAnswer.KEPT)).scalars())
    came_back = [
        row_id for row_id, there in _here(session, table, connection_id, sent) if there and row_id in kept
    ]
    for chunk in _chunks(came_back):
        session.execute(
            delete(_LOST).where(
                _LOST.c.row_id.in_(chunk), _LOST.c.loss_id.in_(_losses(connection_id, resource))
            )
        )
    missing = [
        row_id
        for row_id, there in _here(session, table, connection_id, sent)
        if not there and row_id not in kept
    ]
    if missing and (cut or len(missing) * BELIEVED > held):
        why = LossReason.CUT_OFF if cut else LossReason.FIFTH
        _ask(session, connection_id, resource, table, held, missing, why)
        return Lost(asked=len(missing), held=held, why=why)
    _close(session, connection_id, resource)
    return Lost(gone=mark_gone(session, table, missing), held=held)


def mark_gone(session: Session, table: TableClause, row_ids: Sequence[int]) -> int:
    """Rows leave every report; nothing is erased. Returns how many."""
    for chunk in _chunks(row_ids):
        session.execute(update(table).where(table.c.id.in_(chunk)).values(gone_at=clock.now()))
    if row_ids:
        touch(session)
    return len(row_ids)


def open_losses(session: Session, connection_id: int | None = None) -> list[OpenLoss]:
    """The questions nobody has answered, oldest first."""
    query = (
        select(
            col(Loss.id),
            col(Connection.name),
            col(Loss.connection_id),
            col(Loss.resource),
            col(Loss.held),
            col(Loss.missing),
            col(Loss.why),
            col(Loss.found_at),
        )
        .join(Connection, col(Connection.id) == Loss.connection_id)
        .where(col(Loss.answer) == "")
        .order_by(col(Loss.id))
    )
    if connection_id is not None:
        query = query.where(col(Loss.connection_id) == connection_id)
    return [OpenLoss(*row) for row in session.execute(query)]


def answer_loss(session: Session, actor: Identity | None, loss_id: int, *, gone: bool) -> int:
    """A person says whether the rows are gone, or stay. actor None: at the command line. Returns how many rows.

    Raises NotAllowed, NotFound when it is no open question any more.
    """
    if actor is not None:
        require(actor.role, Permission.MANAGE_CONNECTIONS)
    answer = LossAnswer.GONE if gone else LossAnswer.KEPT
    who = actor.username if actor else "the command line"
    taken = session.execute(
        update(Loss)
        .where(col(Loss.id) == loss_id, col(Loss.answer) == "")
        .values(answer=answer, answered_at=clock.now(), answered_by=who)
        .execution_options(synchronize_session=False)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has one
        raise NotFound("This has been answered already, or the rows have come back.")
    table_name = session.execute(select(col(Loss.table_name)).where(col(Loss.id) == loss_id)).scalar_one()
    here = table(table_name, column("id"), column("gone_at", UtcInstant))
    rows = list(session.execute(select(_LOST.c.row_id).where(_LOST.c.loss_id == loss_id)).scalars())
    if gone:
        live = [session.execute(_still_here(here, chunk)).scalars() for chunk in _chunks(rows)]
        rows = [row_id for chunk in live for row_id in chunk]
        mark_gone(session, here, rows)
    detail = {"answer": answer.value, "rows": len(rows)}
    record(
        session,
        who=actor,
        action="missing rows answered",
        subject_kind="loss",
        subject_id=loss_id,
        detail=detail,
    )
    return len(rows)


def sent_again(
    session: Session, connection_id: int, resource: str, table: Table, external_ids: Sequence[str]
) -> None:
    """Rows that came outside of a whole read are not missing any more."""
    if not external_ids or not (
        open_ids := list(session.execute(_losses(connection_id, resource)).scalars())
    ):
        return
    for chunk in _chunks(external_ids):
        here = select(table.c.id).where(
            table.c.connection_id == connection_id, table.c.external_id.in_(chunk)
        )
        session.execute(delete(_LOST).where(_LOST.c.loss_id.in_(open_ids), _LOST.c.row_id.in_(here)))
    left = (
        select(func.count())
        .select_from(LostRow)
        .where(col(LostRow.loss_id) == col(Loss.id))
        .scalar_subquery()
    )
    mine = (col(Loss.connection_id) == connection_id, col(Loss.resource) == resource, col(Loss.answer) == "")
    session.execute(
        update(Loss).where(*mine).values(missing=left).execution_options(synchronize_session=False)
    )
    came_back = {"answer": LossAnswer.CAME_BACK, "answered_at": clock.now()}
    session.execute(
        update(Loss)
        .where(*mine, col(Loss.missing) == 0)
        .values(**came_back)
        .execution_options(synchronize_session=False)
    )


def _here(
    session: Session, table: Table, connection_id: int, sent: Callable[[str], bool]
) -> Iterator[tuple[int, bool]]:
    """Every row that is here, and whether it was sent."""
    rows = session.execute(
        select(table.c.id, table.c.external_id)
        .where(table.c.connection_id == connection_id, table.c.gone_at.is_(None))
        .order_by(table.c.id)
        .execution_options(yield_per=10_000)
    )
    for row_id, external_id in rows:
        yield row_id, sent(external_id)


def _still_here(table: TableClause, row_ids: Sequence[int]):
    return select(table.c.id).where(table.c.id.in_(row_ids), table.c.gone_at.is_(None))


def _losses(connection_id: int, resource: str):
    """Losses whose rows somebody still cares about: open, or kept."""
    return select(col(Loss.id)).where(
        col(Loss.connection_id) == connection_id,
        col(Loss.resource) == resource,
        col(Loss.answer).in_(["", LossAnswer.KEPT]),
    )


def _rows_of(connection_id: int, resource: str, answer: str):
    return (
        select(col(LostRow.row_id))
        .join(Loss, col(Loss.id) == LostRow.loss_id)
        .where(
            col(Loss.connection_id) == connection_id,
            col(Loss.resource) == resource,
            col(Loss.answer) == answer,
        )
    )


def _ask(
    session: Session,
    connection_id: int,
    resource: str,
    table: Table,
    held: int,
    missing: Sequence[int],
    why: str,
) -> None:
    """One open question a kind, about the rows that are missing now."""
    _close(session, connection_id, resource)
    values = {
        "connection_id": connection_id,
        "resource": resource,
        "table_name": table.name,
        "held": held,
        "missing": len(missing),
        "why": why,
        "found_at": clock.now(),
    }
    loss_id = session.execute(insert(Loss).values(**values).returning(col(Loss.id))).scalar_one()
    for chunk in _chunks(missing):
        session.execute(insert(LostRow), [{"loss_id": loss_id, "row_id": row_id} for row_id in chunk])


def _close(session: Session, connection_id: int, resource: str) -> None:
    """The question of an earlier read is none any more: a newer one has looked."""
    mine = (col(Loss.connection_id) == connection_id, col(Loss.resource) == resource, col(Loss.answer) == "")
    session.execute(
        update(Loss)
        .where(*mine)
        .values(answer=LossAnswer.CAME_BACK, answered_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _chunks(rows: Sequence) -> Iterator[Sequence]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]
