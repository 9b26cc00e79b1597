"""The numbers above the day, each of them a filter, and how fresh the sources are."""

from datetime import timedelta

from core.reports.head import SourceCell
from dashboard.ui.components.headline import cards, kept, sources
from dashboard.wording.may_see import MaySee
from tests.ui.made import MISSING, NINE, NO_CARD, NOTE, OVER, patient, visit

SEES_ALL = MaySee()
ANA = patient(1, MISSING, at_risk_cents=14900, collect_now_cents=14900)
BO = patient(2, NO_CARD, name="Bo Ng")
CY = patient(3, NOTE, name="Cy Park")


def values(*visits, pressed: str = "") -> dict[str, str]:
    return {card["id"]: card["value"] for card in cards(visits, pressed, SEES_ALL)}


def test_a_patient_with_two_visits_counts_once_in_money() -> None:
    found = values(visit(ANA), visit(ANA, number=2, minutes_later=60), visit(BO))
    assert found["visits"] == "3"
    assert found["collect"] == "$149"
    assert found["risk"] == "$149"
    assert found["no_card"] == "1"


def test_pressing_a_number_keeps_the_visits_it_counts() -> None:
    visits = [visit(ANA), visit(BO), visit(CY)]
    assert [one.about.key for one in kept(visits, "no_card", SEES_ALL)] == [2]
    assert [one.about.key for one in kept(visits, "collect", SEES_ALL)] == [1]
    assert kept(visits, "", SEES_ALL) == visits


def test_the_pressed_number_says_so() -> None:
    drawn = cards([visit(BO)], "no_card", SEES_ALL)
    assert [card["id"] for card in drawn if card["pressed"]] == ["no_card"]


def test_a_quiet_note_is_no_reason_to_be_counted() -> None:
    assert kept([visit(CY)], "membership", MaySee(money=False)) == []


def test_a_provider_filters_by_membership_and_insurance_only() -> None:
    drawn = cards([visit(patient(1, OVER))], "", MaySee(money=False))
    assert [(card["id"], card["value"]) for card in drawn] == [
        ("visits", "1"),
        ("membership", "1"),
        ("insurance", "0"),
    ]


def test_a_source_whose_last_sync_failed_says_so_before_it_is_old() -> None:
    broken = SourceCell(
        "Fortis", "fortis", NINE - timedelta(minutes=4), False, "Cannot be reached.", failing=True
    )
    (said,) = sources((broken,), NINE)
    assert (said["words"], said["tone"]) == ("Fortis 4 min ago · last sync failed", "unknown")


def test_an_old_source_says_so_in_words_and_in_colour() -> None:
    fresh = SourceCell("practice files", "practice_files", NINE - timedelta(minutes=4), False, "")
    old = SourceCell("Fortis", "fortis", NINE - timedelta(hours=3), True, "Last sync failed.")
    never = SourceCell("Genesis", "genesis", None, True, "")
    said = sources((fresh, old, never), NINE)
    assert [one["words"] for one in said] == [
        "Practice files 4 min ago",
        "Fortis 3 h ago: old, may be out of date",
        "Genesis: never synced",
    ]
    assert [bool(one["tone"]) for one in said] == [False, True, True]
