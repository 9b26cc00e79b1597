"""The reports say what an independent, slow reading of DOMAIN.md says, on many small generated practices."""

import os
from collections import Counter
from pathlib import Path

import pytest

from core.store.engine import open_store
from tests.conftest import fresh_sqlite
from tests.oracle import lists
from tests.oracle.comparison import Told, asked, cards_judged_otherwise, differences
from tests.oracle.oracle import answers
from tests.oracle.practices import practice
from tests.oracle.reading import UNSURE, Clinic

NIGHT = os.environ.get("HUDDLE_NIGHT") == "1"
FEW, MANY = 10, 500
ONCE_APART = (56,)  # an old row of the desk under an order id that no payment bears
WORDS = (
    "BEHIND", "COMPLETED_OWING", "EXPIRED", "EXPIRING", "NONE", "OVER_SCHEDULED", "NOT_SCHEDULED", "UNDER_BOOKED",
    "USED_UP", "BOOKED_WHILE_FROZEN", "OUTSIDE_TERM", "paused", "cancelled", "completed", "past_due", "anchor 29",
    "anchor 30", "anchor 31", "CHARGEBACK", "RETURNED", "REVERSED", "DECLINED_HARD", "DECLINED_SOFT", "PARTIAL",
    "NOT_ATTEMPTED",
)  # fmt: skip
LATER = [
    pytest.param(seed, marks=pytest.mark.night)
    for seed in range(FEW, MANY if NIGHT else FEW)
    if seed not in ONCE_APART
]


def told_about(seed: int, folder: Path) -> Told:
    files, as_of = practice(seed)
    engine = open_store(fresh_sqlite(folder))
    try:
        return asked(engine, folder / "files", files, as_of)
    finally:
        engine.dispose()


@pytest.mark.parametrize("seed", [*range(FEW), *ONCE_APART, *LATER])
def test_the_reports_agree_with_the_oracle(seed: int, tmp_path: Path) -> None:
    files, as_of = practice(seed)
    told = told_about(seed, tmp_path)
    found = [*map(str, differences(files, as_of, told)), *cards_judged_otherwise(told)]
    assert not found, f"seed {seed}, as of {as_of.isoformat()}:\n" + "\n".join(found)


def test_a_wrong_cent_and_a_lost_row_are_seen(tmp_path: Path) -> None:
    files, as_of = practice(3)
    told = told_about(3, tmp_path)
    owing = next(row for row in told.patients["rows"] if row["arrears_cents"])
    owing["arrears_cents"] += 1
    lost = told.morning["rows"].pop()
    found = [(one.where, one.column) for one in differences(files, as_of, told)]
    assert found == [("morning", "rows"), (f"patients {owing['patient_id']}", "arrears_cents")]
    assert lost["appointment_id"] in answers(files, as_of)["morning"]


def test_every_state_is_among_what_is_compared() -> None:
    """Rows of the three lists by the oracle's own reading, over the few practices of the day's run."""
    seen: Counter[str] = Counter()
    for seed in range(FEW):
        files, as_of = practice(seed)
        clinic = Clinic(files, as_of)
        rows = [*lists.arrears(clinic, str).values(), *lists.cards(clinic, str).values()]
        seen.update(row["state"] for row in rows if isinstance(row, dict))
        for one in lists.memberships(clinic, lambda _: None, str).values():
            seen.update(state for state in ("BOOKED_WHILE_FROZEN", "OUTSIDE_TERM") if one[state])
            seen.update(["NOT_SCHEDULED"] * isinstance(one["NOT_SCHEDULED"], dict))
            for period in one["periods"].values():
                seen.update(state for state, said in period["states"].items() if said is True)
        for row in files["plans"] + files["memberships"]:
            seen.update([row["status"], f"anchor {row.get('anchor_day')}"])
        for person in answers(files, as_of)["patients"].values():
            for items in person["missing"].values():
                seen.update(
                    str(item["reason"]) for item in (items.values() if isinstance(items, dict) else ())
                )
    assert [word for word in WORDS if not seen[word]] == []


def test_the_oracle_seldom_leaves_a_value_out() -> None:
    """What DOMAIN.md does not decide stays the exception: of a practice as generated nearly all is compared."""
    files, as_of = practice(3)
    people = answers(files, as_of)["patients"].values()
    for name, share in (("arrears_cents", 0.9), ("missing_cents", 0.7), ("next_visit", 1.0)):
        known = [person[name] is not UNSURE for person in people]
        assert sum(known) >= share * len(known), name
    cards = [person["card"]["state"] is not UNSURE for person in people]
    assert sum(cards) >= 0.4 * len(cards)
