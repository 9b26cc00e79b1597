"""What the next days bring in, by plan, membership and draft, and what of it will probably fail (pages plans, overview).

Everybody's coming drafts are read at once; core/dues/drafts.py says which run, core/forecast/rules.py what fails.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import and_, bindparam, func, select
from sqlmodel import Session

from core import clock
from core.bulk import making_many
from core.cards.models import Card
from core.cards.rules import CardFacts
from core.dues.drafts import MembershipDrafts, PlanInstalments, upcoming_drafts
from core.findings import queries
from core.findings.setting import setting_of
from core.forecast.coming_plans import ComingPlan, coming_plans
from core.forecast.rules import Incoming, IncomingRow, Verdict, Wallet, judge_draft, window
from core.memberships.models import Membership, MembershipPlan
from core.patients.person import Person
from core.payments.facts import Draft, RecurringFacts
from core.payments.models import Payment, PaymentStatus, Recurring
from core.plans.records import AT_ONCE, rows_of
from core.practice.models import Location
from core.practice.reports import first_of, locations
from core.store.base import table_of
from core.store.statements import IDS, refs_of
from core.store.types import UtcInstant

NOT_LINKED = "Not linked to a patient"
_DECLINED_DAYS = 60  # a decline of longer ago says nothing about the next draft

_recurring, _membership, _kind, _payment, _card = (
    table_of(Recurring),
    table_of(Membership),
    table_of(MembershipPlan),
    table_of(Payment),
    table_of(Card),
)
_RECURRINGS = select(
    _recurring.c.patient_id,
    _recurring.c.card_ref,
    *(_recurring.c[name] for name in RecurringFacts._fields if name != "card_id"),
).where(_recurring.c.gone_at.is_(None))
_MEMBERS = (
    select(
        _membership.c.patient_id,
        _membership.c.card_ref,
        _membership.c.id,
        _membership.c.external_id,
        _kind.c.price_cents,
        _membership.c.next_draft_on,
        _membership.c.status,
        _membership.c.end_date,
        _membership.c.frozen_from,
        _membership.c.frozen_to,
        _membership.c.anchor_day,
    )
    .join_from(_membership, _kind, _membership.c.membership_plan_id == _kind.c.id)
    .where(_membership.c.gone_at.is_(None))
)
_CARDS_BY_REF = select(*(_card.c[name] for name in CardFacts._fields)).where(
    _card.c.external_id.in_(refs_of("ids")), _card.c.gone_at.is_(None)
)
_since = bindparam("since", type_=UtcInstant)
_DECLINED = select(
    _payment.c.plan_id,
    _payment.c.membership_id,
    _payment.c.recurring_ref,
    _payment.c.patient_id,
    _payment.c.happened_at,
).where(
    _payment.c.status == PaymentStatus.DECLINED.value,
    _payment.c.happened_at >= _since,
    _payment.c.happened_at <= bindparam("until", type_=UtcInstant),
    _payment.c.gone_at.is_(None),
)
_went_well = and_(
    _payment.c.status.in_([PaymentStatus.APPROVED.value, PaymentStatus.PENDING.value]),
    _payment.c.refund_ref.is_(None),
    _payment.c.happened_at >= _since,
    _payment.c.happened_at <= bindparam("until", type_=UtcInstant),
    _payment.c.gone_at.is_(None),
)


def _last_paid(by: Any, owner: Any) -> Any:
    return (
        select(by, func.max(_payment.c.happened_at, type_=UtcInstant))
        .where(owner.in_(IDS), by.is_not(None), _went_well)
        .group_by(by)
    )


_PAID_PLANS = _last_paid(_payment.c.plan_id, _payment.c.plan_id)
_PAID_MEMBERS = _last_paid(_payment.c.membership_id, _payment.c.membership_id)
_PAID_DRAFTS = _last_paid(_payment.c.recurring_ref, _payment.c.patient_id)


@dataclass(slots=True)
class _Payer:
    """Everything that draws on one person's money."""

    recurrings: list[RecurringFacts] = field(default_factory=list)
    plans: list[PlanInstalments] = field(default_factory=list)
    members: list[MembershipDrafts] = field(default_factory=list)


def incoming(session: Session, location_id: int | None, as_of: datetime, days: int = 30) -> Incoming:
    """What the next `days` days (today included) bring in at `as_of` (aware UTC), soonest first, in cents.

    location_id: of who pays; None = all. Instalments that nothing drafts are there too, to be paid by hand.
    Raises NotFound for a location that is not there.
    """
    places = locations(session, location_id)
    with making_many():
        found = list(_everywhere(session, places, as_of, days))
    found.sort(key=lambda row: (row.on, -row.cents, row.patient, row.source_id))
    first, last = window(clock.local_date(as_of, places[0].time_zone if places else "UTC"), days)
    return Incoming(first, last, tuple(found))


def _everywhere(
    session: Session, places: Sequence[Location], as_of: datetime, days: int
) -> Iterator[IncomingRow]:
    for zone, group in groupby(
        sorted(places, key=lambda place: place.time_zone), lambda place: place.time_zone
    ):
        mine = list(group)
        here: set[int | None] = {place.id for place in mine}
        if first_of(session) in here:
            here.add(None)  # patients of no location stand with the first one, as on every page
        yield from _in_zone(session, mine[0], here, zone, as_of, days)


def _in_zone(
    session: Session, place: Location, here: set[int | None], zone: str, as_of: datetime, days: int
) -> Iterator[IncomingRow]:
    setting = setting_of(session, place, as_of)
    today, last = window(setting.today, days)
    plans = coming_plans(
        session, today=today, last=last, until=clock.day_bounds(today, zone)[1], time_zone=zone
    )
    recurrings = session.connection().execute(_RECURRINGS).all()
    members = session.connection().execute(_MEMBERS).all()
    everybody = {row[0] for row in (*recurrings, *members)} | {plan.payer_id for plan in plans.values()}
    people = _people(session, everybody, here)
    wallets, by_id, by_ref = _wallets(session, people, setting.cards_known, linked=not setting.processors)
    _add_cards_by_ref(session, {row[1] for row in recurrings} - {None}, by_id, by_ref)
    payers = _payers(recurrings, members, plans, by_ref)
    names = {("plan", key): plan.drafts.external_id for key, plan in plans.items()}
    names |= {("membership", row[2]): row[3] for row in members}
    declined = _declined(session, as_of, zone, names)
    nobody = Wallet((), (), not setting.processors, setting.cards_known)
    for key, payer in payers.items():
        person = people.get(key) if key is not None else None
        if person is None and (key is not None or None not in here):
            continue
        drafts = upcoming_drafts(payer.recurrings, payer.plans, payer.members, today, days - 1)
        wallet = wallets.get(key or 0, nobody)
        for draft in drafts:
            failed = declined.get((draft.kind, draft.source_id))
            yield _row(draft, judge_draft(draft, wallet, by_id, failed, today), person)
        for draft in _by_hand(payer, today, last):
            yield _row(draft, Verdict(None, "paid by hand"), person, by_hand=True)


def _row(draft: Draft, verdict: Verdict, person: Person | None, *, by_hand: bool = False) -> IncomingRow:
    return IncomingRow(
        on=draft.on,
        cents=draft.cents,
        kind=draft.kind,
        source_id=draft.source_id,
        by_hand=by_hand,
        risk=verdict.risk,
        why=verdict.why,
        key=person.id if person else 0,
        patient_id=person.external_id if person else "",
        patient=person.name if person else NOT_LINKED,
    )


def _by_hand(payer: _Payer, today: date, last: date) -> Iterator[Draft]:
    """Instalments of plans that nothing charges: no card named, no draft that runs."""
    run = {one.plan_id for one in payer.recurrings if one.status == "active" and one.next_run_on is not None}
    held = {one.plan_id for one in payer.recurrings} - run
    for plan in payer.plans:
        if plan.stopped or plan.plan_id in run or (plan.drafted and plan.plan_id not in held):
            continue
        for due, cents in plan.open:
            if today <= due <= last:
                yield Draft(due, cents, None, "plan", plan.external_id)


def _people(session: Session, ids: Iterable[int | None], here: set[int | None]) -> dict[int, Person]:
    wanted = sorted(key for key in ids if key is not None)
    rows = _chunked(session, queries.PERSONS, wanted)
    return {row[0]: person for row in rows if (person := Person._make(row)).location_id in here}


def _chunked(session: Session, query: Any, ids: Sequence[Any], **given: Any) -> Iterator[Any]:
    for start in range(0, len(ids), AT_ONCE):
        yield from rows_of(session, query, ids=list(ids[start : start + AT_ONCE]), **given)


def _wallets(
    session: Session, people: Mapping[int, Person], known: bool, *, linked: bool
) -> tuple[dict[int, Wallet], dict[int, CardFacts], dict[str, int]]:
    """Each person's cards and their guarantor's; every card by store id; store ids by external id."""
    guarantors = {person.guarantor_id for person in people.values()} - {None}
    cards: dict[int, list[CardFacts]] = {}
    by_id: dict[int, CardFacts] = {}
    by_ref: dict[str, int] = {}
    for owner, *row in _chunked(session, queries.CARDS, sorted({*people, *guarantors})):  # type: ignore[type-var]  # None is taken out
        card = CardFacts._make(row)
        by_id[card.id], by_ref[card.external_id] = card, card.id
        cards.setdefault(owner, []).append(card)
    joined = set(cards)
    if not linked:
        without = sorted(key for key in people if key not in joined)
        joined |= {row[0] for row in _chunked(session, queries.LINKED, without)}
    wallets = {
        key: Wallet(
            cards.get(key, []), cards.get(person.guarantor_id or 0, []), linked or key in joined, known
        )
        for key, person in people.items()
    }
    return wallets, by_id, by_ref


def _add_cards_by_ref(
    session: Session, refs: set[str], by_id: dict[int, CardFacts], by_ref: dict[str, int]
) -> None:
    """Cards that drafts name and that belong to somebody else, or to nobody yet."""
    for row in _chunked(session, _CARDS_BY_REF, sorted(refs - by_ref.keys())):
        card = CardFacts._make(row)
        by_id[card.id], by_ref[card.external_id] = card, card.id


def _payers(
    recurrings: Sequence[Any],
    members: Sequence[Any],
    plans: Mapping[int, ComingPlan],
    by_ref: Mapping[str, int],
) -> dict[int | None, _Payer]:
    """Who pays what. A draft for a plan or membership stands with that one's payer, so nothing is counted twice."""
    found: dict[int | None, _Payer] = {}

    def of(key: int | None) -> _Payer:
        return found.setdefault(key, _Payer())

    for plan in plans.values():
        drafts = plan.drafts
        if plan.card_ref is not None:
            drafts = drafts._replace(card_id=by_ref.get(plan.card_ref))
        of(plan.payer_id).plans.append(drafts)
    member_of: dict[int, int] = {}
    for patient_id, card_ref, key, external_id, price, next_draft_on, *rest in members:
        member_of[key] = patient_id
        card_id = by_ref.get(card_ref) if card_ref else None
        of(patient_id).members.append(
            MembershipDrafts(key, external_id, price, next_draft_on, card_id, *rest)
        )
    for patient_id, card_ref, key, external_id, *rest in recurrings:
        one = RecurringFacts(key, external_id, by_ref.get(card_ref) if card_ref else None, *rest)
        payer = patient_id
        if (plan := plans.get(one.plan_id or 0)) is not None:
            payer = plan.payer_id
        elif one.membership_id is not None:
            payer = member_of.get(one.membership_id, patient_id)
        of(payer).recurrings.append(one)
    return found


def _declined(
    session: Session, as_of: datetime, zone: str, names: Mapping[tuple[str, int], str]
) -> dict[tuple[str, str], date]:
    """What was declined lately and not paid since: (kind, external id) → local day of the last decline."""
    span = {"since": as_of - timedelta(days=_DECLINED_DAYS), "until": as_of}
    last: dict[tuple[str, Any], datetime] = {}
    owners: set[int] = set()
    for plan_id, membership_id, recurring_ref, patient_id, at in rows_of(session, _DECLINED, **span):
        for kind, key in (("plan", plan_id), ("membership", membership_id), ("recurring", recurring_ref)):
            if key is not None:
                last[kind, key] = max(at, last.get((kind, key), at))
        if recurring_ref is not None and patient_id is not None:
            owners.add(patient_id)
    for kind, query, ids in (
        ("plan", _PAID_PLANS, [key for kind, key in last if kind == "plan"]),
        ("membership", _PAID_MEMBERS, [key for kind, key in last if kind == "membership"]),
        ("recurring", _PAID_DRAFTS, sorted(owners)),
    ):
        for key, at in _chunked(session, query, ids, **span):
            if (kind, key) in last and at > last[kind, key]:
                del last[kind, key]
    return {
        (kind, key if kind == "recurring" else names[kind, key]): clock.local_date(at, zone)
        for (kind, key), at in last.items()
        if kind == "recurring" or (kind, key) in names
    }
