"""Making a link: its row once for each form, its first step, its audit row. What goes out is the noun's own."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.links.history import add_step, follow
from core.links.models import Link
from core.links.payer import Account
from core.links.rules import LIVE, UNDO_SECONDS, LinkKind, Step
from core.links.tokens import lasts
from core.money import short_dollars
from core.outbox.commands import new_key
from core.patients.models import Patient
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require
from core.settings import settings
from core.store.base import table_of

GONE = "This link is not in the store any more. Go back and refresh the list."
NEEDED = {
    LinkKind.INVOICE: Permission.COLLECT,
    LinkKind.PAY: Permission.COLLECT,
    LinkKind.CARD: Permission.ASK_FOR_CARDS,
}
_WORDS = {LinkKind.INVOICE: "invoice", LinkKind.PAY: "payment link", LinkKind.CARD: "new-card link"}


class OpenLinkExists(BadInput):
    """The patient has a link for the same thing already; `link_id` is the latest. Send a second only on purpose."""

    def __init__(self, link: Link, words: str) -> None:
        super().__init__(words)
        self.link_id = link.id or 0


def make_link(
    session: Session,
    actor: Identity | None,
    patient: Patient,
    account: Account,
    *,
    kind: LinkKind,
    form: str,
    amount_cents: int = 0,
    what: str = "",
    due_on: date | None = None,
    expires_at: datetime | None = None,
    **about: Any,
) -> tuple[Link, bool]:
    """The link of this form, and whether it was made now: pressing twice, or in two tabs, makes one.

    about: further columns of Link. Raises BadInput when the form was used for another patient.
    """
    if not form.strip():
        raise BadInput("This form has no mark of its own. Open it again.")
    table, now, key = table_of(Link), clock.now(), new_key()
    practice_id = actor.practice_id if actor else 1
    blank = {column.name: None for column in table.columns if column.name != "id"}
    defaults = Link(kind=kind, key=key, form=form, patient_id=patient.id or 0, created_at=now).model_dump()
    values = {name: defaults.get(name) for name in blank} | {
        "practice_id": practice_id,
        "location_id": patient.location_id,
        "amount_cents": amount_cents,
        "what": what,
        "connection_id": account.connection_id,
        "contact_ref": account.contact_ref,
        "due_on": due_on,
        "expires_at": expires_at or now + lasts(kind),
        "created_by": actor.staff_id if actor else None,
        **about,
    }
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    once = insert(table).values(**values).on_conflict_do_nothing(index_elements=["practice_id", "form"])
    session.execute(once)
    link = made_by_form(session, actor, patient, kind, form)
    assert link is not None, "just made, or there before"
    if link.key != key:
        return link, False
    staff_id = actor.staff_id if actor else None
    add_step(session, link, Step.CREATED, at=now, cents=amount_cents or None, staff_id=staff_id)
    audit(session, actor, link, "made", amount_cents=amount_cents)
    return link, True


def made_by_form(
    session: Session, actor: Identity | None, patient: Patient, kind: LinkKind, form: str
) -> Link | None:
    """The link that a form made before. Raises BadInput when the form was used for something else."""
    practice_id = actor.practice_id if actor else 1
    link = session.exec(select(Link).where(Link.practice_id == practice_id, Link.form == form)).first()
    if link is not None and (link.patient_id != patient.id or link.kind != kind):
        raise BadInput("This form was used for something else already. Open it again.")
    return link


def require_no_open(session: Session, patient: Patient, *kinds: LinkKind, second: bool) -> None:
    """Raises OpenLinkExists when the patient has an open link of these kinds and no second one is meant."""
    if second:
        return
    now = clock.now()
    for link in open_links(session, patient.id or 0, *kinds, as_of=now)[:1]:
        raise OpenLinkExists(
            link, f"{say_open_link(link, now)} Resend or replace it, or send a second one on purpose."
        )


def link_for(session: Session, actor: Identity | None, link_id: int) -> Link:
    """A link the actor may work on, held until the transaction ends. Raises NotFound, NotAllowed."""
    link = session.exec(
        select(Link).where(Link.id == link_id).with_for_update().execution_options(populate_existing=True)
    ).first()
    if link is None or (actor is not None and link.practice_id != actor.practice_id):
        raise NotFound(GONE)
    if actor is not None:
        require(actor.role, NEEDED[LinkKind(link.kind)])
        patient_of(session, actor, link.patient_id)
    return link


def open_links(session: Session, patient_id: int, *kinds: LinkKind, as_of: datetime) -> list[Link]:
    """The patient's links that can be used at that instant (aware UTC), newest first; only of these kinds when
    some are named."""
    query = select(Link).where(Link.patient_id == patient_id, col(Link.state).in_(list(LIVE)))
    if kinds:
        query = query.where(col(Link.kind).in_(list(kinds)))
    found = session.exec(query.order_by(col(Link.created_at).desc(), col(Link.id).desc()))
    return [link for link in found if link.expires_at is None or link.expires_at > as_of]


def say_open_link(link: Link, as_of: datetime) -> str:
    """One sentence about a link that is still open at that instant (aware UTC)."""
    days = max(0, (as_of - (link.sent_at or link.created_at)).days)
    when = "today" if days == 0 else "yesterday" if days == 1 else f"{days} days ago"
    words = _WORDS[LinkKind(link.kind)]
    amount = f" for {short_dollars(link.amount_cents - link.paid_cents)}" if link.amount_cents else ""
    how = "sent" if link.sent_at else "made"
    return f"There is an open {words}{amount}, {how} {when}."


def undo_until() -> datetime:
    """Until when a change that has not gone out can be taken back, UTC."""
    return clock.now() + timedelta(seconds=UNDO_SECONDS)


def address(token: str, kind: str, fallback: str | None = None) -> str:
    """What is sent to the patient. Raises BadInput when patients cannot reach this Huddle and there is no other page.

    fallback: the processor's own page, sent where this Huddle has no public address (openings are then not counted).
    """
    base = settings().public_url.rstrip("/")
    if base:
        return f"{base}/{'card' if kind == LinkKind.CARD else 'pay'}/{token}"
    if fallback:
        return fallback
    raise BadInput("Patients cannot reach this Huddle yet. Set HUDDLE_PUBLIC_URL to its address.")


def audit(session: Session, actor: Identity | None, link: Link, what: str, **detail: object) -> None:
    """One audit row about a link."""
    action = f"{_WORDS[LinkKind(link.kind)]} {what}"
    record(
        session, who=actor, action=action, subject_kind="link", subject_id=link.id or 0,
        detail={"patient_id": link.patient_id, **detail},
    )  # fmt: skip


def stepped(
    session: Session, actor: Identity | None, link: Link, kind: Step, *, ref: str = "", words: str = ""
) -> None:
    """Write a step of a person's doing down and bring the link up to it."""
    add_step(session, link, kind, ref=ref, words=words, staff_id=actor.staff_id if actor else None)
    follow(session, link)
