"""What can only be seen while it is so: cards by state, booked visits, the drafts to come. Kept for today, day by day."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Table, delete, insert, update
from sqlalchemy import select as select_columns
from sqlmodel import Session

from core import clock
from core.dates import ONE_DAY
from core.findings.gather import gather
from core.findings.judge import Judged, judge
from core.findings.setting import setting_of
from core.forecast.reports import incoming
from core.forecast.rules import Incoming, IncomingRow, Sum
from core.memberships.models import Membership
from core.overview.models import CardStanding, DraftForecast, RollUpState, SeenCards, SeenDay
from core.overview.month_reads import CountedLocation, patients_of
from core.patients.reports import active_patients
from core.plans.facts import PlanState
from core.practice.reports import locations
from core.store.base import table_of
from core.store.version import data_version

EVERY = timedelta(hours=1)
DAYS_AHEAD = 30
_OVER = (PlanState.COMPLETED, PlanState.SETTLEMENT)

_DAY, _CARDS, _STANDING, _COMING, _MEMBERSHIP = (
    table_of(SeenDay),
    table_of(SeenCards),
    table_of(CardStanding),
    table_of(DraftForecast),
    table_of(Membership),
)


class CardNow(NamedTuple):
    """A patient with something to pay by card, in a state of DOMAIN §1 or §2, and the cents that will fail in 60 days."""

    patient_id: int
    state: str
    at_risk_cents: int


class BookedNow(NamedTuple):
    """Visits that a member has booked in the period that holds today, and those beyond what it allows."""

    patient_id: int
    booked: int
    over: int


class LocationSnapshot(NamedTuple):
    """What was seen of a location at one look. members: those whose period holds today. coming: drafts day by day."""

    at: datetime
    day: date
    version: int
    cards: list[CardNow]
    members: int
    booked: int
    over: int
    coming: list[Sum]


def due_to_look(session: Session, place: CountedLocation, now: datetime) -> bool:
    """Whether the day is new, or an hour has gone by and something changed since the last look."""
    state = session.get(RollUpState, place.id)
    if state is None:
        return False
    if state.seen_at is None:
        return True
    if clock.local_date(state.seen_at, place.time_zone) != clock.local_date(now, place.time_zone):
        return True
    return now - state.seen_at >= EVERY and data_version(session) != state.seen_version


def standing_now(session: Session, place: CountedLocation, as_of: datetime) -> LocationSnapshot:
    """Judge every active patient of a location as the morning does."""
    cards: list[CardNow] = []
    uses: list[BookedNow] = []
    for judged in _judged(session, place, as_of):
        key = judged.facts.person.id
        if pays_by_card(judged):
            cards.append(CardNow(key, judged.card.state.value, judged.card.at_risk_cents))
        uses += _bookings(judged, clock.local_date(as_of, place.time_zone))
    booked, over = sum(one.booked for one in uses), sum(one.over for one in uses)
    coming, today = drafts_to_come(session, place, as_of), clock.local_date(as_of, place.time_zone)
    return LocationSnapshot(as_of, today, data_version(session), cards, len(uses), booked, over, coming)


def bookings_now(session: Session, place: CountedLocation, as_of: datetime) -> list[BookedNow]:
    """The members behind the booked visits of standing_now, one by one."""
    members = list(
        session.execute(
            select_columns(_MEMBERSHIP.c.patient_id).where(_MEMBERSHIP.c.gone_at.is_(None)).distinct()
        ).scalars()
    )
    today = clock.local_date(as_of, place.time_zone)
    return [one for judged in _judged(session, place, as_of, members) for one in _bookings(judged, today)]


def _judged(
    session: Session, place: CountedLocation, as_of: datetime, keys: Sequence[int] | None = None
) -> Iterator[Judged]:
    where = locations(session, place.id)[0]
    setting = setting_of(session, where, as_of)
    for ids in active_patients(session, where, first=place.first, keys=keys):
        for facts in gather(session, ids, as_of=as_of, time_zone=place.time_zone).values():
            yield judge(facts, setting)


def _bookings(judged: Judged, today: date) -> Iterator[BookedNow]:
    """Of each membership whose period holds today."""
    for _, finding in judged.memberships:
        lines = [line for line in finding.lines if line.period_start <= today <= line.period_end]
        if lines:
            booked, over = sum(line.booked for line in lines), sum(line.over for line in lines)
            yield BookedNow(judged.facts.person.id, booked, over)


def drafts_to_come(session: Session, place: CountedLocation, as_of: datetime) -> list[Sum]:
    """What is drafted on each of the next 30 days from payers of a location; what is paid by hand is left out."""
    rows = coming_rows(session, place, as_of)
    today = clock.local_date(as_of, place.time_zone)
    return Incoming(today, today + ONE_DAY * (DAYS_AHEAD - 1), tuple(rows)).by_day()


def coming_rows(session: Session, place: CountedLocation, as_of: datetime) -> list[IncomingRow]:
    """The drafts behind drafts_to_come, one by one. Those of nobody we know stand with the first location."""
    here = set(patients_of(session, place))
    return [
        row
        for row in incoming(session, None, as_of, DAYS_AHEAD).rows
        if not row.by_hand and (row.key in here or (place.first and not row.key))
    ]


def pays_by_card(judged: Judged) -> bool:
    """Somebody with a draft in the next 60 days, a running plan of their own, or a membership that is not over."""
    if judged.drafts or judged.card.alert:
        return True
    if any(
        not one.family and one.record.plan.status == "active" and one.finding.state not in _OVER
        for one in judged.plans
    ):
        return True
    return any(record.membership.status in ("active", "past_due") for record, _ in judged.memberships)


def keep_standing(session: Session, place: CountedLocation, seen: LocationSnapshot) -> None:
    """Put today's look in place of the one before, and note whose card changed its state."""
    here = {"location_id": place.id, "day": seen.day}
    _replace(
        session,
        _DAY,
        place,
        seen.day,
        [{**here, "members": seen.members, "booked": seen.booked, "over": seen.over}],
    )
    patients = Counter(card.state for card in seen.cards)
    at_risk: Counter[str] = Counter()
    for card in seen.cards:
        at_risk[card.state] += card.at_risk_cents
    _replace(
        session,
        _CARDS,
        place,
        seen.day,
        [
            {**here, "state": state, "patients": count, "at_risk_cents": at_risk[state]}
            for state, count in patients.items()
        ],
    )
    _keep_cards(session, place, seen.day, seen.cards)
    _keep_coming(session, place, seen.coming)
    state = session.get_one(RollUpState, place.id)
    state.started_on = state.started_on or seen.day
    state.seen_at, state.seen_version = seen.at, seen.version
    session.add(state)
    session.flush()


def _keep_coming(session: Session, place: CountedLocation, coming: Iterable[Sum]) -> None:
    session.execute(delete(_COMING).where(_COMING.c.location_id == place.id))
    rows = [
        {
            "location_id": place.id,
            "day": one.first,
            "cents": one.cents,
            "failing_cents": one.will_fail_cents,
            "unknown_cents": one.unknown_cents,
        }
        for one in coming
    ]
    if rows:
        session.execute(insert(_COMING), rows)


def _replace(
    session: Session, table: Table, place: CountedLocation, day: date, rows: list[dict[str, object]]
) -> None:
    session.execute(delete(table).where(table.c.location_id == place.id, table.c.day == day))
    if rows:
        session.execute(insert(table), rows)


def _keep_cards(session: Session, place: CountedLocation, today: date, cards: Iterable[CardNow]) -> None:
    """Close what is no longer so and open what is new; a state that only lasted within today leaves no trace."""
    now = {card.patient_id: card for card in cards}
    columns = [_STANDING.c[name] for name in ("id", "patient_id", "state", "at_risk_cents", "since")]
    still = session.execute(
        select_columns(*columns).where(_STANDING.c.location_id == place.id, _STANDING.c.until.is_(None))
    )
    for key, patient_id, state, at_risk, since in still.all():
        card = now.get(patient_id)
        this = _STANDING.c.id == key
        if card is not None and card.state == state:
            del now[patient_id]
            if card.at_risk_cents != at_risk:
                session.execute(update(_STANDING).where(this).values(at_risk_cents=card.at_risk_cents))
        elif since >= today:
            session.execute(delete(_STANDING).where(this))
        else:
            session.execute(update(_STANDING).where(this).values(until=today - ONE_DAY))
    rows = [
        {**card._asdict(), "location_id": place.id, "since": today, "until": None} for card in now.values()
    ]
    if rows:
        session.execute(insert(_STANDING), rows)
