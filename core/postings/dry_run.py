"""The dry run: what would be posted if posting were turned on, by day, and what stands against it. Reads only."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from core import clock
from core.connections.commands import connection_of, settings_of
from core.connections.models import Kind
from core.connections.reports import sources
from core.dates import short_day
from core.errors import BadInput
from core.money import dollars
from core.postings.look import look, part_of, why_held
from core.postings.models import Part
from core.postings.reads import first_zone, ledger_is_known, patient_refs
from core.postings.rules import Judged, Verdict, earliest_start

LEDGER_IS_OLD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """One amount of the dry run. cents: below 0 for money that goes back. why: "" for what is posted by itself."""

    key: str
    payment_id: int
    patient_id: int | None
    patient: str
    day: date
    part: Part
    cents: int
    why: str


@dataclass(frozen=True, slots=True)
class PlannedDay:
    day: date
    count: int
    cents: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What turning on would do. count, cents: of to_post. held: linked to nobody yet.

    there: how many are in the ledger already. seen: a mark of exactly this plan, asked for when turning on.
    must_acknowledge: the start lies in the past, so something may have been posted by other ways. warnings: sentences.
    """

    connection_id: int
    date_start: date
    to_post: tuple[PlannedLine, ...]
    suspected: tuple[PlannedLine, ...]
    held: tuple[PlannedLine, ...]
    days: tuple[PlannedDay, ...]
    count: int
    cents: int
    there: int
    there_cents: int
    must_acknowledge: bool
    warnings: tuple[str, ...]
    seen: str


def plan_postings(
    session: Session, connection_id: int, *, date_start: date | None = None, now: datetime | None = None
) -> Plan:
    """The dry run of one Genesis connection from `date_start` on (None: the connection's Date Start, else today).

    Raises NotFound; BadInput when it is no Genesis connection, or the start lies more than 90 days back.
    """
    now = now or clock.now()
    connection = connection_of(session, connection_id)
    if connection.kind != Kind.GENESIS:
        raise BadInput(
            f"Payments are posted by a genesis connection; {connection.name} is {connection.kind}."
        )
    today = clock.today(first_zone(session, connection.practice_id), now)
    start = date_start or _saved_start(settings_of(connection)) or today
    if start < earliest_start(today):
        raise BadInput(
            f"Date Start may be {short_day(earliest_start(today), today)} at the earliest: older payments cannot be "
            "compared with the ledger, so they could be posted twice."
        )
    looked = look(session, connection.practice_id, start=start, now=now)
    open_lines = [each for each in looked.judged if each.line.key not in looked.known]
    lines = _named(session, open_lines, today)
    to_post = tuple(lines[each.line.key] for each in open_lines if each.verdict == Verdict.POST)
    suspected = tuple(lines[each.line.key] for each in open_lines if each.verdict == Verdict.SUSPECTED)
    there = [each for each in looked.judged if each.verdict == Verdict.THERE]
    return Plan(
        connection_id=connection_id,
        date_start=start,
        to_post=to_post,
        suspected=suspected,
        held=tuple(lines[each.line.key] for each in open_lines if each.verdict == Verdict.NOT_LINKED),
        days=_by_day(to_post),
        count=len(to_post),
        cents=sum(line.cents for line in to_post),
        there=len(there),
        there_cents=sum(each.line.cents for each in there),
        must_acknowledge=start < today,
        warnings=tuple(_warnings(session, connection.practice_id, start, today, len(suspected), now)),
        seen=_mark(start, to_post, suspected),
    )


def _saved_start(saved: dict[str, str]) -> date | None:
    return date.fromisoformat(saved["date_start"]) if saved.get("date_start") else None


def _named(session: Session, judged: Iterable[Judged], today: date) -> dict[str, PlannedLine]:
    judged = list(judged)
    people = patient_refs(session, {each.line.payment.patient_id for each in judged} - {None})  # type: ignore[arg-type]
    found = {}
    for each in judged:
        payment = each.line.payment
        _, first, last = people.get(payment.patient_id or 0, ("", "", ""))
        found[each.line.key] = PlannedLine(
            key=each.line.key,
            payment_id=payment.id,
            patient_id=payment.patient_id,
            patient=f"{first} {last}".strip(),
            day=payment.happened_on,
            part=part_of(each),
            cents=each.line.cents,
            why=why_held(each, today),
        )
    return found


def _by_day(lines: Iterable[PlannedLine]) -> tuple[PlannedDay, ...]:
    days: dict[date, list[int]] = {}
    for line in lines:
        days.setdefault(line.day, []).append(line.cents)
    return tuple(PlannedDay(day, len(cents), sum(cents)) for day, cents in sorted(days.items()))


def _warnings(
    session: Session, practice_id: int, start: date, today: date, suspected: int, now: datetime
) -> Iterable[str]:
    if start < today:
        yield (
            f"Date Start {short_day(start, today)} is in the past. If payments since then were transferred by Cash "
            "Practice or typed by hand and the ledger here does not show it, they would be posted twice."
        )
    if not ledger_is_known(session, practice_id):
        yield "No ledger has reached Huddle yet, so nothing could be compared. Import the EHR's ledger first."
    elif old := _old_ledger(session, now):
        yield old
    if suspected:
        words = "payment looks" if suspected == 1 else "payments look"
        yield f"{suspected} {words} like something in the ledger. They wait for a person to say."


def _old_ledger(session: Session, now: datetime) -> str:
    """A sentence when the ledger's files are older than a day; "" otherwise."""
    files = [each for each in sources(session, now=now) if each.kind == Kind.PRACTICE_FILES]
    old = [each for each in files if each.synced_at is None or now - each.synced_at > LEDGER_IS_OLD]
    return f"The ledger may be out of date: {old[0].sentence} Bring it up to date first." if old else ""


def _mark(start: date, *lines: Iterable[PlannedLine]) -> str:
    told = [start.isoformat(), *(f"{each.key}:{each.cents}" for group in lines for each in group)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def in_words(plan: Plan) -> str:
    """The plan in one sentence."""
    if not plan.count:
        return "Nothing would be posted now; payments from Date Start on are posted as they come."
    words = "payment" if plan.count == 1 else "payments"
    return f"{plan.count:,} {words}, {dollars(plan.cents)} together, would be posted."
