"""A new card by the patient's own hand: our link, the processor's frame, then the drafts moved (Fortis §10.1, §11).

No field of ours ever holds a card number: the frame gives a one-use ticket, and the processor makes a token of it.
"""

from typing import Any

from sqlmodel import Session, select

from core import clock
from core.errors import BadInput, HuddleError
from core.links.draft_moves import move_drafts
from core.links.failed import failed_payment, words_agreed
from core.links.history import add_step, follow, next_ref
from core.links.models import Link, LinkToken
from core.links.new_link import audit, made_by_form, make_link, require_no_open
from core.links.old_cards import retire_old
from core.links.outgoing import put_out
from core.links.payer import MAYBE_KNOWN, account_of
from core.links.rules import LIVE, LinkKind, Step
from core.links.tokens import good_until, is_ours, token_row
from core.outbox.models import OutboxKind
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require
from core.staff.reports import practice_name

LONGEST_TICKET = 36  # Fortis, appendix A


class LinkOver(HuddleError):
    """A link that cannot be used: the sentence is for the patient who pressed it."""


def create_card_link(
    session: Session,
    actor: Identity | None,
    *,
    patient_id: int,
    form: str,
    card_ref: str | None = None,
    second: bool = False,
) -> Link:
    """A link on which the patient gives a new card; the same form again gives the same link.

    card_ref: external id of the one card it replaces; None = every card their drafts charge. actor None: the system
    (a blast). Somebody the processor does not know becomes known there when the card is saved (DOMAIN §11). Raises BadInput
    while a record there may be theirs, OpenLinkExists, NotFound, NotAllowed.
    """
    if actor is not None:
        require(actor.role, Permission.ASK_FOR_CARDS)
    patient = patient_of(session, actor, patient_id, alone=True)
    if (already := made_by_form(session, actor, patient, LinkKind.CARD, form)) is not None:
        return already
    require_no_open(session, patient, LinkKind.CARD, second=second)
    account = account_of(session, patient)
    if account.contact_ref is None and account.contact is None:
        raise BadInput(MAYBE_KNOWN)
    what = f"New card for {practice_name(session)}"[:64]
    link, new = make_link(
        session, actor, patient, account, kind=LinkKind.CARD, form=form, what=what, card_ref=card_ref
    )
    if new:
        follow(session, link)
    return link


def finish_card_entry(session: Session, token: str, ticket: str, *, pay_cents: int = 0) -> Link:
    """The frame took a card: have the processor keep it. Once: a second ticket for the same link changes nothing.

    ticket: the one-use id that the frame gave. pay_cents: the patient ticked that what failed shall be paid with it, and saw
    this amount; where another is open by now nothing is charged. Raises LinkOver, BadInput for what cannot be a ticket.
    """
    if (
        not 1 <= len(ticket) <= LONGEST_TICKET
        or not ticket.isascii()
        or not ticket.replace("-", "").isalnum()
    ):
        raise BadInput("The card page did not finish. Please type the card again.")
    row, link = _found(session, token, LinkKind.CARD, held=True)
    row.used_at = clock.now()
    session.add(row)
    contact = None if link.contact_ref else _new_contact(session, link)
    put_out(
        session,
        None,
        link,
        OutboxKind.CARD_KEEP,
        ticket=ticket,
        contact_ref=link.contact_ref,
        contact=contact,
        address_id=row.id,
        pay=_pays(session, link, pay_cents),
    )
    audit(session, None, link, "card typed")
    return link


def _pays(session: Session, link: Link, cents: int) -> dict[str, Any] | None:
    """What is charged once the card is kept, with the words the patient agreed to."""
    failed = failed_payment(session, link, clock.now()) if cents > 0 else None
    if failed is None or failed.cents != cents:
        return None
    return {"due": list(failed.due), "cents": cents, "wording": words_agreed(session, cents)}


def _new_contact(session: Session, link: Link) -> dict[str, Any] | None:
    """Who the card will belong to at the processor, which did not know them when the link was made."""
    account = account_of(
        session,
        patient_of(session, None, link.patient_id),
        plan_id=link.plan_id,
        membership_id=link.membership_id,
    )
    if account.contact_ref is not None:
        link.contact_ref = account.contact_ref
        session.add(link)
    return account.contact


def card_kept(session: Session, link: Link, card_ref: str, *, brand: str, last_four: str) -> None:
    """The processor keeps the new card: every draft it is meant for is moved to it, each by its own outbox row."""
    link.new_card_ref = card_ref
    words = " ".join(part for part in (brand, f"ending {last_four}" if last_four else "") if part)
    add_step(session, link, Step.CARD_SAVED, ref=card_ref, words=words or "A new card.")
    if not move_drafts(session, link, card_ref):
        retire_old(session, link)
    follow(session, link)


def card_not_kept(session: Session, link: Link, address_id: int, reason: str) -> None:
    """The processor did not take it: the address works again, so that the patient can try another card."""
    row = session.get(LinkToken, address_id)
    if row is not None:
        row.used_at = None
        session.add(row)
    add_step(session, link, Step.CARD_FAILED, ref=next_ref(session, link, Step.CARD_FAILED), words=reason)
    follow(session, link)


def _found(session: Session, token: str, kind: str, *, held: bool = False) -> tuple[LinkToken, Link]:
    over = LinkOver("This link does not work. Please ask the practice for a new one.")
    if not is_ours(token, kind):
        raise over
    row = token_row(session, token)
    if row is None:
        raise over
    query = select(Link).where(Link.id == row.link_id)
    if held:
        query = query.with_for_update().execution_options(populate_existing=True)
    link = session.exec(query).one()
    if held:
        session.refresh(row)
    if (link.kind == LinkKind.CARD) != (kind == LinkKind.CARD):
        raise over
    if row.used_at is not None or link.new_card_ref is not None:
        raise LinkOver("This link was used already. Thank you! If you need another one, ask the practice.")
    if link.state not in LIVE:
        raise LinkOver("This link is closed. If you think something is open, ask the practice.")
    if good_until(row, link) <= clock.now():
        raise LinkOver("This link has expired. Please ask the practice for a new one.")
    return row, link
