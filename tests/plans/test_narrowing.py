"""What SQL leaves out never changes an answer: the narrowed reports equal judging every single plan."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from core import clock
from core.dues.drafts import plan_instalments
from core.forecast.coming_plans import coming_plans
from core.plans.facts import PlanFinding, PlanState
from core.plans.models import Plan
from core.plans.narrow import may_be_behind
from core.plans.records import plan_records
from core.reports.arrears import arrears, plans_to_look_at
from core.store.engine import open_store, reader
from tests.conftest import fresh_postgres, fresh_sqlite
from tests.plans.many import AS_OF, TODAY, ZONE, write_many

UNTIL = clock.day_bounds(TODAY, ZONE)[1]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("many")
    engine = open_store(fresh_sqlite(folder) if request.param == "sqlite" else fresh_postgres())
    write_many(engine, seed=1)
    yield engine
    engine.dispose()


def everything_judged(engine: Engine) -> dict[str, PlanFinding]:
    with reader(engine) as session:
        ids = list(session.execute(select(Plan.id)).scalars())  # type: ignore[call-overload]
        records = plan_records(session, ids, ZONE)
        return {one.plan.external_id: one.judged(TODAY) for one in records.values()}


@pytest.mark.both_stores
def test_the_report_is_that_of_judging_every_plan(many: Engine) -> None:
    judged = everything_judged(many)
    behind = {
        key: one for key, one in judged.items() if one.arrears_cents > 0 or one.state is PlanState.UNKNOWN
    }
    with reader(many) as session:
        rows = {row.plan_id: row for row in arrears(session, location_id=1, as_of=AS_OF).rows}
    assert rows.keys() == behind.keys()
    for key, row in rows.items():
        found = behind[key]
        if not found.known:
            assert (row.state, row.arrears_cents, row.reason) == ("UNKNOWN", None, found.reason)
            continue
        assert (row.arrears_cents, row.paid_cents, row.expected_cents) == (found.arrears_cents, found.paid_cents, found.expected_cents)  # fmt: skip
        assert (row.days_past_due, row.missed_count, row.reminders_stopped) == (found.days_past_due, found.missed_count, found.reminders_stopped)  # fmt: skip
        assert (
            sum((row.aging.d1_30, row.aging.d31_60, row.aging.d61_90, row.aging.over_90)) == row.arrears_cents
        )


def test_it_leaves_out_a_good_part_of_the_plans(many: Engine) -> None:
    judged = everything_judged(many)
    fine = sum(one.arrears_cents == 0 and one.known for one in judged.values())
    with reader(many) as session:
        wanted = may_be_behind(session, places=[1], homeless=True, today=TODAY, until=UNTIL)
    assert fine > 60
    assert len(judged) - len(wanted) > fine / 2


def test_every_plan_to_be_settled_is_there(many: Engine) -> None:
    def open_cents(one: PlanFinding) -> int:
        return one.arrears_cents + (one.exposure_cents or 0) + (one.unearned_cents or 0)

    judged = everything_judged(many)
    ended = {key for key, one in judged.items() if one.state is PlanState.SETTLEMENT and open_cents(one)}
    with reader(many) as session:
        rows = plans_to_look_at(session, location_id=1, as_of=AS_OF).rows
    assert ended
    assert {row.plan_id for row in rows if row.state == "SETTLEMENT"} == ended


def test_what_is_still_to_come_is_that_of_judging_every_plan(many: Engine) -> None:
    last = TODAY + timedelta(days=29)
    with reader(many) as session:
        coming = coming_plans(session, today=TODAY, last=last, until=UNTIL, time_zone=ZONE)
        records = plan_records(session, list(coming), ZONE)
    assert len(records) == 300
    for key, record in records.items():
        slow = plan_instalments(record.plan, record.judged(TODAY), names_card=record.card_ref is not None)
        quick = coming[key].drafts
        assert (quick.external_id, quick.drafted, quick.stopped, quick.scheduled) == (slow.external_id, slow.drafted, slow.stopped, slow.scheduled)  # fmt: skip
        for within in (lambda on: on < TODAY, lambda on: TODAY <= on <= last, lambda on: on > last):
            told = [sum(cents for on, cents in one.open if within(on)) for one in (quick, slow)]
            assert told[0] == told[1], record.plan
        days = [[(on, cents) for on, cents in one.open if TODAY <= on <= last] for one in (quick, slow)]
        assert days[0] == days[1]


def test_what_was_paid_waived_and_is_late_covers_what_was_expected(many: Engine) -> None:
    for finding in everything_judged(many).values():
        if finding.known:
            assert finding.arrears_cents + finding.paid_cents + finding.waived_cents >= finding.expected_cents


def test_a_family_is_never_counted_twice(many: Engine) -> None:
    with reader(many) as session:
        rows = arrears(session, location_id=None, as_of=AS_OF).rows
    assert any(row.family for row in rows)
    assert len({row.plan_id for row in rows}) == len(rows)
    judged = everything_judged(many)
    assert sum(row.arrears_cents or 0 for row in rows) == sum(one.arrears_cents for one in judged.values())
