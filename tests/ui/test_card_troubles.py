"""The list of cards to mend: kinds of trouble, their numbers, the search, and what an empty list says."""

from dataclasses import replace
from datetime import date

import pytest

from core.reports.rows import CardRow
from core.severity import Severity
from dashboard.ui.card_updates.card_troubles import (
    GOOD_NEWS,
    TROUBLES,
    drawn,
    heads,
    matching,
    numbers,
    seen_by,
    trouble_of,
    why_empty,
)
from dashboard.wording.columns import place_of
from dashboard.wording.may_see import MaySee
from tests.ui.made import DAY, NINE, ZONE

ENDING = CardRow(
    key=1, patient_id="p-1", patient="Ana Ruiz", state="EXPIRING", severity=Severity.HIGH, card_id="k-1", brand="visa",
    last_four="4242", expires_on=date(2026, 11, 30), next_draft_on=date(2026, 12, 3), at_risk_cents=29800, next_visit=NINE,
    reason="Card ending 4242 ends Nov 30; next draft $149 on Dec 3. Ask for the new card.", next_draft_cents=14900,
    initials="A.R.", mobile_last_four="0199",
)  # fmt: skip
SOON = replace(ENDING, key=2, patient_id="p-2", patient="Zoë Müller", at_risk_cents=0, next_draft_on=None)
NONE = replace(ENDING, key=3, state="NONE", last_four=None, brand=None, severity=Severity.CRITICAL)


def test_each_state_has_its_kind_and_a_newer_one_is_unknown() -> None:
    states = ("EXPIRED", "EXPIRED_ONLY", "INVALID", "NONE", "NOT_LINKED", "UNKNOWN", "WALLET")
    kinds = [trouble_of(replace(ENDING, state=state)).id for state in states]
    assert kinds == ["expired", "expired", "invalid", "none", "not_linked", "unknown", "unknown"]
    assert [trouble_of(row).id for row in (ENDING, SOON)] == ["draft", "soon"]


def test_the_numbers_count_patients_and_dollars_and_sum_up() -> None:
    made = {one["id"]: one for one in numbers([ENDING, SOON, NONE], "draft", MaySee())}
    assert (made["draft"]["value"], made["draft"]["sub"], made["draft"]["pressed"]) == (
        "1",
        "$298 will fail",
        True,
    )
    assert made["all"]["value"] == "3"
    assert made["all"]["sub"] == "$596 will fail"
    assert sum(int(made[one.id]["value"]) for one in TROUBLES) == 3


def test_search_finds_names_without_accents_and_last_fours() -> None:
    rows = [ENDING, SOON]
    assert matching(rows, "", "zoe mul") == [SOON]
    assert matching(rows, "", "4242") == rows
    assert matching(rows, "", "0199") == rows
    assert matching(rows, "draft", "ana") == [ENDING]
    assert matching(rows, "soon", "ana") == []


def test_a_row_says_what_will_fail_when_and_how_much() -> None:
    cells = drawn(ENDING, place_of(ZONE, DAY))["cells"]
    assert (cells["draft"], cells["risk"], cells["next"]) == (
        {"words": "Dec 3", "sub": "$149"},
        "$298",
        "Nov 23",
    )
    assert cells["chips"][0]["words"] == "Ends Nov 30"
    assert cells["who"]["sub"] == "Visa 4242 · mobile …0199"


def test_a_shared_screen_shows_initials_and_a_role_without_money_no_amounts() -> None:
    hidden = str(drawn(seen_by(ENDING, MaySee(money=False, initials=True)), place_of(ZONE, DAY)))
    assert "$" not in hidden
    assert "Ana" not in hidden
    assert "A.R." in hidden
    assert "risk" not in [head["key"] for head in heads(MaySee(money=False))]
    assert not any("$" in one["sub"] for one in numbers([ENDING], "", MaySee(money=False)))


@pytest.mark.parametrize("trouble", GOOD_NEWS)
def test_an_empty_list_is_good_news_only_where_cards_are_known(trouble: str) -> None:
    assert why_empty(loaded=True, known=True, trouble=trouble, narrowed=False) == GOOD_NEWS[trouble]
    unknown, _ = why_empty(loaded=True, known=False, trouble=trouble, narrowed=False)
    assert unknown.startswith("Nobody can say")
    assert why_empty(loaded=False, known=False, trouble="", narrowed=False)[0] == "Nothing is loaded yet"
