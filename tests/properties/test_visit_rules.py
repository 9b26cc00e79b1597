"""What must hold of visits, memberships and estimates whatever the practice looks like."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import day_bounds, local_date
from core.insurance.rules import CoverageFacts, estimate_cents
from core.memberships.facts import (
    BenefitFacts,
    ExtraFacts,
    Member,
    MembershipFacts,
    MembershipFinding,
    MembershipPlanFacts,
)
from core.memberships.periods import anchored
from core.memberships.rules import Given, Moment, judge_membership
from core.schedule.rules import VisitFacts

ZONES = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Boise",
    "America/Phoenix",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
]
AS_OF = datetime(2026, 11, 21, 18, tzinfo=UTC)
PROPERTY = settings(max_examples=80, derandomize=True, deadline=None)
STATUSES = ["scheduled", "confirmed", "arrived", "completed", "cancelled", "rescheduled", "no_show"]

days = st.dates(date(2026, 9, 1), date(2027, 3, 31))
visits_strategy = st.lists(
    st.builds(
        lambda day, minute, status, service_class: (day, minute, status, service_class),
        days,
        st.integers(0, 24 * 60 - 1),
        st.sampled_from(STATUSES),
        st.sampled_from(["adjustment", "massage", None]),
    ),
    max_size=30,
).map(
    lambda rows: [
        VisitFacts(n, f"A{n}", 1, None, None, service_class, _at(day, minute), 15, status, None)
        for n, (day, minute, status, service_class) in enumerate(rows)
    ]
)


def _at(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)


members = st.builds(
    MembershipFacts,
    st.just(1),
    st.just("M1"),
    st.just(1),
    st.just(1),
    start_date=st.dates(date(2026, 1, 1), date(2026, 12, 15)),
    end_date=st.none() | st.dates(date(2026, 12, 15), date(2027, 6, 1)),
    anchor_day=st.none() | st.integers(1, 31),
    status=st.sampled_from(["active", "paused", "past_due", "cancelled"]),
    frozen_from=st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 1)),
    frozen_to=st.none() | st.dates(date(2026, 12, 1), date(2027, 1, 31)),
)
plans = st.builds(
    MembershipPlanFacts,
    st.just(1),
    st.just("MP1"),
    st.just("Wellness"),
    period=st.sampled_from(["month", "anchor"]),
    rollover_cap=st.none() | st.integers(0, 4),
    rollover_periods=st.none() | st.integers(0, 3),
    no_show_forfeits=st.booleans(),
)
benefits_strategy = st.lists(
    st.builds(
        BenefitFacts, st.just("B"), st.sampled_from(["adjustment", "massage"]), st.none() | st.integers(0, 8)
    ),
    min_size=1,
    max_size=3,
)
extras_strategy = st.lists(
    st.builds(
        ExtraFacts,
        st.just("X"),
        days,
        st.sampled_from(["adjustment", "massage"]),
        st.sampled_from(["rollover", "add_on"]),
        st.integers(0, 3),
    ),
    max_size=2,
)
cases = st.tuples(members, plans, benefits_strategy, extras_strategy, visits_strategy, st.sampled_from(ZONES))


def judge(case: tuple, as_of: datetime = AS_OF) -> MembershipFinding:
    member, plan, benefits, extras, visits, zone = case
    return judge_membership(Member(member, plan, benefits, extras), Given(visits), Moment(as_of, zone))


@PROPERTY
@given(cases)
def test_committed_is_used_and_booked_and_the_excess_is_the_last_of_them(case: tuple):
    for line in judge(case).lines:
        assert line.committed == line.used + line.booked == len(line.counted)
        in_order = sorted(line.counted, key=lambda visit: (visit.starts_at, visit.id))
        assert list(line.excess) == in_order[len(in_order) - line.over :]
        if line.allowance is not None:
            assert line.over == max(0, line.committed - line.allowance)


@PROPERTY
@given(cases)
def test_no_visit_counts_in_two_places_nor_outside_the_day_it_starts(case: tuple):
    member, *_, zone = case
    finding = judge(case)
    outside = [row.line for row in finding.states if row.state in ("BOOKED_WHILE_FROZEN", "OUTSIDE_TERM")]
    seen = [visit.id for line in (*finding.lines, *filter(None, outside)) for visit in line.counted]
    assert len(seen) == len(set(seen))
    for line in finding.lines:
        for visit in line.counted:
            assert line.period_start <= local_date(visit.starts_at, zone) <= line.period_end
            assert local_date(visit.starts_at, zone) >= member.start_date
            assert visit.service_class == line.service_class


@PROPERTY
@given(cases)
def test_a_visit_is_excess_exactly_when_its_number_is_over_the_allowance(case: tuple):
    finding = judge(case)
    for line in finding.lines:
        for visit in line.counted:
            found = finding.covers(visit)
            assert (found.cover == "EXCESS") is (visit in line.excess)
            assert found.number == line.counted.index(visit) + 1


@PROPERTY
@given(cases)
def test_every_row_has_a_sentence_and_the_finding_is_its_worst(case: tuple):
    finding = judge(case)
    for row in finding.states:
        assert row.reason.endswith(".")
        assert ("membership", "M1") in row.evidence
    assert finding.severity == (finding.states[0].severity if finding.states else None)


@PROPERTY
@given(cases, st.randoms(use_true_random=False))
def test_the_order_in_which_visits_arrive_changes_nothing(case: tuple, random: object):
    member, plan, benefits, extras, visits, zone = case
    shuffled = list(visits)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert judge((member, plan, benefits, extras, shuffled, zone)) == judge(case)


@PROPERTY
@given(cases)
def test_a_day_later_a_later_period_is_as_it_was(case: tuple):
    """Only today's visits change standing overnight: periods that start after tomorrow stay the same, rollover
    apart (what today's missed visit leaves may roll into them)."""
    member, plan, benefits, extras, visits, zone = case
    plan = plan._replace(rollover_cap=None)
    steady = member._replace(status="active")
    today, tomorrow = (
        judge((steady, plan, benefits, extras, visits, zone), AS_OF + timedelta(days=d)) for d in (0, 1)
    )
    horizon = local_date(AS_OF, zone) + timedelta(days=1)

    def later(finding: MembershipFinding) -> list:
        return [
            (line.period_start, line.service_class, line.allowance, line.counted, line.over)
            for line in finding.lines
            if line.period_start > horizon and line.counted
        ]

    assert later(today) == later(tomorrow)


@PROPERTY
@given(
    base=st.integers(0, 5),
    cap=st.integers(0, 5),
    lifetime=st.none() | st.integers(0, 3),
    months=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2)), min_size=1, max_size=10),
)
def test_rollover_is_what_counting_single_visits_by_hand_gives(
    base: int, cap: int, lifetime: int | None, months: list[tuple[int, int]]
):
    """The oracle holds one token a visit, marked with its last month, and spends the one that expires first."""
    tokens: list[float] = []
    for month, (came, extra) in enumerate(months):
        last = float("inf") if lifetime is None else month + lifetime
        tokens = sorted([*tokens, *[last] * (base + extra)])[came:]
        tokens = sorted(token for token in tokens if token > month)
        tokens = tokens[max(0, len(tokens) - cap) :]
    starts = [date(2026 - (11 - back < 1), (11 - back - 1) % 12 + 1, 1) for back in range(len(months), 0, -1)]
    visits = [
        VisitFacts(
            100 * n + k, f"A{n}-{k}", 1, None, None, "adjustment", _at(start, 1000 + k), 15, "completed", None
        )
        for n, (start, (came, _)) in enumerate(zip(starts, months, strict=True))
        for k in range(came)
    ]
    extras = [
        ExtraFacts("X", start, "adjustment", "add_on", extra)
        for start, (_, extra) in zip(starts, months, strict=True)
    ]
    member = MembershipFacts(1, "M1", 1, 1, starts[0])
    plan = MembershipPlanFacts(1, "MP1", "Wellness", rollover_cap=cap, rollover_periods=lifetime)
    line = judge(
        (member, plan, [BenefitFacts("B", "adjustment", base)], extras, visits, "America/Chicago")
    ).lines[0]
    assert (line.period_start, line.rollover) == (date(2026, 11, 1), len(tokens))


@pytest.mark.parametrize("anchor", range(1, 32))
def test_periods_tile_the_calendar_from_2024_through_2030(anchor: int):
    day, last = date(2023, 12, 1), date(2031, 1, 31)
    period = anchored(anchor, day)
    while day <= last:
        here = anchored(anchor, day)
        if here != period:
            assert (here.start, here.start) == (period.next_start, day)
            period = here
        assert here.start <= day < here.next_start
        assert 28 <= here.days <= 31
        day += timedelta(days=1)


@pytest.mark.parametrize("zone", ZONES)
def test_every_instant_of_a_dst_day_belongs_to_exactly_one_period(zone: str):
    """Half hours around every change of clocks and every end of a month of 2026, on the anchor that falls there."""
    for day in (date(2026, 3, 8), date(2026, 11, 1), date(2026, 3, 1), date(2026, 12, 31), date(2027, 1, 1)):
        first, end = day_bounds(day, zone)
        period = anchored(day.day, day)
        before, after = (anchored(day.day, local_date(i, zone)) for i in (first - timedelta(seconds=1), end))
        assert before.next_start == period.start == day
        assert after == period
        moment = first
        while moment < end:
            assert anchored(day.day, local_date(moment, zone)) == period
            moment += timedelta(minutes=30)


amounts = st.none() | st.integers(0, 500_000)


@PROPERTY
@given(
    amounts,
    amounts,
    amounts,
    amounts,
    amounts,
    amounts,
    st.none() | st.integers(0, 10_000),
    st.integers(0, 20_000),
)
def test_an_estimate_is_never_negative_nor_above_what_is_left_out_of_pocket(
    price: int | None,
    copay: int | None,
    deductible: int | None,
    met: int | None,
    most: int | None,
    most_met: int | None,
    coinsurance: int | None,
    non_covered: int,
):
    coverage = CoverageFacts(
        1,
        "C1",
        copay_cents=copay,
        coinsurance_basis_points=coinsurance,
        deductible_cents=deductible,
        deductible_met_cents=met,
        out_of_pocket_max_cents=most,
        out_of_pocket_met_cents=most_met,
    )
    estimate = estimate_cents(coverage, price, non_covered)
    if estimate is None:
        assert None in (price, copay, deductible, met, coinsurance)
        return
    assert estimate >= non_covered
    if most is not None and most_met is not None:
        assert estimate <= max(0, most - most_met) + non_covered
    assert price is not None
    assert copay is not None
    assert estimate <= copay + price + non_covered
