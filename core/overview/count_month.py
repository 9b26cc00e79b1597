"""One month of one location, counted patient by patient from the practice's own rows.

The charts' days are sums of these notes, and the patients behind a point are the same notes not yet summed up.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlmodel import Session

from core import clock
from core.dates import ONE_DAY, month_on
from core.overview.arrears import arrears_by_day
from core.overview.due_by_day import charges_due, drafts_due, instalments_due
from core.overview.member_reads import members_of
from core.overview.membership_use import use_by_day
from core.overview.month_reads import (
    CountedLocation,
    Money,
    chunks,
    money_of,
    money_of_nobody,
    patients_of,
    plans_paid_by,
    visitors_of,
)
from core.overview.receipts import Method, Part, Receipt, receipts
from core.overview.service import due_at, served
from core.plans.records import plan_records

AGES = ("arrears_1_30_cents", "arrears_31_60_cents", "arrears_61_90_cents", "arrears_over_90_cents")


class Topic(StrEnum):
    """What may be counted by itself, for the patients behind one chart's point."""

    MONEY = "money"
    PLANS = "plans"
    MEMBERS = "members"


class Note(NamedTuple):
    """So many cents or visits of one patient on one local day. column: of RollUpDay; "money" with method and part.

    part: for money what it was for, else the name of the plan or membership.
    """

    patient_id: int | None
    day: date
    column: str
    amount: int
    method: str = ""
    part: str = ""


class Month(NamedTuple):
    """A location's month up to today. as_of: aware UTC, the same for the whole counting."""

    place: CountedLocation
    first: date
    last: date
    as_of: datetime


def month_of(place: CountedLocation, day: date, as_of: datetime) -> Month:
    """The month that holds a local day; it ends today at the latest."""
    first = day.replace(day=1)
    today = clock.local_date(as_of, place.time_zone)
    return Month(place, first, min(month_on(first, 1) - ONE_DAY, today), as_of)


def notes(
    session: Session,
    month: Month,
    *,
    topics: Collection[Topic] = tuple(Topic),
    only: Collection[int | None] | None = None,
) -> Iterator[Note]:
    """Everything to be counted of a month. only: these patients (store ids; None: money that is nobody's)."""
    place = month.place
    here = patients_of(session, place)
    if only is not None:
        here = [key for key in here if key in only]
    if Topic.MONEY in topics:
        own = set(here)
        visitors = visitors_of(session, place, month.first, month.last)
        others = [key for key in visitors if key not in own and (only is None or key in only)]
        for ids in chunks([*here, *sorted(others)]):
            yield from _money(session, month, ids, own)
        if place.first and (only is None or None in only):
            yield from _nobodys_money(session, month)
    for ids in chunks(here):
        if Topic.PLANS in topics:
            yield from _plans(session, month, ids)
        if Topic.MEMBERS in topics:
            yield from _members(session, month, ids)


def _money(session: Session, month: Month, ids: Sequence[int], own: Collection[int]) -> Iterator[Note]:
    money = money_of(session, ids, month.first, month.last, month.place.time_zone)
    for key in ids:
        if key in money.payments or key in money.entries or key in money.visits:
            yield from _money_of_one(money, month, key, belongs=key in own)


def _money_of_one(money: Money, month: Month, key: int, *, belongs: bool) -> Iterator[Note]:
    entries, visits = money.entries.get(key, []), money.visits.get(key, [])
    received = receipts(money.payments.get(key, []), money.nets, entries, money.known_orders)
    received = [one for one in received if month.first <= one.day <= month.last]
    done, parts = served(visits, due_at(visits, entries), received)
    for one in done:
        if one.visit.location_id == month.place.id:
            yield Note(key, one.visit.day, "service_due_cents", one.due_cents)
            yield Note(key, one.visit.day, "service_collected_cents", one.collected_cents)
    if not belongs:
        return  # a visitor from another location: their money is counted there
    for receipt, part, cents in parts:
        yield _received(key, receipt, part, cents)
    for day, cents in charges_due(entries, month.first, month.last):
        yield Note(key, day, "expected_visits_cents", cents)


def _received(key: int | None, receipt: Receipt, part: Part, cents: int) -> Note:
    return Note(key, receipt.day, "money", cents, receipt.method.value, part.value)


def _nobodys_money(session: Session, month: Month) -> Iterator[Note]:
    for payment, cents in money_of_nobody(session, month.first, month.last, month.place.time_zone):
        if cents:
            method = payment.method if payment.method in set(Method) else Method.OTHER.value
            yield Note(None, payment.happened_on, "money", cents, method or "", Part.UNLINKED.value)


def _plans(session: Session, month: Month, ids: Sequence[int]) -> Iterator[Note]:
    plan_ids = plans_paid_by(session, ids)
    records = plan_records(session, plan_ids, month.place.time_zone, done_visits=False)
    for record in records.values():
        plan = record.plan
        payer = plan.payer_id or plan.patient_id
        for day, cents in instalments_due(plan, record.instalments, month.first, month.last):
            yield Note(payer, day, "expected_plans_cents", cents)
        for day, aging in arrears_by_day(plan, record.instalments, record.payments, month.first, month.last):
            for column, cents in zip(AGES, aging, strict=True):
                if cents:
                    yield Note(payer, day, column, cents, part=plan.name or "plan")


def _members(session: Session, month: Month, ids: Sequence[int]) -> Iterator[Note]:
    zone = month.place.time_zone
    today = clock.local_date(month.as_of, zone)
    for one in members_of(session, ids, month.first, month.last, today, zone):
        key = one.facts.membership.patient_id
        for day, cents in drafts_due(
            one.facts.membership, one.facts.plan, one.payments, one.recurrings, month.first, month.last, today
        ):
            yield Note(key, day, "expected_memberships_cents", cents)
        for day, use in use_by_day(one.facts, month.first, month.last, month.as_of, zone):
            for column, visits in zip(use._fields, use, strict=True):
                if visits:
                    yield Note(key, day, column, visits, part=one.facts.plan.name)


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from `first` through `last`."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
