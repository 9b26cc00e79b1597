"""The cards report: whose card needs a person, the dollars that will fail first; narrowed in SQL, judged by the rules."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.findings.gather import gather
from core.findings.judge import judge
from core.findings.setting import setting_of
from core.jobs.practice_files.load import import_folder
from core.patients.reports import active_patients
from core.practice.reports import locations
from core.reports.as_file import as_json
from core.reports.cards import cards, needs_a_person
from core.reports.morning import patients
from core.settings import settings
from core.store.engine import reader
from data.sandbox.practice import generate, whole_files, write_files
from tests.reports.practice import BASE, CARD, card_rows, load

AS_OF = datetime(2026, 11, 23, 14, tzinfo=UTC)
RECURRING = {
    "recurring_id": "R1", "patient_id": "P1", "card_id": "K1", "amount": "149.00", "interval": "1",
    "interval_unit": "month", "next_run_on": "2026-12-01", "status": "active",
}  # fmt: skip


@pytest.fixture(params=["members", "everyone"])
def policy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("HUDDLE_CARD_POLICY", request.param)
    settings.cache_clear()
    yield request.param
    settings.cache_clear()


@pytest.mark.both_stores
def test_narrowed_it_says_what_judging_everybody_says(store: Engine, tmp_path: Path, policy: str) -> None:
    write_files(whole_files(generate(11, date(2026, 11, 23), patients=200)), tmp_path / "f")
    with clock.frozen(AS_OF):
        assert not import_folder(store, tmp_path / "f").quarantine
        with reader(store) as session:
            everybody = {}
            for place in locations(session):
                setting = setting_of(session, place, AS_OF)
                for keys in active_patients(session, place, first=True):
                    facts = gather(session, keys, as_of=AS_OF, time_zone=setting.time_zone)
                    everybody |= {key: judge(one, setting) for key, one in facts.items()}
            rows = cards(session, location_id=None, as_of=AS_OF).rows
    wanted = {key: one for key, one in everybody.items() if needs_a_person(one.card)}
    assert {row.key for row in rows} == wanted.keys()
    assert len(rows) > 10
    for row in rows:
        found = wanted[row.key]
        assert (row.state, row.severity, row.reason) == (
            found.card.state,
            found.card.severity,
            found.card.reason,
        )
        assert (row.at_risk_cents, row.next_draft_on) == (found.card.at_risk_cents, found.card.next_draft_on)
        assert row.next_visit == (found.upcoming.starts_at if found.upcoming else None)


def test_the_most_dollars_come_first_with_the_next_draft_and_its_amount(
    store: Engine, tmp_path: Path
) -> None:
    people = [{**BASE["patients"][0], "patient_id": key} for key in ("P1", "P2")]
    both = [CARD, {**CARD, "card_id": "K2", "patient_id": "P2"}]
    draws = [
        RECURRING,
        {**RECURRING, "recurring_id": "R2", "patient_id": "P2", "card_id": "K2", "amount": "200.00"},
    ]
    load(store, tmp_path / "f", patients=people, cards=both, recurrings=draws)
    told = [
        (row["patient_id"], row["next_draft_on"], row["next_draft_cents"], row["at_risk_cents"])
        for row in card_rows(store)
    ]
    assert told == [("P2", "2026-12-01", 200_00, 400_00), ("P1", "2026-12-01", 149_00, 298_00)]


def test_a_guarantor_s_card_that_ends_is_seen_at_whom_it_pays_for(store: Engine, tmp_path: Path) -> None:
    child = {**BASE["patients"][0], "patient_id": "P2", "guarantor_id": "P1"}
    own = {**CARD, "card_id": "K2", "patient_id": "P2", "expiry": "12/29", "last_four": "1111"}
    draw = {**RECURRING, "patient_id": "P2"}
    load(store, tmp_path / "f", patients=[BASE["patients"][0], child], cards=[CARD, own], recurrings=[draw])
    seen = {row["patient_id"]: (row["last_four"], row["severity"]) for row in card_rows(store)}
    assert seen == {"P1": ("4242", "medium"), "P2": ("4242", "medium")}


@pytest.mark.both_stores
def test_a_contract_drawn_on_somebody_else_s_card_is_seen_at_who_pays_it(
    store: Engine, tmp_path: Path
) -> None:
    """The same whether the card's owner is asked for at the same time or not."""
    people = [BASE["patients"][0], {**BASE["patients"][0], "patient_id": "P2", "first_name": "Leo"}]
    membership = {
        "membership_id": "M1", "patient_id": "P2", "membership_plan_id": "MP1", "start_date": "2026-01-01",
        "status": "active",
    }  # fmt: skip
    own = {**CARD, "card_id": "K2", "patient_id": "P2", "expiry": "12/29", "last_four": "1111"}
    load(
        store,
        tmp_path / "f",
        patients=people,
        cards=[CARD, own],
        membership_plans=[
            {"membership_plan_id": "MP1", "name": "Four", "price": "149.00", "period": "month"}
        ],
        memberships=[membership],
        recurrings=[{**RECURRING, "patient_id": "", "membership_id": "M1"}],
    )
    seen = {row["patient_id"]: (row["last_four"], row["at_risk_cents"]) for row in card_rows(store)}
    assert seen == {"P1": ("4242", 0), "P2": ("4242", 298_00)}
    with reader(store) as session:
        key = next(row.key for row in cards(session, location_id=None, as_of=AS_OF).rows if row.at_risk_cents)
        [alone] = patients(session, location_id=None, as_of=AS_OF, keys=[key]).rows
    assert (alone.card.last_four, alone.card.at_risk_cents) == ("4242", 298_00)


def test_a_draft_of_a_membership_that_ended_still_fails_with_the_card(store: Engine, tmp_path: Path) -> None:
    membership = {
        "membership_id": "M1", "patient_id": "P1", "membership_plan_id": "MP1", "start_date": "2026-01-01",
        "end_date": "2026-10-31", "status": "cancelled",
    }  # fmt: skip
    load(
        store,
        tmp_path / "f",
        cards=[CARD],
        membership_plans=[
            {"membership_plan_id": "MP1", "name": "Four", "price": "149.00", "period": "month"}
        ],
        memberships=[membership],
        recurrings=[{**RECURRING, "membership_id": "M1"}],
    )
    [row] = card_rows(store, AS_OF)
    assert (row["state"], row["severity"], row["at_risk_cents"]) == ("EXPIRING", "high", 298_00)


def test_a_later_draft_that_fails_is_not_called_the_next_one(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path / "f", cards=[CARD], recurrings=[{**RECURRING, "next_run_on": "2026-11-28"}])
    [row] = card_rows(store, AS_OF)
    assert "; it will fail the draft of $149 on Dec 28." in row["reason"]
    assert row["next_draft_on"] == "2026-11-28"


def test_a_removed_patient_and_a_fine_card_are_not_listed(store: Engine, tmp_path: Path) -> None:
    gone = [{**BASE["patients"][0], "active": "no"}]
    load(store, tmp_path / "f", patients=gone, cards=[CARD], recurrings=[RECURRING])
    assert card_rows(store) == []
    load(store, tmp_path / "f", cards=[{**CARD, "expiry": "02/29"}], recurrings=[RECURRING])
    assert card_rows(store) == []


def test_every_key_of_the_contract_is_there(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path / "f", cards=[CARD], recurrings=[RECURRING])
    with reader(store) as session:
        document = as_json(cards(session, location_id=None, as_of=AS_OF))
    assert {"report", "as_of", "location", "sources", "rows"} <= document.keys()
    keys = "patient_id patient state severity card_id brand last_four expires_on next_draft_on at_risk_cents next_visit"
    assert set(keys.split()) <= document["rows"][0].keys()
