"""The patients behind a point of a chart: the same notes that were summed up, read anew and not summed up."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlmodel import Session

from core import clock
from core.dates import month_on
from core.findings import queries
from core.money import short_dollars
from core.overview.charts import Key, Unit
from core.overview.count_month import Note, Topic, month_of, notes
from core.overview.models import CardStanding
from core.overview.month_reads import CountedLocation, all_of, chunks, counted_places, patients_in_money
from core.overview.periods import Span
from core.overview.recovered import recovered_payments, recovered_ways
from core.overview.reports import CARD_GROUPS
from core.overview.snapshot import bookings_now, coming_rows
from core.overview.wording import CARD_WORDS, ways_words
from core.patients.person import Person
from core.store.base import table_of

EXPECTED = {
    "expected_plans_cents": "plan",
    "expected_memberships_cents": "membership",
    "expected_visits_cents": "visit",
}
NOBODY = "Not linked to a patient"
_STANDING = table_of(CardStanding)


@dataclass(frozen=True, slots=True)
class Behind:
    """One patient behind a point. key 0: a payment that is linked to nobody. amount: cents or a number of visits.

    words: what the amount is made of.
    """

    key: int
    patient_id: str
    patient: str
    initials: str
    amount: int
    words: str


@dataclass(frozen=True, slots=True)
class BehindPoint:
    """All patients behind a point, the largest amount first, and what they add up to. said: by which ways it came, where
    that is to be known."""

    unit: Unit
    rows: tuple[Behind, ...]
    said: str = ""

    @property
    def total(self) -> int:
        return sum(row.amount for row in self.rows)


class _Shares:
    """What each patient has part in a point: an amount, and words for it."""

    def __init__(self) -> None:
        self.amounts: defaultdict[int, int] = defaultdict(int)
        self.words: defaultdict[int, dict[str, None]] = defaultdict(dict)

    def add(self, key: int | None, amount: int, words: str = "") -> None:
        self.amounts[key or 0] += amount
        if words:
            self.words[key or 0][words] = None


def behind(
    session: Session,
    *,
    key: Key,
    column: str,
    span: Span,
    location_id: int | None,
    as_of: datetime,
    only: int | None = None,
) -> BehindPoint:
    """Who stands behind a number: the chart, the head's key, and the days of the step (local).

    location_id None: every location that is the person's; only: the location of a person who works at one. What
    stands at a day's end (arrears, use, cards) is of the step's last day.
    """
    shares = _Shares()
    for place in counted_places(session):
        if location_id in (None, place.id) and only in (None, place.id):
            _gather(session, shares, place, key, column, span, as_of)
    people = _people(session, [key for key in shares.amounts if key])
    rows = [
        _row(people.get(one), one, amount, "; ".join(shares.words[one]))
        for one, amount in shares.amounts.items()
        if amount or key is Key.CARDS
    ]
    rows.sort(key=lambda row: (-row.amount, row.patient))
    unit = Unit.COUNT if key is Key.USE else Unit.CENTS
    said = ""
    if key is Key.RECOVERED:
        here = [
            one for one in counted_places(session) if location_id in (None, one.id) and only in (None, one.id)
        ]
        said = ways_words(recovered_ways(session, here, span.first, span.last))
    return BehindPoint(unit, tuple(rows), said)


def _gather(
    session: Session,
    shares: _Shares,
    place: CountedLocation,
    key: Key,
    column: str,
    span: Span,
    as_of: datetime,
) -> None:
    if key is Key.CARDS:
        _cards(session, shares, place, column, span.last)
    elif column in ("booked", "over"):
        # bookings of days gone by are not kept by patient
        if span.last == clock.local_date(as_of, place.time_zone):
            for one in bookings_now(session, place, as_of):
                shares.add(one.patient_id, one.booked if column == "booked" else one.over)
    elif key is Key.DRAFTS:
        for row in coming_rows(session, place, as_of):
            if span.first <= row.on <= span.last and _is(column, row.risk):
                shares.add(row.key, row.cents, row.why or row.kind)
    elif key is Key.RECOVERED:
        for payment, cents in recovered_payments(session, place, span.first, span.last):
            shares.add(payment.patient_id, cents, payment.method or "")
    elif key is Key.SERVICE:
        _service(shares, _notes(session, place, key, column, span, as_of), column)
    else:
        for note in _notes(session, place, key, column, span, as_of):
            shares.add(note.patient_id, note.amount, note.part or EXPECTED.get(note.column, ""))


def _service(shares: _Shares, found: Iterable[Note], column: str) -> None:
    """Who had something to pay at a visit, and what of it came that day."""
    due: Counter[int] = Counter()
    paid: Counter[int] = Counter()
    for note in found:
        (due if note.column == "service_due_cents" else paid)[note.patient_id or 0] += note.amount
    for key, cents in due.items():
        words = f"paid {short_dollars(paid[key])} of {short_dollars(cents)} that day"
        shares.add(key, paid[key] if column == "collected" else cents, words)


def _is(column: str, risk: str | None) -> bool:
    return column == ("paid" if risk is None else "unknown" if risk == "UNKNOWN" else "failing")


def _notes(
    session: Session, place: CountedLocation, key: Key, column: str, span: Span, as_of: datetime
) -> Iterator[Note]:
    topics, columns = _wanted(key, column)
    only = None
    if tuple(topics) == (Topic.MONEY,):  # far fewer people than the whole location
        only = patients_in_money(session, span.first, span.last, place.time_zone)
    first = span.last if key in (Key.ARREARS, Key.USE) else span.first
    day = first.replace(day=1)
    while day <= span.last:
        month = month_of(place, day, as_of)
        for note in notes(session, month, topics=topics, only=only):
            wanted = key is not Key.METHODS or note.method == column
            if wanted and note.column in columns and first <= note.day <= span.last:
                yield note
        day = month_on(day, 1)


def _wanted(key: Key, column: str) -> tuple[Collection[Topic], Collection[str]]:
    """What to count again for a point, and which of it."""
    if key is Key.COLLECTED:
        return ((Topic.MONEY,), ("money",)) if column == "collected" else (tuple(Topic), tuple(EXPECTED))
    if key is Key.METHODS:
        return (Topic.MONEY,), ("money",)
    if key is Key.ARREARS:
        return (Topic.PLANS,), (f"{column}_cents",)
    if key is Key.SERVICE:
        return (Topic.MONEY,), ("service_due_cents", "service_collected_cents")
    return (Topic.MEMBERS,), ("allowance" if column == "allowance" else "used",)


def _cards(session: Session, shares: _Shares, place: CountedLocation, group: str, day: date) -> None:
    """Who was in one of a group's states at the end of a day."""
    states = CARD_GROUPS[group][1]
    rows = session.execute(
        select(_STANDING.c.patient_id, _STANDING.c.state, _STANDING.c.at_risk_cents).where(
            _STANDING.c.location_id == place.id,
            _STANDING.c.state.in_(states),
            _STANDING.c.since <= day,
            or_(_STANDING.c.until.is_(None), _STANDING.c.until >= day),
        )
    )
    for patient_id, state, cents in rows:
        shares.add(patient_id, cents, CARD_WORDS.get(str(state), ""))


def _people(session: Session, keys: Sequence[int]) -> dict[int, Person]:
    return {
        row[0]: Person._make(row) for ids in chunks(keys) for row in all_of(session, queries.PERSONS, ids=ids)
    }


def _row(person: Person | None, key: int, amount: int, words: str) -> Behind:
    if person is None:
        return Behind(0, "", NOBODY, "–", amount, words)
    return Behind(key, person.external_id, person.name, person.initials, amount, words)
