"""The link ledger: every invoice, payment link and new-card link with its life as steps. Reads only."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core.invoices.models import Invoice
from core.links.history import payments_of
from core.links.models import Link, LinkStep
from core.links.rules import LIVE, LinkKind, LinkState, Step
from core.names import folded
from core.patients.models import Patient
from core.payments.models import PaymentStatus
from core.permissions import Identity
from core.practice.reports import locations
from core.reports.head import Report, make_report
from core.staff.models import Staff
from core.store.base import table_of

MOST = 500
_KIND_WORDS = {LinkKind.INVOICE: "Invoice", LinkKind.PAY: "Payment link", LinkKind.CARD: "New-card link"}
_ICONS = {LinkKind.INVOICE: "receipt_long", LinkKind.PAY: "link", LinkKind.CARD: "add_card"}
_QUIET = frozenset({Step.SEEN, Step.PAYMENT, Step.DECLINED})  # payments stand in the timeline by themselves


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step of a link's life. at: UTC. who: the staff name, "" for the system or the patient."""

    at: datetime
    what: str
    cents: int | None
    words: str
    who: str


@dataclass(frozen=True, slots=True)
class LinkLine:
    """One link. remaining_cents: amount − paid, never below 0. number: of an invoice. waiting: the processor is still
    making it. seen_at: when the processor's list last showed it, UTC."""

    link_id: int
    kind: str
    kind_words: str
    number: str
    patient_key: int
    patient: str
    initials: str
    what: str
    amount_cents: int
    paid_cents: int
    pending_cents: int
    remaining_cents: int
    state: str
    reason: str
    open: bool
    waiting: bool
    created_at: datetime
    created_by: str
    sent_at: datetime | None
    opened_at: datetime | None
    ended_at: datetime | None
    seen_at: datetime | None
    expires_at: datetime | None
    undo_until: datetime | None
    replaced_by: int | None
    reminders_stopped: str


@dataclass(frozen=True, slots=True)
class LinkStory:
    """One link with its whole life, oldest step first. url: the processor's page."""

    line: LinkLine
    url: str
    steps: tuple[StepLine, ...]


def link_ledger(
    session: Session,
    actor: Identity | None,
    *,
    as_of: datetime,
    kinds: Collection[str] = (),
    states: Collection[str] = (),
    open_only: bool = False,
    patient_id: int | None = None,
    location_id: int | None = None,
    since: datetime | None = None,
    search: str = "",
    offset: int = 0,
    limit: int = MOST,
) -> list[LinkLine]:
    """Links, newest first; empty filters take everything. Only those of the actor's practice and place of work.

    as_of: aware UTC; a link that had run out by then is expired. search: words of the patient's name, or an invoice's number.
    """
    link, patient = table_of(Link), table_of(Patient)
    query = _with_words(_all_links(actor), search)
    if kinds:
        query = query.where(link.c.kind.in_(list(kinds)))
    if states:
        query = query.where(link.c.state.in_(list(states)))
    if open_only:
        query = query.where(link.c.state.in_(list(LIVE)))
    if patient_id is not None:
        query = query.where(patient.c.id == patient_id)
    if location_id is not None:
        query = query.where(patient.c.location_id == location_id)
    if since is not None:
        query = query.where(link.c.created_at >= since)
    rows = session.execute(
        query.order_by(link.c.created_at.desc(), link.c.id.desc()).offset(offset).limit(limit)
    )
    return [_line(row, as_of) for row in rows.mappings()]


def _with_words(query: Any, search: str) -> Any:
    patient, invoice = table_of(Patient), table_of(Invoice)
    for word in folded(search).split():
        named = patient.c.search_name.contains(word, autoescape=True)
        query = query.where(named | invoice.c.number.contains(word.upper(), autoescape=True))
    return query


class StateTotal(NamedTuple):
    """All links of one state: how many, what they ask for and what was paid on them, in cents."""

    links: int
    amount_cents: int
    paid_cents: int


def link_totals(
    session: Session, actor: Identity | None, *, kinds: Collection[str] = (), search: str = ""
) -> dict[str, StateTotal]:
    """The links of each state that has any, as `link_ledger` narrows them."""
    link = table_of(Link)
    query = _with_words(_all_links(actor), search)
    if kinds:
        query = query.where(link.c.kind.in_(list(kinds)))
    sums = query.with_only_columns(
        link.c.state, func.count(), func.sum(link.c.amount_cents), func.sum(link.c.paid_cents),
        maintain_column_froms=True,
    ).group_by(link.c.state)  # fmt: skip
    return {row[0]: StateTotal(row[1], int(row[2]), int(row[3])) for row in session.execute(sums)}


def links_of_patient(
    session: Session, actor: Identity | None, patient_id: int, *, as_of: datetime
) -> list[LinkLine]:
    """The patient's links at an instant (aware UTC), newest first."""
    return link_ledger(session, actor, as_of=as_of, patient_id=patient_id)


def link_story(
    session: Session, actor: Identity | None, link_id: int, *, as_of: datetime
) -> LinkStory | None:
    """One link with every step at an instant (aware UTC), None when there is none the actor may see."""
    link = table_of(Link)
    row = session.execute(_all_links(actor).where(link.c.id == link_id)).mappings().first()
    if row is None:
        return None
    return LinkStory(_line(row, as_of), row["url"] or "", tuple(_steps(session, link_id)))


@dataclass(frozen=True, slots=True)
class PaidOn:
    """A payment on a link. payment_id: the processor's own. counts: it pays the link, so it may be detached from it."""

    payment_id: str
    at: datetime
    cents: int
    status: str
    counts: bool


def payments_on(session: Session, actor: Identity | None, link_id: int) -> list[PaidOn]:
    """The payments made on a link, declined and given back ones too, oldest first; none when the actor may not see it."""
    if session.execute(_all_links(actor).where(table_of(Link).c.id == link_id)).first() is None:
        return []
    return [
        PaidOn(
            one.external_id,
            one.happened_at,
            one.amount_cents,
            one.status,
            one.refund_ref is None and one.status in (PaymentStatus.APPROVED, PaymentStatus.PENDING),
        )
        for one in payments_of(session, session.get_one(Link, link_id))
    ]


def timeline_entries(session: Session, patient_id: int) -> list[tuple[datetime, str, str, int | None]]:
    """What the patient card tells of links: when (UTC), icon, words, cents. Newest first, payments left out."""
    step, link = table_of(LinkStep), table_of(Link)
    rows = session.execute(
        select(step.c.at, step.c.kind, step.c.words, step.c.cents, link.c.kind, link.c.amount_cents)
        .join_from(step, link, step.c.link_id == link.c.id)
        .where(link.c.patient_id == patient_id, step.c.kind.not_in(list(_QUIET)))
        .order_by(step.c.at.desc(), step.c.id.desc())
        .limit(MOST)
    )
    found = []
    for at, kind, words, cents, of, amount in rows:
        name = _KIND_WORDS[LinkKind(of)]
        money = cents if cents is not None else (amount or None) if kind == Step.CREATED else None
        found.append((at, _ICONS[LinkKind(of)], f"{name}: {_said(kind, words)}", money))
    return found


def _said(kind: str, words: str) -> str:
    return f"{kind}. {words}" if words and not words.lower().startswith(kind) else (words or kind)


def _all_links(actor: Identity | None) -> Any:
    link, patient, invoice, staff = table_of(Link), table_of(Patient), table_of(Invoice), table_of(Staff)
    query = select(
        *link.columns,
        invoice.c.number,
        patient.c.first_name,
        patient.c.last_name,
        staff.c.display_name,
        staff.c.username,
    ).select_from(
        link.join(patient, link.c.patient_id == patient.c.id)
        .outerjoin(invoice, invoice.c.link_id == link.c.id)
        .outerjoin(staff, staff.c.id == link.c.created_by)
    )
    if actor is None:
        return query
    query = query.where(link.c.practice_id == actor.practice_id)
    if actor.location_id is not None:
        query = query.where(patient.c.location_id.is_(None) | (patient.c.location_id == actor.location_id))
    return query


def _line(row: Any, as_of: datetime) -> LinkLine:
    kind, state = LinkKind(row["kind"]), LinkState(row["state"])
    over = row["expires_at"] is not None and row["expires_at"] <= as_of
    if state in LIVE and over:
        state = LinkState.EXPIRED  # the worker writes it down within a minute
    return LinkLine(
        link_id=row["id"],
        kind=kind,
        kind_words=_KIND_WORDS[kind],
        number=row["number"] or "",
        patient_key=row["patient_id"],
        patient=f"{row['first_name']} {row['last_name']}".strip(),
        initials="".join(f"{part[0]}." for part in (row["first_name"], row["last_name"]) if part),
        what=row["what"],
        amount_cents=row["amount_cents"],
        paid_cents=row["paid_cents"],
        pending_cents=row["pending_cents"],
        remaining_cents=max(0, row["amount_cents"] - row["paid_cents"]),
        state=state,
        reason=row["reason"],
        open=state in LIVE,
        waiting=kind != LinkKind.CARD and row["external_id"] is None and state in LIVE,
        created_at=row["created_at"],
        created_by=row["display_name"] or row["username"] or "",
        sent_at=row["sent_at"],
        opened_at=row["opened_at"],
        ended_at=row["ended_at"],
        seen_at=row["seen_at"],
        expires_at=row["expires_at"],
        undo_until=row["undo_until"],
        replaced_by=row["replaced_by"],
        reminders_stopped=row["reminders_stopped"],
    )


def _steps(session: Session, link_id: int) -> Iterable[StepLine]:
    rows = session.exec(
        select_rows(LinkStep, Staff.display_name, Staff.username)
        .outerjoin(Staff, col(Staff.id) == LinkStep.staff_id)
        .where(LinkStep.link_id == link_id)
        .order_by(col(LinkStep.at), col(LinkStep.id))
    )
    for step, name, username in rows:
        yield StepLine(step.at, step.kind, step.cents, step.words, name or username or "")


EVERY = 1_000_000


def links_report(session: Session, *, location_id: int | None, as_of: datetime) -> Report:
    """Every link ever, newest first. as_of: aware UTC; location_id None: of every location."""
    rows = link_ledger(session, None, as_of=as_of, location_id=location_id, limit=EVERY)
    return make_report(session, "links", locations(session, location_id), location_id, as_of, rows)
