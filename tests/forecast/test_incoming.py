"""What the next thirty days bring in, and what of it will probably fail."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.forecast.reports import incoming
from core.forecast.rules import Incoming, Risk, Wallet, judge_draft
from core.store.engine import reader
from tests.money_facts import card, day, draft
from tests.plans.made import ANA, BEN, VECTOR, monthly, paid, plan
from tests.reports.practice import CARD, load

NOON = datetime(2026, 4, 15, 18, tzinfo=UTC)  # in Denver
GOOD = {**CARD, "expiry": "12/29"}
TODAY = day("2026-04-15")


def wallet(*cards, linked: bool = True, known: bool = True) -> Wallet:
    return Wallet(cards, (), linked, known)


@pytest.mark.parametrize(
    ("cards", "risk"),
    [
        ([card("2029-12-31")], None),
        ([card("2026-04-30")], Risk.CARD_ENDS_BEFORE),
        ([card("2026-05-31")], None),
        ([card("2026-03-31")], Risk.CARD_EXPIRED),
        ([card("2029-12-31", active=False)], Risk.NO_CARD),
        ([card("2029-12-31", updater="closed")], Risk.CARD_CLOSED),
        ([card("2026-03-31", updater="updated")], None),
        ([card(None)], Risk.UNKNOWN),
        ([card(None, kind="bank")], None),
        ([], Risk.NO_CARD),
    ],
)
def test_a_card_pays_or_fails_on_the_drafts_day(cards, risk) -> None:
    assert judge_draft(draft("2026-05-01"), wallet(*cards), {}, None, TODAY).risk is risk


def test_the_card_that_is_named_decides_not_another_good_one() -> None:
    named, other = card("2026-04-30", id=1), card("2029-12-31", id=2)
    verdict = judge_draft(draft("2026-05-01", card_id=1), wallet(other), {1: named, 2: other}, None, TODAY)
    assert (verdict.risk, verdict.why) == (Risk.CARD_ENDS_BEFORE, "Card ending 4242 ends Apr 30")


def test_declined_last_time_is_told_when_the_card_itself_is_good() -> None:
    failed = day("2026-04-01")
    assert judge_draft(draft("2026-05-01"), wallet(card()), {}, failed, TODAY).risk is Risk.DECLINED_LAST_TIME
    assert judge_draft(draft("2026-05-01"), wallet(), {}, failed, TODAY).risk is Risk.NO_CARD


def test_nobody_can_say_without_a_link_or_a_source_of_cards() -> None:
    assert judge_draft(draft("2026-05-01"), wallet(linked=False), {}, None, TODAY).risk is Risk.UNKNOWN
    assert judge_draft(draft("2026-05-01"), wallet(card(), known=False), {}, None, TODAY).risk is Risk.UNKNOWN


def asked(engine: Engine, folder: Path, days: int = 30, **files) -> Incoming:
    """Loaded and asked on the day itself, so that its cards are fresh."""
    with clock.frozen(NOON):
        load(engine, folder, **{"cards": [GOOD], "appointments": [], **files})
        with reader(engine) as session:
            return incoming(session, None, NOON, days)


def told(found: Incoming) -> list[tuple]:
    return [(row.on.isoformat(), row.cents, row.kind, row.by_hand, row.risk) for row in found.rows]


def test_a_plan_with_a_card_is_drafted_at_its_instalments_less_what_was_paid_ahead(
    store: Engine, tmp_path: Path
) -> None:
    ahead = paid("Y4", "2026-04-02", "330.00")  # 80 of March, 200 of April, 50 of May
    found = asked(
        store, tmp_path, plans=[plan(card_id="K1")], instalments=monthly(), payments=[*VECTOR, ahead]
    )
    assert told(found) == [("2026-05-01", 150_00, "plan", False, None)]
    assert (found.first, found.last, found.total.cents) == (TODAY, date(2026, 5, 14), 150_00)


def test_a_plan_that_nothing_charges_is_paid_by_hand(sqlite_store: Engine, tmp_path: Path) -> None:
    found = asked(sqlite_store, tmp_path, plans=[plan()], instalments=monthly(), payments=VECTOR)
    assert told(found) == [("2026-05-01", 200_00, "plan", True, None)]


def test_a_card_that_ends_first_will_probably_fail(sqlite_store: Engine, tmp_path: Path) -> None:
    ends = [{**GOOD, "expiry": "04/26"}]
    found = asked(
        sqlite_store, tmp_path, cards=ends, plans=[plan(card_id="K1")], instalments=monthly(), payments=VECTOR
    )
    assert told(found) == [("2026-05-01", 200_00, "plan", False, Risk.CARD_ENDS_BEFORE)]
    assert (found.total.will_fail_cents, found.total.unknown_cents) == (200_00, 0)


def test_memberships_and_drafts_of_a_parent_count_once(store: Engine, tmp_path: Path) -> None:
    member = {"membership_id": "E1", "patient_id": "P1", "membership_plan_id": "M1", "start_date": "2026-01-01",
              "status": "active", "next_draft_on": "2026-05-01"}  # fmt: skip
    kinds = [{"membership_plan_id": "M1", "name": "Wellness", "price": "149.00", "period": "month"}]
    run = {"recurring_id": "R1", "patient_id": "P2", "card_id": "K1", "membership_id": "E1", "amount": "149.00",
           "interval": "1", "interval_unit": "month", "next_run_on": "2026-05-01", "status": "active"}  # fmt: skip
    found = asked(store, tmp_path, patients=[ANA, BEN], cards=[{**GOOD, "patient_id": "P2"}], memberships=[member], membership_plans=kinds, recurrings=[run])  # fmt: skip
    assert told(found) == [("2026-05-01", 149_00, "membership", False, None)]


def test_a_decline_counts_until_something_is_paid(sqlite_store: Engine, tmp_path: Path) -> None:
    failed = paid("Y8", "2026-04-02", "200.00", status="declined", reason_code="1616")
    given = {"plans": [plan(card_id="K1")], "instalments": monthly()}
    found = asked(sqlite_store, tmp_path, payments=[*VECTOR, failed], **given)
    assert told(found)[0][-1] is Risk.DECLINED_LAST_TIME
    found = asked(
        sqlite_store, tmp_path, payments=[*VECTOR, failed, paid("Y9", "2026-04-05", "50.00")], **given
    )
    assert told(found)[0][-1] is None


def test_days_and_weeks_sum_to_the_whole(sqlite_store: Engine, tmp_path: Path) -> None:
    weekly = [
        {
            "instalment_id": f"I{n}",
            "plan_id": "N1",
            "due_date": str(TODAY + timedelta(days=5 * n)),
            "amount": "20.00",
        }
        for n in range(9)
    ]
    found = asked(sqlite_store, tmp_path, plans=[plan(card_id="K1")], instalments=weekly)
    assert len(found.by_day()) == 30
    assert (
        found.total.cents
        == 6 * 20_00
        == sum(one.cents for one in found.by_day())
        == sum(one.cents for one in found.by_week())
    )
    assert (found.by_week()[0].first, found.by_week()[-1].last) == (found.first, found.last)


def test_a_paused_or_ended_plan_brings_nothing(sqlite_store: Engine, tmp_path: Path) -> None:
    plans = [plan("N1", status="cancelled", end_date="2026-04-01", card_id="K1"), plan("N2", status="paused", card_id="K1"),
             plan("N3", card_id="K1", paused_from="2026-04-20", paused_to="2026-05-20")]  # fmt: skip
    due = [row for key in ("N1", "N2", "N3") for row in monthly(key)]
    assert asked(sqlite_store, tmp_path, plans=plans, instalments=due).rows == ()


def test_an_empty_store_brings_nothing(store: Engine) -> None:
    with reader(store) as session:
        found = incoming(session, None, NOON)
    assert (found.rows, found.total.cents, len(found.by_day())) == ((), 0, 30)
