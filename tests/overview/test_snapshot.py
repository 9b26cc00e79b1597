"""What can only be seen while it is so: who had which card on which day, and what the coming drafts will do."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core import clock
from core.overview.charts import Key
from core.overview.drill_down import behind
from core.overview.periods import Period, Span
from core.overview.reports import overview
from core.store.engine import reader
from tests.overview.counting import NOON, count_at, payment
from tests.reports.practice import CARD, load

PLAN = {
    "plan_id": "N1", "patient_id": "P1", "kind": "treatment", "name": "Care", "start_date": "2026-09-01",
    "end_date": "2027-08-31", "total": "600.00", "status": "active", "card_id": "K1",
}  # fmt: skip
INSTALMENTS = [
    {"instalment_id": f"I{n}", "plan_id": "N1", "due_date": f"2026-{9 + n:02d}-05", "amount": "200.00"}
    for n in range(4)
]
PAID = [
    payment(f"Y{n}", f"2026-{9 + n:02d}-05T10:00", "200.00", plan_id="N1", instalment_id=f"I{n}")
    for n in range(3)
]
PLANNED: dict[str, Any] = {"plans": [PLAN], "instalments": INSTALMENTS, "payments": PAID}
NEXT_DAY = NOON + timedelta(days=1)


def behind_cards(engine: Engine, group: str, day: date) -> list[str]:
    with reader(engine) as session:
        point = behind(
            session, key=Key.CARDS, column=group, span=Span(day, day), location_id=None, as_of=NEXT_DAY
        )
    return [row.patient_id for row in point.rows]


def test_who_had_which_card_is_kept_from_the_first_day_on(store: Engine, tmp_path: Path) -> None:
    with clock.frozen(NOON):
        load(store, tmp_path / "a", cards=[{**CARD, "expiry": "11/26"}], **PLANNED)
    count_at(store)
    with clock.frozen(NEXT_DAY):
        load(store, tmp_path / "b", cards=[{**CARD, "expiry": "11/29"}], **PLANNED)
    count_at(store, NEXT_DAY)
    first, second = date(2026, 11, 21), date(2026, 11, 22)
    assert (behind_cards(store, "ends", first), behind_cards(store, "good", first)) == (["P1"], [])
    assert (behind_cards(store, "ends", second), behind_cards(store, "good", second)) == ([], ["P1"])


def test_a_draft_after_the_end_of_its_card_will_probably_fail(store: Engine, tmp_path: Path) -> None:
    with clock.frozen(NOON):
        load(store, tmp_path / "a", cards=[{**CARD, "expiry": "11/26"}], **PLANNED)
    count_at(store)
    with reader(store) as session:
        found = overview(session, location_id=None, period=Period.DAYS_30, as_of=NOON)
        day = Span(date(2026, 12, 5), date(2026, 12, 5))
        point = behind(session, key=Key.DRAFTS, column="failing", span=day, location_id=None, as_of=NOON)
    drafts = found.chart(Key.DRAFTS)
    assert drafts.sentence == "Of $200 drafted in the next 30 days, $200 will probably fail."
    assert next(step.values for step in drafts.steps if step.span == day) == (0, 0, 200_00)
    assert [(row.patient_id, row.amount) for row in point.rows] == [("P1", 200_00)]
