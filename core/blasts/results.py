"""What became of a blast: its messages joined with the links they carried, person by person. Reads only."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core import clock
from core.audit.commands import record
from core.blasts.conditions import processors
from core.cards.models import Card
from core.errors import NotFound
from core.links.models import Link
from core.links.rules import LinkState
from core.messages.models import Batch, Message, MessageState, Suppression
from core.money import dollars
from core.patients.models import Patient
from core.permissions import Identity, Permission, require
from core.safe_csv import safe_cell
from core.store.base import table_of

_WENT = (MessageState.SENT, MessageState.DELIVERED, MessageState.OPENED)


@dataclass(frozen=True, slots=True)
class PersonResult:
    """One person of a blast. state: MessageState. opened_at: of the link or the mail, UTC. updated: a new card is kept.
    opted_out: after this message. paid_cents: by the link it carried."""

    patient_key: int
    patient_id: str
    patient: str
    initials: str
    state: str
    reason: str
    sent_at: datetime | None
    opened_at: datetime | None
    updated: bool
    paid_cents: int
    opted_out: bool
    message_id: int = 0
    channel: str = ""

    @property
    def words(self) -> str:
        """What became of it, the furthest it came."""
        if self.paid_cents:
            return f"paid {dollars(self.paid_cents)}"
        if self.updated:
            return "card updated"
        if self.opted_out:
            return "opted out"
        went = self.state in _WENT
        return "opened" if went and self.opened_at else self.state if self.state != "skipped" else "left out"


@dataclass(frozen=True, slots=True)
class Counts:
    """People of a blast by what became of them; somebody who opened also counts as sent."""

    sent: int
    delivered: int
    opened: int
    updated: int
    paid: int
    paid_cents: int
    failed: int
    opted_out: int
    unknown: int
    queued: int


@dataclass(frozen=True, slots=True)
class Moved:
    """Cards that were at a processor the practice left: how many people have one at the present one by now."""

    moved: int
    people: int
    to: str


def results(session: Session, who: Identity, batch_id: int) -> list[PersonResult]:
    """Everybody a blast was for, by last name. Raises NotAllowed; NotFound for a blast of others."""
    require(who.role, Permission.SEND_BLASTS)
    batch = batch_of(session, who, batch_id)
    message, patient, link = table_of(Message), table_of(Patient), table_of(Link)
    stopped = table_of(Suppression)
    rows = session.execute(
        select(
            patient.c.id,
            patient.c.external_id,
            patient.c.first_name,
            patient.c.last_name,
            message.c.state,
            message.c.reason,
            message.c.sent_at,
            message.c.opened_at,
            link.c.opened_at,
            link.c.state,
            link.c.paid_cents,
            stopped.c.id,
            message.c.id,
            message.c.channel,
        )
        .select_from(
            message.join(patient, patient.c.id == message.c.patient_id)
            .outerjoin(link, and_(link.c.id == message.c.link_id, link.c.kind == message.c.link_kind))
            .outerjoin(
                stopped,
                and_(
                    stopped.c.address == message.c.to_address,
                    stopped.c.channel == message.c.channel,
                    stopped.c.practice_id == message.c.practice_id,
                    stopped.c.since >= batch.created_at,
                    stopped.c.lifted_at.is_(None),
                ),
            )
        )
        .where(message.c.batch_id == batch_id)
        .order_by(patient.c.last_name, patient.c.first_name, patient.c.id)
    )
    return [_person(*row) for row in rows]


def _person(
    key: int,
    external_id: str,
    first: str,
    last: str,
    state: str,
    reason: str,
    sent_at: datetime | None,
    mail_opened: datetime | None,
    link_opened: datetime | None,
    link_state: str | None,
    paid_cents: int | None,
    stopped: int | None,
    message_id: int,
    channel: str,
) -> PersonResult:
    went = state in _WENT
    return PersonResult(
        patient_key=key,
        patient_id=external_id,
        patient=f"{first} {last}".strip(),
        initials="".join(f"{part[0]}." for part in (first, last) if part),
        state=state,
        reason=reason,
        sent_at=sent_at,
        opened_at=(link_opened or mail_opened) if went else None,
        updated=link_state == LinkState.UPDATED,
        paid_cents=paid_cents or 0,
        opted_out=stopped is not None and state != MessageState.SKIPPED,
        message_id=message_id,
        channel=channel,
    )


def counts(people: Iterable[PersonResult]) -> Counts:
    """How many came how far."""
    found = list(people)

    def how_many(*states: str) -> int:
        return sum(one.state in states for one in found)

    return Counts(
        sent=how_many(*_WENT),
        delivered=how_many(MessageState.DELIVERED, MessageState.OPENED),
        opened=sum(one.opened_at is not None for one in found),
        updated=sum(one.updated for one in found),
        paid=sum(one.paid_cents > 0 for one in found),
        paid_cents=sum(one.paid_cents for one in found),
        failed=how_many(MessageState.FAILED),
        opted_out=sum(one.opted_out for one in found),
        unknown=how_many(MessageState.UNKNOWN),
        queued=how_many(MessageState.QUEUED),
    )


def cards_moved(session: Session) -> Moved | None:
    """The meter of a switch of processor; None when the practice has cards at one processor, or at none."""
    found = processors(session)
    if len(found) < 2:
        return None
    card, present = table_of(Card), found[-1]
    here = [card.c.patient_id.is_not(None), card.c.gone_at.is_(None), card.c.active]

    def owners(ids: Sequence[int | None]) -> set[int]:
        query = select(card.c.patient_id).where(card.c.connection_id.in_(ids), *here).distinct()
        return {row[0] for row in session.execute(query)}

    before = owners([one.id for one in found[:-1]])
    return Moved(len(before & owners([present.id])), len(before), present.name)


def export_results(session: Session, who: Identity, batch_id: int) -> str:
    """Everybody of a blast as CSV, cells safe for a spreadsheet; audited. Raises NotAllowed, NotFound."""
    require(who.role, Permission.EXPORT)
    people = results(session, who, batch_id)
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(["patient_id", "patient", "result", "state", "reason", "sent_at", "opened_at", "paid"])
    for one in people:
        when = [clock.iso(one.sent_at) or "", clock.iso(one.opened_at) or ""]
        words = [one.patient_id, one.patient, one.words, one.state, one.reason, *when]
        lines.writerow(
            [*(safe_cell(word) for word in words), dollars(one.paid_cents) if one.paid_cents else ""]
        )
    record(session, who=who, action="exported a blast", subject_kind="batch", subject_id=batch_id, detail={"rows": len(people)})  # fmt: skip
    return written.getvalue()


def batch_of(session: Session, who: Identity, batch_id: int) -> Batch:
    """Raises NotFound: no such blast, or one of others."""
    batch = session.exec(select_rows(Batch).where(col(Batch.id) == batch_id)).first()
    elsewhere = batch is not None and who.location_id is not None and batch.location_id != who.location_id
    if batch is None or batch.practice_id != who.practice_id or elsewhere:
        raise NotFound("This blast is not there, or it is not yours.")
    return batch
