"""Whom a blast is for: each condition over real files on both stores, combined, narrowed, and asked again when it goes."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.blasts.conditions import Condition, combined, conditions, one_processor_only, still_fits
from core.blasts.filters import About, Filter, chosen_by_hand, facts_about, narrowed, union
from core.blasts.results import Moved, cards_moved
from core.cards.models import Card
from core.connections.models import Connection, Kind
from core.jobs.practice_files.load import import_folder
from core.patients.models import Patient
from core.store.engine import reader, transaction
from tests.a_practice import FILES, with_cell, write_practice

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)  # 7 in the morning in Denver
HEADS = {name: text.splitlines()[0] + "\n" for name, text in FILES.items()}
QUIET = {name: HEADS[name] for name in ("plans", "instalments", "recurrings", "payments")}
NO_CARDS = {"cards": HEADS["cards"], "memberships": with_cell("memberships", "card_id", "")}
DECLINED = {"payments": HEADS["payments"] + "Y1,P1,,,,,2026-11-02T14:05:09,149.00,declined,1620,,O1,card\n"}


def expiring(words: str) -> dict[str, str]:
    return {"cards": with_cell("cards", "expiry", words)}


def practice(store: Engine, folder: Path, **changed: str) -> None:
    with clock.frozen(NOW):
        import_folder(store, write_practice(folder / "files", **{**QUIET, **changed}))


def found(store: Engine) -> dict[Condition, list[str]]:
    with reader(store) as session:
        every = conditions(session, location_id=None, as_of=NOW)
    return {one: [each.patient for each in people] for one, people in every.items() if people}


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        (expiring("11/26"), {Condition.BEFORE_DRAFT}),
        (expiring("12/26"), {Condition.SOON}),
        (expiring("10/26"), {Condition.EXPIRED, Condition.TODAY}),
        (NO_CARDS, {Condition.NO_CARD, Condition.TODAY}),
        (DECLINED, {Condition.DECLINED}),
        ({}, set()),
    ],
    ids=["ends before the next draft", "ends soon", "expired", "no card", "declined", "all is well"],
)
def test_a_condition_holds_for_whom_it_says(
    store: Engine, tmp_path: Path, changed: dict[str, str], holds: set[Condition]
) -> None:
    practice(store, tmp_path, **changed)
    assert found(store) == {one: ["Zoë Müller"] for one in holds}


def test_the_reason_and_the_fields_of_the_text_come_along(store: Engine, tmp_path: Path) -> None:
    practice(store, tmp_path, **DECLINED, **expiring("11/26"))
    with reader(store) as session:
        every = conditions(session, location_id=None, as_of=NOW)
    ends, declined = every[Condition.BEFORE_DRAFT][0], every[Condition.DECLINED][0]
    assert ends.fields == {"last_four": "0042", "expiry": "11/26", "amount": "$149"}
    assert declined.reason == "$149 was declined on Nov 2."
    assert len(union(every, {Condition.BEFORE_DRAFT, Condition.DECLINED})) == 1


def test_who_put_a_card_on_file_meanwhile_is_left_alone(store: Engine, tmp_path: Path) -> None:
    practice(store, tmp_path, **NO_CARDS)
    word = combined({Condition.TODAY, Condition.NO_CARD})
    with reader(store) as session:
        key = session.exec(select(Patient.id).where(Patient.external_id == "P1")).one() or 0
        assert still_fits(session, word, {key, 999}, as_of=NOW) == {key}
    with transaction(store) as session:
        source = session.exec(select(Connection.id)).first()
        session.add(_card(source, "new", key))
    with reader(store) as session:
        assert still_fits(session, word, {key}, as_of=NOW) == frozenset()
        assert still_fits(session, Condition.CHOSEN, {key}, as_of=NOW) == {key}


def test_after_a_switch_those_without_a_card_at_the_new_processor_are_asked(
    store: Engine, tmp_path: Path
) -> None:
    practice(store, tmp_path)
    with transaction(store) as session:
        assert one_processor_only(session)
        assert cards_moved(session) is None
        key = session.exec(select(Patient.id).where(Patient.external_id == "P1")).one() or 0
        old, new = (
            Connection(kind=Kind.FORTIS, name=name, created_at=at, state="connected")
            for name, at in (("Old", NOW), ("New", NOW.replace(hour=15)))
        )
        session.add_all([old, new])
        session.flush()
        session.add(_card(old.id, "old", key))
        new_id = new.id
    assert found(store) == {Condition.OLD_PROCESSOR: ["Zoë Müller"]}
    with transaction(store) as session:
        session.add(_card(new_id, "new", key))
    assert found(store) == {}
    with reader(store) as session:
        assert cards_moved(session) == Moved(1, 1, "New")


def test_the_filter_keeps_by_plan_membership_visit_and_dollars(store: Engine, tmp_path: Path) -> None:
    practice(store, tmp_path, **expiring("11/26"))
    with reader(store) as session:
        people = conditions(session, location_id=None, as_of=NOW)[Condition.BEFORE_DRAFT]
        facts = facts_about(session, {each.patient_id for each in people}, as_of=NOW)
    assert list(facts.values()) == [About(False, True, date(2026, 11, 23), 149_00)]
    kept = Filter(membership=True, within_days=0, at_risk_cents=149_00)
    for wanted, count in (
        (Filter(), 1),
        (kept, 1),
        (Filter(plan=True), 0),
        (Filter(plan=True, membership=True), 1),
        (Filter(at_risk_cents=149_01), 0),
    ):
        assert len(narrowed(people, facts, wanted, NOW.date())) == count, wanted


def test_people_chosen_on_a_list_keep_its_order_and_their_card(store: Engine, tmp_path: Path) -> None:
    practice(store, tmp_path, **expiring("11/26"))
    with reader(store) as session:
        ids = {row.external_id: row.id or 0 for row in session.exec(select(Patient))}
        people = chosen_by_hand(session, [ids["P2"], ids["P1"], ids["P2"], 999], as_of=NOW, location_id=None)
    assert [each.patient for each in people] == ["Ben Müller", "Zoë Müller"]
    assert people[1].fields == {"last_four": "0042", "expiry": "11/26"}


def _card(connection_id: int | None, reference: str, patient_id: int) -> Card:
    return Card(
        connection_id=connection_id or 0,
        external_id=reference,
        content_hash="x",
        patient_id=patient_id,
        last_four="4242",
        expires_on=date(2029, 12, 31),
    )
