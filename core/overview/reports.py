"""The owner's overview of a location and a period. Reads roll-up rows only, so that two years open as fast as a month."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from core import clock
from core.cards.rules import GOOD
from core.dates import ONE_DAY
from core.overview import roll_ups, wording
from core.overview.charts import Chart, Head, Key, Overview, Step, Unit
from core.overview.periods import Period, Span, before, span_of, steps
from core.overview.receipts import Method, Part
from core.overview.roll_ups import Coming, Counted, Progress, Seen
from core.practice.reports import LocationChoice, places

Days = Mapping[date, Counted]
_C = Unit.CENTS

COLLECTED = (Head("collected", "Collected", _C), Head("expected", "Expected", _C))
AGES = (
    Head("arrears_1_30", "1–30 days", _C),
    Head("arrears_31_60", "31–60 days", _C),
    Head("arrears_61_90", "61–90 days", _C),
    Head("arrears_over_90", "Over 90 days", _C),
)
CARD_GROUPS = {
    "good": ("Good", tuple(state.value for state in GOOD)),
    "ends": ("Ends soon", ("EXPIRING",)),
    "none": ("No card", ("NONE",)),
    "ended": ("Ended", ("EXPIRED", "EXPIRED_ONLY", "INVALID")),
    "unknown": ("Unknown", ("UNKNOWN", "NOT_LINKED")),
}
CARDS = tuple(Head(key, label, Unit.COUNT) for key, (label, _) in CARD_GROUPS.items())
DRAFTS = (
    Head("paid", "Should be paid", _C),
    Head("unknown", "Nobody can say", _C),
    Head("failing", "Will probably fail", _C),
)
USE = (
    Head("used", "Used", Unit.COUNT),
    Head("booked", "Booked", Unit.COUNT),
    Head("over", "Too many", Unit.COUNT),
    Head("allowance", "Allowed", Unit.COUNT),
)
SERVICE = (
    Head("collected", "Collected that day", _C),
    Head("due", "Due at visits", _C),
    Head("rate", "Rate", Unit.PERCENT),
)
METHODS = tuple(
    Head(method.value, label, _C)
    for method, label in (
        (Method.CARD, "Card"),
        (Method.BANK, "Bank account"),
        (Method.CASH, "Cash"),
        (Method.CHECK, "Check"),
        (Method.POSTED, "Only posted"),
        (Method.OTHER, "Other"),
    )
)
RECOVERED = (Head("recovered", "Recovered", _C),)


@dataclass(frozen=True, slots=True)
class _Time:
    """What all charts share: the days shown, those compared with, and how much of the history is counted."""

    period: Period
    span: Span
    earlier: Span | None
    today: date
    progress: Progress

    @property
    def since(self) -> str:
        """Said where the books begin within the days asked for."""
        first = self.progress.first_day
        if first is None or first != self.span.first:
            return ""
        return wording.since_words("The books begin on", first, self.today)


def overview(
    session: Session,
    *,
    location_id: int | None,
    period: Period,
    as_of: datetime,
    custom: Span | None = None,
    only: int | None = None,
) -> Overview:
    """All charts of a location (None: every one) over a period as of an instant (aware UTC).

    custom: the days of Period.CUSTOM. only: the location of a person who works at one.
    """
    chosen = [one for one in places(session, only) if location_id in (None, one.key)]
    keys = [one.key for one in chosen]
    today = clock.today(chosen[0].time_zone if chosen else "UTC", as_of)
    time = _time(roll_ups.progress(session, keys, today), period, span_of(period, today, custom), today)
    reach = Span(time.earlier.first if time.earlier else time.span.first, time.span.last)
    days = roll_ups.counted(session, keys, reach)
    return Overview(
        as_of=as_of,
        today=today,
        location=chosen[0].external_id if location_id is not None and chosen else None,
        location_name=_name(chosen),
        span=time.span,
        compared_with=time.earlier,
        progress=time.progress,
        charts=(
            _collected(time, days),
            _arrears(time, days),
            _cards(time, roll_ups.seen_cards(session, keys, time.span)),
            _drafts(time, roll_ups.coming(session, keys, today)),
            _use(time, days, roll_ups.seen_days(session, keys, time.span)),
            _service(time, days),
            _recovered(time, days),
            _methods(time, days),
        ),
    )


def _time(progress: Progress, period: Period, span: Span, today: date) -> _Time:
    first = progress.first_day or today
    if span.last >= first:
        span = Span(max(span.first, first), span.last)
    earlier = before(period, span)
    there = progress.done and earlier.first >= first
    return _Time(period, span, earlier if there else None, today, progress)


def _name(chosen: Sequence[LocationChoice]) -> str:
    return ", ".join(one.name for one in chosen)


def _sum(days: Days, span: Span, of: Callable[[Counted], int]) -> int:
    return sum(of(one) for day, one in days.items() if span.first <= day <= span.last)


def _flow(time: _Time, days: Days, *columns: Callable[[Counted], int | None]) -> tuple[Step, ...]:
    """Sums by step; None where none of its days is counted."""
    made = []
    for step in steps(time.span):
        found = [one for day in _each(step) if (one := days.get(day)) is not None]
        made.append(Step(step, tuple(_added([of(one) for one in found]) for of in columns)))
    return tuple(made)


def _each(span: Span) -> Sequence[date]:
    return [span.first + ONE_DAY * n for n in range(span.days)]


def _added(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _stock(
    time: _Time, days: Days, of: Callable[[Counted], Sequence[int | None]], width: int
) -> tuple[Step, ...]:
    """What stood at the end of each step: its last counted day."""
    made = []
    for step in steps(time.span):
        last = _last(days, step)
        made.append(Step(step, tuple(of(last)) if last else (None,) * width))
    return tuple(made)


def _last(days: Days, span: Span) -> Counted | None:
    return next((days[day] for day in reversed(_each(span)) if day in days), None)


def _collected(time: _Time, days: Days) -> Chart:
    def words(span: Span) -> str:
        return wording.collected_words(
            _sum(days, span, lambda one: one.collected_cents),
            _sum(days, span, lambda one: one.expected_cents),
        )

    compared = ""
    if time.earlier:
        said = words(time.earlier)
        compared = f"{wording.the_time_before(time.period, time.span)}: {said[0].lower()}{said[1:]}"
    return Chart(
        Key.COLLECTED,
        "Collected against expected",
        words(time.span),
        compared,
        time.since,
        COLLECTED,
        _flow(time, days, lambda one: one.collected_cents, lambda one: one.expected_cents),
    )


def _arrears(time: _Time, days: Days) -> Chart:
    last = _last(days, time.span)
    compared = ""
    if time.earlier and (earlier := _last(days, time.earlier)):
        compared = wording.arrears_before(earlier.ages, earlier.day, time.today)
    return Chart(
        Key.ARREARS,
        "Arrears by age",
        wording.arrears_words(last.ages) if last else "Not counted yet.",
        compared,
        time.since,
        AGES,
        _stock(time, days, lambda one: one.ages, len(AGES)),
    )


def _cards(time: _Time, seen: Mapping[date, Mapping[str, tuple[int, int]]]) -> Chart:
    made = []
    for step in steps(time.span):
        last = next((seen[day] for day in reversed(_each(step)) if day in seen), None)
        made.append(Step(step, _groups(last)))
    made = [
        one for one in made if one.values[0] is not None or one.span.first >= min(seen, default=time.today)
    ]
    counts = next((one.values for one in reversed(made) if one.values[0] is not None), None)
    known = [count or 0 for count in counts] if counts else []
    return Chart(
        Key.CARDS,
        "Cards by state",
        wording.cards_words(known[0], sum(known)) if known else "",
        "",
        _seen_since(time, "Cards are seen day by day since"),
        CARDS,
        tuple(made),
        None
        if known
        else ("No cards were seen in this time", _seen_since(time, "They are seen day by day since")),
    )


def _groups(states: Mapping[str, tuple[int, int]] | None) -> tuple[int | None, ...]:
    if states is None:
        return (None,) * len(CARD_GROUPS)
    return tuple(sum(states.get(state, (0, 0))[0] for state in group) for _, group in CARD_GROUPS.values())


def _seen_since(time: _Time, what: str) -> str:
    """Cards and bookings cannot be seen in the past: said where the days asked for reach before the first look."""
    started = time.progress.started_on
    if started is None:
        return "Huddle looks at them for the first time within a few minutes."
    return wording.since_words(what, started, time.today) if started > time.span.first else ""


def _drafts(time: _Time, coming: Sequence[Coming]) -> Chart:
    sums = [sum(values) for values in zip(*(one[1:] for one in coming), strict=True)] or [0, 0, 0]
    return Chart(
        Key.DRAFTS,
        "Drafts of the next 30 days",
        wording.drafts_words(*sums),
        "",
        "",
        DRAFTS,
        tuple(
            Step(
                Span(one.day, one.day),
                (one.cents - one.failing_cents - one.unknown_cents, one.unknown_cents, one.failing_cents),
            )
            for one in coming
        ),
        None if sums[0] else ("No draft is planned for the next 30 days", ""),
    )


def _use(time: _Time, days: Days, seen: Mapping[date, Seen]) -> Chart:
    def row(one: Counted) -> tuple[int | None, ...]:
        look = seen.get(one.day)
        booked, over = (look.booked, look.over) if look else (None, None)
        return one.used, booked, over, one.allowance

    last = _last(days, time.span)
    used, booked, over, allowance = row(last) if last else (0, None, None, 0)
    nobody = not any(one.allowance for one in days.values())
    return Chart(
        Key.USE,
        "Membership use",
        wording.use_words(used or 0, allowance or 0, booked, over),
        "",
        _seen_since(time, "Booked visits are seen since"),
        USE,
        _stock(time, days, row, len(USE)),
        ("No member has a number of visits to use", "") if nobody and time.progress.done else None,
    )


def _service(time: _Time, days: Days) -> Chart:
    def words(span: Span) -> str:
        return wording.service_words(
            _sum(days, span, lambda one: one.service_collected_cents),
            _sum(days, span, lambda one: one.service_due_cents),
        )

    flow = _flow(time, days, lambda one: one.service_collected_cents, lambda one: one.service_due_cents)
    compared = ""
    if time.earlier:
        due = _sum(days, time.earlier, lambda one: one.service_due_cents)
        paid = _sum(days, time.earlier, lambda one: one.service_collected_cents)
        compared = f"{wording.the_time_before(time.period, time.span)}: {wording.rate_words(paid, due)}."
    return Chart(
        Key.SERVICE,
        "Collected at the time of service",
        words(time.span),
        compared,
        time.since,
        SERVICE,
        tuple(
            Step(one.span, (*one.values, wording.percent(one.values[0] or 0, one.values[1] or 0)))
            for one in flow
        ),
    )


def _recovered(time: _Time, days: Days) -> Chart:
    flow = _flow(time, days, lambda one: one.recovered_cents)
    asked = any(step.values[0] is not None for step in flow)
    total = sum(step.values[0] or 0 for step in flow)
    return Chart(
        Key.RECOVERED,
        "Recovered",
        wording.recovered_words(total) if asked else "",
        "",
        "Press a point for the ways it came back by, and in how many days." if asked else "",
        RECOVERED,
        flow,
        None
        if asked
        else (
            "No links have been sent yet",
            "What patients pay on invoices and payment links will show here.",
        ),
    )


def _methods(time: _Time, days: Days) -> Chart:
    by_card = _sum(days, time.span, lambda one: one.methods[Method.CARD])
    balance = _sum(days, time.span, lambda one: one.on_part(Part.BALANCE))
    collected = _sum(days, time.span, lambda one: one.collected_cents)
    columns = [lambda one, method=head.key: one.methods[method] for head in METHODS]
    steps_ = _flow(time, days, *columns)
    used = [place for place, _ in enumerate(METHODS) if any(step.values[place] for step in steps_)]
    return Chart(
        Key.METHODS,
        "How it was paid",
        wording.methods_words(by_card, collected, balance),
        "",
        "",
        tuple(METHODS[place] for place in used),
        tuple(Step(step.span, tuple(step.values[place] for place in used)) for step in steps_),
        None if used else ("Nothing was collected in this time", ""),
    )
