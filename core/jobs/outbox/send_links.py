"""How invoices, payment links and new cards go out to Fortis, and what comes of them (DESIGN §2.6).

Making carries our key and is looked up by it. Closing, moving and removing may be asked again without harm, and are
looked up by what they leave behind. What can neither be keyed nor looked up stays unknown for a person to see.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from sqlmodel import Session, select

from core import errors
from core.cards.models import Card
from core.charges.commands import pay_what_failed
from core.connections.models import Kind
from core.integrations.fortis.asked_records import Paylink, QuickInvoice, Resent
from core.integrations.fortis.records import Contact, Token
from core.integrations.fortis.till import FortisTill
from core.integrations.fortis.writes import KeyTaken
from core.jobs.records.contacts import keep_contact
from core.jobs.records.references import refer_cards
from core.links import outcomes
from core.links.card_links import card_kept
from core.links.models import Link
from core.links.rules import LIVE, LinkState
from core.outbox.commands import payload_of, result_of
from core.outbox.models import OutboxKind, OutboxRow, OutboxState
from core.outbox.sender import (
    Cancel,
    Later,
    Outcome,
    Outgoing,
    Postpone,
    Sender,
    Settled,
    Unknown,
    outcome_of,
)
from core.patients.models import Patient
from core.store.upsert import upsert

_Made = TypeVar("_Made")
_Do = Callable[[FortisTill, Mapping[str, Any], str], Mapping[str, Any] | None]
NO_ADDRESS = "Fortis has no e-mail or phone of this patient to send it to."
NO_OWNER_YET = "The payer could not be written down at the processor yet."
BY_LINK = "their own link"
NOT_THERE = "It is not there; it is made again under the same key."
CANNOT_TELL = "The processor cannot say whether it sent this. Ask the patient before you send it again."


def _sending(do: _Do) -> Callable[[FortisTill, Outgoing], Outcome]:
    """A sender's `send` out of a verb: errors of the wire become outcomes."""

    def send(client: FortisTill, row: Outgoing) -> Outcome:
        try:
            return Settled(dict(do(client, row.payload, row.key) or {}))
        except errors.HuddleError as error:
            return outcome_of(error)

    return send


def _finding(find: _Do) -> Callable[[FortisTill, Outgoing], Outcome]:
    """A sender's `look_up` out of a search: found = settled, None = it surely did not happen."""

    def look_up(client: FortisTill, row: Outgoing) -> Outcome:
        try:
            found = find(client, row.payload, row.key)
        except errors.TransportError as error:
            return Unknown(f"It may have been done, and asking did not work: {error.sentence}")
        return Later(NOT_THERE, 0.0) if found is None else Settled(dict(found))

    return look_up


# Making.


def _make_invoice(client: FortisTill, asked: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    contact_id, contact = _owner(client, asked)
    made = _once(
        lambda: client.quick_invoice_by_key(key),
        client.create_quick_invoice,
        key=key,
        title=asked["title"],
        due_on=date.fromisoformat(asked["due_on"]),
        items=[(name, cents) for name, cents in asked["items"]],
        contact_id=contact_id,
        product_id=asked["product_ref"],
        number=asked["number"],
        note=asked["note"],
        expires_on=date.fromisoformat(asked["expires_on"]),
        email=asked["email"],
        cell_phone=asked["cell_phone"],
    )
    return _made(made if made.payment_url else client.quick_invoice(made.id)) | contact


def _find_invoice(client: FortisTill, asked: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    found = client.quick_invoice_by_key(key)
    return _made(found) if found else None


def _make_paylink(client: FortisTill, asked: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    contact_id, contact = _owner(client, asked)
    made = _once(
        lambda: client.paylink_by_key(key),
        client.create_paylink,
        key=key,
        amount_cents=asked["amount_cents"],
        contact_id=contact_id,
        description=asked["what"],
        product_id=asked["product_ref"],
        store_token=asked["keep_card"],
        expires_on=date.fromisoformat(asked["expires_on"]),
        email=asked["email"],
        cell_phone=asked["cell_phone"],
    )
    return _made(made if made.payment_url else client.paylink(made.id)) | contact


def _find_paylink(client: FortisTill, asked: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    found = client.paylink_by_key(key)
    return _made(found) if found else None


def _once(find: Callable[[], _Made | None], make: Callable[..., _Made], **how: Any) -> _Made:
    """Make it, unless a first try that seemed lost did arrive: then that one. Raises OutcomeUnknown while Fortis has
    it and does not list it yet (up to half an hour for invoices)."""
    try:
        return make(**how)
    except KeyTaken as error:
        found = find()
        if found is None:
            raise errors.OutcomeUnknown(
                "Fortis has it already, but its list does not show it yet."
            ) from error
        return found


def _owner(client: FortisTill, asked: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Whose it is at the processor, and their record where it was made just now: by the EHR's id, so that asking again
    finds the first. Raises NotNow while nobody can say whether it was made; nothing else was touched then."""
    facts = asked.get("contact")
    if asked["contact_ref"] or not facts:
        return asked["contact_ref"], {}
    try:
        made = client.contact_for(facts)
    except errors.OutcomeUnknown as error:
        raise errors.NotNow(NO_OWNER_YET, retry_after=3.0) from error
    return made.id, {"contact": made.model_dump(mode="json"), "patient_id": facts["patient_id"]}


def _made(asked: QuickInvoice | Paylink) -> dict[str, Any]:
    return {"external_id": asked.id, "url": asked.payment_url}


def _make_wanted(
    session: Session, rows: Sequence[OutboxRow], now: datetime
) -> Mapping[str, Cancel | Postpone]:
    """A link that was voided or replaced before it was made need not be made; while the void can be undone, wait."""
    verdicts: dict[str, Cancel | Postpone] = {}
    for row in rows:
        link = session.exec(select(Link).where(Link.key == row.id)).first()
        if link is None or link.state in LIVE or link.state == LinkState.REFUSED:
            continue
        if link.state == LinkState.VOID and link.undo_until is not None and link.undo_until > now:
            verdicts[row.id] = Postpone(link.undo_until, "It was voided; this can be undone for a moment.")
        else:
            verdicts[row.id] = Cancel("It was taken back before it was made.")
    return verdicts


# Ending, reopening, detaching: asking again changes nothing.


def _close_invoice(client: FortisTill, asked: Mapping[str, Any], _key: str) -> None:
    try:
        client.close_quick_invoice(asked["external_id"])
    except errors.Refused:
        if _is_closed(client, asked, "") is None:
            raise


def _is_closed(client: FortisTill, asked: Mapping[str, Any], _key: str) -> Mapping[str, Any] | None:
    return {} if client.quick_invoice(asked["external_id"]).closed else None


def _reopen_invoice(client: FortisTill, asked: Mapping[str, Any], _key: str) -> None:
    client.reopen_quick_invoice(asked["external_id"])


def _is_open(client: FortisTill, asked: Mapping[str, Any], _key: str) -> Mapping[str, Any] | None:
    return None if client.quick_invoice(asked["external_id"]).closed else {}


def _drop_paylink(client: FortisTill, asked: Mapping[str, Any], _key: str) -> None:
    client.delete_paylink(asked["external_id"])


def _is_dropped(client: FortisTill, asked: Mapping[str, Any], _key: str) -> Mapping[str, Any] | None:
    return {} if not list(client.paylinks([asked["external_id"]])) else None


def _detach(client: FortisTill, asked: Mapping[str, Any], _key: str) -> None:
    if asked["payment_ref"] in (client.quick_invoice(asked["external_id"]).paid_by() or ()):
        client.detach_transaction(asked["external_id"], asked["payment_ref"])
    if client.quick_invoice(asked["external_id"]).closed:
        client.reopen_quick_invoice(asked["external_id"])  # its payment had closed it


def _is_detached(client: FortisTill, asked: Mapping[str, Any], _key: str) -> Mapping[str, Any] | None:
    found = client.quick_invoice(asked["external_id"])
    still = found.paid_by()
    return None if still is None or asked["payment_ref"] in still or found.closed else {}


def _resend_invoice(client: FortisTill, asked: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
    return _resent(client.resend_quick_invoice(asked["external_id"]))


def _resend_paylink(client: FortisTill, asked: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
    ways = {"email": bool(asked["email"]), "text": bool(asked["cell_phone"])}
    if not any(ways.values()):
        raise errors.Refused(NO_ADDRESS)
    return _resent(client.resend_paylink(asked["external_id"], **ways))


def _resent(answer: Resent) -> Mapping[str, Any]:
    if not answer.success and not answer.sms_success:
        raise errors.Refused(NO_ADDRESS)
    return {"success": answer.success, "sms_success": answer.sms_success}


# Cards.


def _keep_card(client: FortisTill, asked: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    contact_id, contact = _owner(client, asked)
    return (
        _kept(client.token_from_ticket(key=key, ticket=asked["ticket"], contact_id=contact_id or ""))
        | contact
    )


def _find_card(client: FortisTill, asked: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    found = client.token_by_key(key)
    return _kept(found) if found else None


def _kept(card: Token) -> dict[str, Any]:
    if not card.active:
        raise errors.Refused("The card was not accepted. Ask for another one.")
    return {"card": card.model_dump(mode="json")}


def _card_kept(session: Session, link: Link, asked: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The new card is here at once, not at the next sync."""
    card = Token.model_validate(result["card"])
    _keep_owner(session, link, result)
    link.contact_ref = link.contact_ref or card.contact_id
    row = card.row()
    upsert(
        session, Card, link.connection_id or 0, [{**row, "contact_ref": card.contact_id or link.contact_ref}]
    )
    refer_cards(session, link.connection_id or 0)
    card_kept(session, link, card.id, brand=row["brand"] or "", last_four=row["last_four"] or "")
    if asked.get("pay"):
        pay_what_failed(session, link, card.id, asked["pay"])


def _keep_owner(session: Session, link: Link, result: Mapping[str, Any]) -> None:
    """Who became known at the processor by this link is known here as well, and the link is theirs."""
    if "contact" not in result:
        return
    contact = Contact.model_validate(result["contact"])
    keep_contact(
        session, link.connection_id or 0, contact, session.get(Patient, result["patient_id"]), by=BY_LINK
    )
    link.contact_ref = contact.id
    session.add(link)


def _retire_card(client: FortisTill, asked: Mapping[str, Any], _key: str) -> None:
    client.delete_token(asked["card_ref"])


def _is_retired(client: FortisTill, asked: Mapping[str, Any], _key: str) -> Mapping[str, Any] | None:
    return {} if client.token(asked["card_ref"]) is None else None


def _point_draft(client: FortisTill, asked: Mapping[str, Any], _key: str) -> None:
    client.point_recurring(asked["draft_ref"], asked["card_ref"])


def _is_pointed(client: FortisTill, asked: Mapping[str, Any], _key: str) -> Mapping[str, Any] | None:
    return {} if client.recurring(asked["draft_ref"]).row()["card_ref"] == asked["card_ref"] else None


# What came of it, written into the link in the same transaction.


def _carrying(
    done: Callable[[Session, Link, Mapping[str, Any], Mapping[str, Any]], None],
) -> Callable[[Session, Sequence[OutboxRow]], None]:
    """A sender's `carry_over` for all but making: only what is done, or will never be, says something about the link."""

    def carry_over(session: Session, rows: Sequence[OutboxRow]) -> None:
        for row in rows:
            link = outcomes.link_of(session, row)
            if link is None:
                continue
            if row.state == OutboxState.SETTLED:
                done(session, link, payload_of(row), result_of(row))
            elif row.state == OutboxState.REFUSED:
                outcomes.refused(session, link, row)

    return carry_over


def _carry_making(session: Session, rows: Sequence[OutboxRow]) -> None:
    for row in rows:
        link = outcomes.link_of(session, row)
        if link is not None:
            if row.state == OutboxState.SETTLED:
                _keep_owner(session, link, result_of(row))
            outcomes.making(session, link, row)


def _sender(
    send: _Do,
    look_up: _Do | None,
    done: Callable[[Session, Link, Mapping[str, Any], Mapping[str, Any]], None],
) -> Sender:
    asking = (lambda _client, _row: Unknown(CANNOT_TELL)) if look_up is None else _finding(look_up)
    return Sender(Kind.FORTIS, _sending(send), _carrying(done), asking, at_a_time=1)


def _making(send: _Do, look_up: _Do) -> Sender:
    return Sender(
        Kind.FORTIS, _sending(send), _carry_making, _finding(look_up), still_wanted=_make_wanted, at_a_time=1
    )


LINK_SENDERS: dict[str, Sender] = {
    OutboxKind.INVOICE_MAKE: _making(_make_invoice, _find_invoice),
    OutboxKind.PAYLINK_MAKE: _making(_make_paylink, _find_paylink),
    OutboxKind.INVOICE_CLOSE: _sender(_close_invoice, _is_closed, outcomes.nothing_to_say),
    OutboxKind.INVOICE_REOPEN: _sender(_reopen_invoice, _is_open, outcomes.reopened),
    OutboxKind.INVOICE_DETACH: _sender(_detach, _is_detached, outcomes.detached),
    OutboxKind.INVOICE_RESEND: _sender(_resend_invoice, None, outcomes.sent_by_processor),
    OutboxKind.PAYLINK_DROP: _sender(_drop_paylink, _is_dropped, outcomes.nothing_to_say),
    OutboxKind.PAYLINK_RESEND: _sender(_resend_paylink, None, outcomes.sent_by_processor),
    OutboxKind.CARD_KEEP: _sender(_keep_card, _find_card, _card_kept),
    OutboxKind.DRAFT_POINT: _sender(_point_draft, _is_pointed, outcomes.draft_moved),
    OutboxKind.CARD_RETIRE: _sender(_retire_card, _is_retired, outcomes.card_retired),
}
