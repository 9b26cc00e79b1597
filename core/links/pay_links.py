"""A payment link for what is missing: one due item, or all that a plan is behind (DOMAIN §3, §4)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from core import clock
from core.dues.askable import LeftOut, Why
from core.dues.missing import MissingPayment
from core.errors import BadInput
from core.findings.owed import Owed, owed
from core.links.history import follow
from core.links.models import Link
from core.links.new_link import made_by_form, make_link, require_no_open
from core.links.outgoing import put_out
from core.links.payer import account_of
from core.links.rules import PAY_LINK_DAYS, LinkKind
from core.money import short_dollars
from core.outbox.models import OutboxKind
from core.patients.reports import patient_of
from core.permissions import Identity, Permission, require
from core.plans.models import Instalment
from core.staff.reports import practice_name

PAID_AT_THE_DESK = "What it asks for is paid by now."
DISPUTED_PLAN = "A payment of this plan is disputed at the bank. Nobody may ask for it until that is settled."


class Missing(NamedTuple):
    """Something a payment link can ask for. kind, ref: as the missing payment names itself, or ("plan", plan id) for
    all that a plan is behind. cents: what of it may be asked for now; where that is nothing, all that is open, and hold
    says why. left_out: what of it must not be asked for now, and why (core/dues/askable.py). disputed: the hold lasts
    until a person settles it."""

    kind: str
    ref: str
    cents: int
    due_on: date | None
    sentence: str
    hold: str
    plan_id: int | None = None
    instalment_id: int | None = None
    membership_id: int | None = None
    disputed: bool = False
    left_out: tuple[LeftOut, ...] = ()


def missing_of(
    session: Session,
    actor: Identity | None,
    patient_id: int,
    as_of: datetime,
    *,
    besides: int | None = None,
) -> list[Missing]:
    """Everything a payment link could ask this patient for, oldest first; plans that are behind last.

    besides: a link (store id) that does not count as asking already: the one it is about. Raises NotFound. as_of: aware UTC.
    """
    patient = patient_of(session, actor, patient_id)
    return _missing(session, owed(session, patient, as_of, besides=besides))


def create_pay_link(
    session: Session,
    actor: Identity,
    *,
    patient_id: int,
    due: tuple[str, str],
    form: str,
    cents: int | None = None,
    advance: bool = False,
    second: bool = False,
    as_of: datetime | None = None,
) -> Link:
    """A link on which the patient pays one missing thing; the same form again gives the same link.

    due: kind and ref of one of `missing_of`. cents None = all of it; more only as an advance. Where the payer is known
    at the processor, the card used goes on the plan or membership afterwards. Raises BadInput with a sentence (disputed,
    on its way, $0, more than is open), OpenLinkExists, NotFound, NotAllowed.
    """
    require(actor.role, Permission.COLLECT)
    patient = patient_of(session, actor, patient_id, alone=True)
    if (already := made_by_form(session, actor, patient, LinkKind.PAY, form)) is not None:
        return already
    require_no_open(session, patient, LinkKind.INVOICE, LinkKind.PAY, second=second)
    instant = as_of or clock.now()
    found = owed(session, patient, instant)
    one = next((each for each in _missing(session, found) if (each.kind, each.ref) == due), None)
    if one is None:
        raise BadInput("This is paid by now, or not due yet. Look at the patient card again.")
    if one.hold:
        raise BadInput(one.hold)
    amount = _amount(one, cents, advance=advance)
    account = account_of(session, patient, plan_id=one.plan_id, membership_id=one.membership_id)
    lasts_until = clock.day_bounds(found.today + timedelta(days=PAY_LINK_DAYS), found.time_zone)[1]
    link, new = make_link(
        session, actor, patient, account,
        kind=LinkKind.PAY, form=form, amount_cents=amount, expires_at=lasts_until,
        what=f"Payment to {practice_name(session)}"[:64], due_kind=one.kind, due_ref=one.ref,
        plan_id=one.plan_id, instalment_id=one.instalment_id, membership_id=one.membership_id,
        keep_card=bool((account.contact_ref or account.contact) and (one.plan_id or one.membership_id)),
    )  # fmt: skip
    if new:
        put_out(
            session,
            actor,
            link,
            OutboxKind.PAYLINK_MAKE,
            key=link.key,
            amount_cents=amount,
            what=link.what,
            keep_card=link.keep_card,
            expires_on=(found.today + timedelta(days=PAY_LINK_DAYS)).isoformat(),
            **account.payload(),
        )
        follow(session, link)
    return link


class NoLonger(NamedTuple):
    """Why a link must not be sent or reminded of any more. for_now: it may be again, by itself."""

    sentence: str
    for_now: bool


def no_longer_asked(session: Session, link: Link, as_of: datetime) -> NoLonger | None:
    """Asked as a payment link goes out or is reminded of: None while all it asks for may be asked for still."""
    rows = missing_of(session, None, link.patient_id, as_of, besides=link.id)
    one = next((each for each in rows if (each.kind, each.ref) == (link.due_kind, link.due_ref)), None)
    if one is None:
        return NoLonger(PAID_AT_THE_DESK, for_now=False)
    if one.hold:
        return NoLonger(one.hold, for_now=not one.disputed)
    wanted = link.amount_cents - link.paid_cents - link.pending_cents
    if one.cents < wanted and one.left_out:
        return NoLonger(one.left_out[0].sentence, for_now=True)
    return None


def _amount(one: Missing, cents: int | None, *, advance: bool) -> int:
    amount = one.cents if cents is None else cents
    if amount <= 0:
        raise BadInput("A link for $0 or less cannot be made. Leave the amount empty for all of it.")
    if amount > one.cents and not advance:
        raise BadInput(
            f"{short_dollars(amount)} is more than the {short_dollars(one.cents)} that is open. "
            "Lower it, or mark it as an advance."
        )
    return amount


def _missing(session: Session, found: Owed) -> list[Missing]:
    rows = [_of_item(session, found, each) for each in found.judged.missing]
    for judged in found.judged.plans:
        finding = judged.finding
        if judged.family or finding.arrears_cents <= 0:
            continue
        plan = judged.record.plan
        asks = [one for one in found.judged.asking.of_contract(("plan", plan.external_id)) if one.item.due_on < found.today]  # fmt: skip
        left_out = tuple(out for one in asks for out in one.left_out)
        cents = sum(one.cents for one in asks)
        disputed = not cents and any(out.why is Why.DISPUTED for out in left_out)
        rows.append(
            Missing(
                "plan",
                plan.external_id,
                cents or finding.arrears_cents,
                None,
                finding.reason,
                "" if cents else DISPUTED_PLAN if disputed else _why(left_out),
                plan_id=plan.id,
                disputed=disputed,
                left_out=left_out,
            )
        )
    return rows


def _why(left_out: Sequence[LeftOut]) -> str:
    return next((one.sentence for one in left_out), "")


def _of_item(session: Session, found: Owed, item: MissingPayment) -> Missing:
    ask = found.judged.asking.of((item.kind, item.id))
    left_out = ask.left_out if ask else ()
    one = Missing(
        item.kind,
        item.id,
        item.ask_cents or item.open_cents,
        item.due_on,
        item.sentence,
        "" if item.ask_cents else _why(left_out),
        disputed=item.reminders_stopped,
        left_out=left_out,
    )
    if item.kind == "instalment":
        plans = [judged.record.plan.id for judged in found.judged.plans]
        row = session.exec(
            select(Instalment).where(Instalment.external_id == item.id, col(Instalment.plan_id).in_(plans))
        ).first()
        return one._replace(plan_id=row.plan_id, instalment_id=row.id) if row else one
    if item.kind == "membership":
        reference = item.id.rpartition(":")[0]
        ids = [r.membership.id for r, _ in found.judged.memberships if r.membership.external_id == reference]
        return one._replace(membership_id=ids[0]) if ids else one
    return one
