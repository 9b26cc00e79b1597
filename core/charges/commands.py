"""Charging a card on file, only under what the patient allowed: recorded, ended, charged once, and what came of it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.cards.models import Card
from core.charges.outcomes import charge_not_made
from core.charges.receipts import send_copy
from core.charges.rules import LONGEST_WORDING, initiation_of, why_not_under
from core.charges.standing import changed, terms_of, usable_card
from core.dues.missing import tries_are_up, tries_of
from core.errors import BadInput, HuddleError, NotFound
from core.findings.owed import owed
from core.links.models import Link
from core.links.pay_links import Missing, missing_of
from core.links.payer import account_of
from core.links.under_way import under_way_for
from core.messages.models import Channel
from core.money import short_dollars
from core.outbox import commands as outbox
from core.outbox.models import OutboxKind
from core.patients.models import Patient
from core.patients.reports import patient_of, place_of
from core.payments.card_on_file import (
    UNDER_WAY,
    CardAuthorization,
    CardCharge,
    Scope,
    Signed,
)
from core.payments.reasons import reason_of
from core.permissions import Identity, Permission, require
from core.secrets import has_card_number
from core.store.version import touch

SUBJECT = "card charge"
MOST_CENTS = 1_000_000  # of one charge: what is more is asked for by invoice
CHARGING = "The card is being charged for this already."
GONE = "This authorization is not in the store any more. Refresh the page."


def record_authorization(
    session: Session,
    actor: Identity,
    *,
    patient_id: int,
    card_ref: str,
    wording: str,
    scope: str,
    cap_cents: int,
    signed: str,
    signed_by: str,
    until: date | None = None,
    copy_by: str = "",
) -> CardAuthorization:
    """Write down that a patient allowed their card (the processor's id) to be charged, and send them a copy.

    wording: what they read and agreed to; cap_cents: the most of one charge; signed_by: whose word it is. The same again
    within a moment is the same press. Raises BadInput with what is missing, NotFound, NotAllowed.
    """
    require(actor.role, Permission.COLLECT)
    patient = patient_of(session, actor, patient_id, alone=True)
    card = usable_card(session, patient, card_ref)
    today = clock.today(place_of(session, patient).time_zone)
    words, name = " ".join(wording.split()), " ".join(signed_by.split())
    _requireterms_of(words, name, scope, cap_cents, signed, until, today)
    made = CardAuthorization(
        practice_id=actor.practice_id,
        location_id=patient.location_id,
        patient_id=patient_id,
        connection_id=card.connection_id,
        card_ref=card_ref,
        last_four=card.last_four or "",
        wording=words,
        scope=scope,
        cap_cents=cap_cents,
        signed=signed,
        signed_by=name[:80],
        signed_on=today,
        until=until,
        recorded_at=clock.now(),
        recorded_by=actor.staff_id,
    )
    if (same := _same_press(session, made)) is not None:
        return same
    session.add(made)
    session.flush()
    made.copy_sent = send_copy(session, actor, patient, made, copy_by) if copy_by else ""
    session.add(made)
    _audit(session, actor, made, "recorded a card authorization", cap_cents=cap_cents, scope=scope)
    return made


def _requireterms_of(
    words: str, name: str, scope: str, cap_cents: int, signed: str, until: date | None, today: date
) -> None:
    if not words or len(words) > LONGEST_WORDING:
        raise BadInput(f"Write what the patient agreed to, within {LONGEST_WORDING:,} letters.")
    if has_card_number(words) or has_card_number(name):
        raise BadInput("This holds a card number. Huddle never keeps one; write only its last four digits.")
    if not name:
        raise BadInput("Write whose word it is, such as “Ana Ruiz”.")
    if scope not in (Scope.MISSED, Scope.ALL_DUE) or signed not in set(Signed):
        raise BadInput("Choose what may be charged, and how the patient said yes.")
    if not 0 < cap_cents <= MOST_CENTS:
        raise BadInput(f"Say the most of one charge: above $0, up to {short_dollars(MOST_CENTS)}.")
    if until is not None and until < today:
        raise BadInput("The last day is past. Choose today or later, or leave it empty.")


def _same_press(session: Session, made: CardAuthorization) -> CardAuthorization | None:
    return session.exec(
        select(CardAuthorization).where(
            CardAuthorization.patient_id == made.patient_id,
            CardAuthorization.card_ref == made.card_ref,
            CardAuthorization.wording == made.wording,
            CardAuthorization.recorded_by == made.recorded_by,
            col(CardAuthorization.ended_at).is_(None),
            col(CardAuthorization.recorded_at) > made.recorded_at - outbox.SAME_PRESS,
        )
    ).first()


def end_authorization(session: Session, actor: Identity, *, authorization_id: int, why: str = "") -> int:
    """Nothing is charged under it any more: how many charges that waited were taken back. One that ended stays so.

    Raises NotFound, NotAllowed.
    """
    require(actor.role, Permission.COLLECT)
    found = _held(session, actor, authorization_id)
    if found.ended_at is not None:
        return 0
    found.ended_at, found.ended_by, found.ended_why = clock.now(), actor.staff_id, " ".join(why.split())[:200]
    session.add(found)
    taken = 0
    waiting = select(CardCharge).where(
        CardCharge.authorization_id == authorization_id, col(CardCharge.state).in_(UNDER_WAY)
    )
    for charge in session.exec(waiting.with_for_update()):
        row = outbox.held(session, [charge.key]).get(charge.key)
        if row is not None and outbox.cancel(session, row, "The authorization was ended."):
            charge_not_made(session, row)
            taken += 1
    _audit(session, actor, found, "ended a card authorization", taken_back=taken)
    return taken


def charge_card(
    session: Session,
    actor: Identity | None,
    *,
    authorization_id: int,
    due: tuple[str, str],
    form: str,
    cents: int | None = None,
    receipt: str = "",
    patient_asks: bool = False,
    as_of: datetime | None = None,
) -> CardCharge:
    """Charge the card of an authorization for one missing thing (kind and ref of `missing_of`); the same form again is the
    same charge. cents None = all that may be asked for. receipt: the channel of the receipt. patient_asks: the patient is
    there and asks for it now. actor None: the patient themselves, on their page.

    Raises BadInput with the reason: not allowed by the authorization, a link, retry, promise or dispute is open on the
    debt, it was tried too often, nothing is open; NotFound, NotAllowed.
    """
    if actor is not None:
        require(actor.role, Permission.COLLECT)
    if not form.strip():
        raise BadInput("This form has no mark of its own. Open it again.")
    under = _held(session, actor, authorization_id)
    patient = patient_of(session, actor, under.patient_id, alone=True)
    already = select(CardCharge).where(CardCharge.practice_id == under.practice_id, CardCharge.form == form)
    if (same := session.exec(already).first()) is not None:
        return same
    if actor is not None and (same := _pressed_before(session, actor, authorization_id, due)) is not None:
        return same
    card = usable_card(session, patient, under.card_ref)
    now = as_of or clock.now()
    one = _due(session, patient, due, now)
    amount = _amount(one, cents)
    today = clock.today(place_of(session, patient).time_zone, now)
    if why := why_not_under(terms_of(under), due=due, card_ref=card.external_id, cents=amount, today=today):
        raise BadInput(why)
    soft = _require_may_try(session, patient, one, card, now)
    charge = CardCharge(
        practice_id=under.practice_id,
        location_id=patient.location_id,
        key=outbox.new_key(),
        form=form,
        authorization_id=authorization_id,
        patient_id=patient.id or 0,
        connection_id=card.connection_id,
        card_ref=card.external_id,
        amount_cents=amount,
        what=one.sentence[:200],
        due_kind=one.kind,
        due_ref=one.ref,
        due_on=one.due_on,
        plan_id=one.plan_id,
        instalment_id=one.instalment_id,
        membership_id=one.membership_id,
        initiation=initiation_of(patient_asks=patient_asks, soft_decline_of_same_card=soft),
        receipt=receipt if receipt in set(Channel) else "",
        asked_at=clock.now(),
        asked_by=actor.staff_id if actor else None,
    )
    return _put_out(session, actor, patient, charge, card)


def _pressed_before(
    session: Session, actor: Identity, authorization_id: int, due: tuple[str, str]
) -> CardCharge | None:
    """The charge of a first press, when this is the second of a double click: the first may be over already."""
    return session.exec(
        select(CardCharge).where(
            CardCharge.authorization_id == authorization_id,
            CardCharge.due_kind == due[0],
            CardCharge.due_ref == due[1],
            CardCharge.asked_by == actor.staff_id,
            col(CardCharge.asked_at) > clock.now() - outbox.SAME_PRESS,
        )
    ).first()


def _put_out(
    session: Session, actor: Identity | None, patient: Patient, charge: CardCharge, card: Card
) -> CardCharge:
    try:
        with session.begin_nested():
            session.add(charge)
    except IntegrityError as error:  # another press was quicker
        raise BadInput(CHARGING) from error
    account = account_of(session, patient, plan_id=charge.plan_id, membership_id=charge.membership_id)
    outbox.put(
        session,
        kind=OutboxKind.CARD_CHARGE,
        payload={
            "token": charge.card_ref,
            "cents": charge.amount_cents,
            "contact_ref": card.contact_ref,
            "product_ref": account.product_ref if account.connection_id == charge.connection_id else None,
            "initiation": charge.initiation,
        },
        connection_id=charge.connection_id,
        who=actor,
        location_id=charge.location_id,
        subject_kind=SUBJECT,
        subject_id=charge.id or 0,
        key=charge.key,
    )
    changed(session, charge)
    detail = {"cents": charge.amount_cents, "authorization": charge.authorization_id, "due": charge.due_kind}
    record(
        session,
        who=actor,
        action="charged a card on file",
        subject_kind="patient",
        subject_id=charge.patient_id,
        detail=detail,
    )
    return charge


def pay_what_failed(session: Session, link: Link, card_ref: str, asked: dict[str, Any]) -> None:
    """The patient ticked “and pay what failed” on the new-card page: their new card is charged for that debt alone.

    asked: the wording they saw, cents and the debt. What stands against it by now (paid, promised, a link) is left be.
    """
    patient = session.get_one(Patient, link.patient_id)
    try:
        card = usable_card(session, patient, card_ref)
    except HuddleError:
        return  # the card is kept; it cannot be charged for this patient
    made = CardAuthorization(
        practice_id=link.practice_id,
        location_id=link.location_id,
        patient_id=link.patient_id,
        connection_id=card.connection_id,
        card_ref=card_ref,
        last_four=card.last_four or "",
        wording=asked["wording"],
        scope=Scope.ONE_DEBT,
        cap_cents=int(asked["cents"]),
        signed=Signed.SCREEN,
        signed_by=f"{patient.first_name} {patient.last_name}".strip()[:80],
        signed_on=clock.today(place_of(session, patient).time_zone),
        due_kind=asked["due"][0],
        due_ref=asked["due"][1],
        recorded_at=clock.now(),
    )
    session.add(made)
    session.flush()
    try:
        with session.begin_nested():
            charge_card(
                session, None, authorization_id=made.id or 0, due=(made.due_kind, made.due_ref),
                form=f"new card {link.id}", cents=made.cap_cents, receipt=asked.get("receipt", ""), patient_asks=True,
            )  # fmt: skip
    except HuddleError as error:
        made.ended_at, made.ended_why = clock.now(), error.sentence[:200]
        session.add(made)


def _due(session: Session, patient: Patient, due: tuple[str, str], now: datetime) -> Missing:
    if session.exec(
        select(CardCharge.id).where(
            CardCharge.patient_id == patient.id,
            CardCharge.due_kind == due[0],
            CardCharge.due_ref == due[1],
            col(CardCharge.state).in_(UNDER_WAY),
        )
    ).first():
        raise BadInput(CHARGING)
    rows = missing_of(session, None, patient.id or 0, now)
    one = next((each for each in rows if (each.kind, each.ref) == due), None)
    if one is None:
        raise BadInput("This is paid by now, or not due yet. Look at the patient card again.")
    if one.hold:
        raise BadInput(one.hold)
    return one


def _amount(one: Missing, cents: int | None) -> int:
    amount = one.cents if cents is None else cents
    if amount <= 0:
        raise BadInput("A charge of $0 or less cannot be made. Leave the amount empty for all of it.")
    if amount > one.cents:
        why = one.left_out[0].sentence if one.left_out else ""
        open_now = short_dollars(one.cents)
        raise BadInput(
            f"{short_dollars(amount)} is more than the {open_now} that may be charged now. {why}".strip()
        )
    return amount


def _require_may_try(session: Session, patient: Patient, one: Missing, card: Card, now: datetime) -> bool:
    """Raises BadInput while a retry is under way or the networks' tries are up; whether the last try was this card's and
    failed for a passing reason."""
    if words := under_way_for(session, patient.id or 0):
        raise BadInput(f"{words} Wait until that is done.")
    asking = owed(session, patient, now).judged.asking
    asks = [asking.of((one.kind, one.ref))] if one.kind != "plan" else asking.of_contract(("plan", one.ref))
    declined = []
    for ask in filter(None, asks):
        if tries_are_up(ask.item):
            raise BadInput(
                f"It was tried {tries_of(ask.item)} times already, and more is not allowed. Ask for another way to pay."
            )
        declined += [p for p in ask.item.attempts if p.status == "declined"]
    last = max(declined, key=lambda p: (p.happened_at, p.id), default=None)
    if last is None or last.card_ref != card.external_id:
        return False
    why = reason_of(last.reason_code)
    if why.hard:
        raise BadInput(f"The bank said no to this card for good ({why.words}). {why.advice}")
    return True


def _held(session: Session, actor: Identity | None, authorization_id: int) -> CardAuthorization:
    found = session.exec(
        select(CardAuthorization)
        .where(CardAuthorization.id == authorization_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if found is None or (actor is not None and found.practice_id != actor.practice_id):
        raise NotFound(GONE)
    if actor is not None:
        patient_of(session, actor, found.patient_id)
    return found


def _audit(
    session: Session, actor: Identity, under: CardAuthorization, action: str, **detail: object
) -> None:
    record(
        session, who=actor, action=action, subject_kind="patient", subject_id=under.patient_id,
        detail={"authorization": under.id, **detail},
    )  # fmt: skip
    touch(session)
