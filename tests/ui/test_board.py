"""The rows of the board: chips, order, filters, and what an empty one says."""

from datetime import date

from core.severity import Flag, Severity
from dashboard.ui.components.board import patient_row, visit_row
from dashboard.ui.morning.emptiness import why_empty
from dashboard.ui.morning.filters import matching, ordered
from dashboard.ui.morning.tomorrow import tomorrow_words
from dashboard.wording.chips import chips, groups_of
from dashboard.wording.columns import chosen, place_of
from dashboard.wording.may_see import MaySee
from tests.ui.made import DAY, MISSING, NO_CARD, NOTE, OVER, ZONE, membership, patient, report, visit

PLACE = place_of(ZONE, DAY)


def test_chips_carry_the_one_number_that_matters() -> None:
    ends = Flag("CARD_EXPIRING", Severity.HIGH, "ends")
    row = patient(1, MISSING, OVER, ends, missing_cents=29800, membership=membership(3, 3, 4, over=2))
    assert [chip["words"] for chip in chips(row)] == ["Missing $298", "Over by 2", "Card ends Nov"]


def test_more_than_four_chips_become_a_count_that_says_what_it_hides() -> None:
    kinds = ["NO_CARD", "VISITS_LOW", "BALANCE_DUE", "USED_UP", "INSURANCE_STALE"]
    made = chips(patient(1, *(Flag(kind, Severity.MEDIUM, "") for kind in kinds)))
    assert [chip["words"] for chip in made] == ["No card", "Few visits left", "Owes", "2 more"]
    assert made[-1]["why"] == "Used up; Check is old"


def test_a_flag_of_a_newer_version_is_shown_as_unknown_not_lost() -> None:
    row = patient(1, Flag("WALLET_FROZEN", Severity.HIGH, "why"))
    assert chips(row)[0]["words"] == "Wallet frozen"
    assert groups_of(row) == {"Unknown"}


def test_worst_first_means_severity_then_money_then_time() -> None:
    poor = visit(patient(1, MISSING, at_risk_cents=100))
    rich = visit(patient(2, MISSING, at_risk_cents=900), minutes_later=30)
    critical = visit(patient(3, NO_CARD), minutes_later=60)
    quiet = visit(patient(4))
    found = [one.about.key for one in ordered([poor, rich, critical, quiet], "worst")]
    assert found == [3, 2, 1, 4]
    assert [one.about.key for one in ordered([critical, poor], "time")] == [1, 3]


def test_flags_and_provider_narrow_the_day_together() -> None:
    lee = visit(patient(1, NO_CARD))
    kim = visit(patient(2, NO_CARD), provider="Kim")
    other = visit(patient(3, OVER))
    assert matching([lee, kim, other], ["No card"], None) == [lee, kim]
    assert matching([lee, kim, other], ["No card"], "kim") == [kim]
    assert matching([lee, kim, other], [], None) == [lee, kim, other]


def test_a_row_with_nothing_to_say_is_quiet_and_without_colour() -> None:
    row = patient_row(patient(1, NOTE), chosen(MaySee(), []), PLACE)
    assert row["quiet"]
    assert row["severity"] == ""


def test_money_to_collect_or_a_flag_keeps_a_row_out_of_the_fold() -> None:
    columns = chosen(MaySee(), [])
    copay = patient_row(patient(1, collect_now_cents=2500), columns, PLACE)
    retried = Flag("RETRY_SCHEDULED", Severity.NOTE, "It is tried again on Nov 23.")
    behind = patient_row(
        patient(2, Flag("BEHIND", Severity.MEDIUM, "Behind."), retried, say=""), columns, PLACE
    )
    assert not copay["quiet"]
    assert not behind["quiet"]
    assert behind["cells"]["say"] == {"words": "It is tried again on Nov 23.", "calm": True}


def test_a_visit_says_when_what_and_with_whom() -> None:
    drawn = visit_row(visit(patient(1, MISSING, collect_now_cents=14900)), chosen(MaySee(), []), PLACE)
    assert drawn["cells"]["time"] == "9:00 am"
    assert drawn["cells"]["who"] == {"name": "Ana Ruiz", "sub": "Adjustment · Dr Lee"}
    assert drawn["cells"]["collect"] == "$149"


def test_details_come_after_the_main_columns_and_show_the_use_of_a_membership() -> None:
    columns = chosen(MaySee(), ["membership", "card"])
    drawn = patient_row(patient(1, membership=membership(3, 3, 4, over=2)), columns, PLACE)
    assert [column.key for column in columns][-2:] == ["card", "membership"]
    assert drawn["cells"]["membership"]["words"] == "3 done, 3 booked of 4"
    assert drawn["cells"]["card"] == {"words": "Visa 4242", "sub": "ends Nov 30"}


def test_an_empty_filter_is_good_news() -> None:
    day = report(visit(patient(1)))
    assert why_empty(day, "card_ends", narrowed=False)[0] == "Every card is good for the next 60 days"
    assert why_empty(day, "", narrowed=True)[0] == "No visit matches these filters"


def test_a_practice_without_any_source_is_told_what_to_do() -> None:
    heading, next_step = why_empty(report(), "", narrowed=False)
    assert heading == "Nothing is loaded yet"
    assert "Connect" in next_step


def test_tomorrow_is_told_in_one_line() -> None:
    ends = patient(1, Flag("CARD_EXPIRING", Severity.HIGH, "ends"))
    later = patient(2, Flag("CARD_EXPIRING", Severity.MEDIUM, "ends"))
    line = tomorrow_words(report(visit(ends), visit(ends, number=2), visit(later)))
    assert line == "Tomorrow: 3 visits, 1 card ends before the next draft ›"
    assert tomorrow_words(report()) == "Tomorrow: no visits ›"


def test_a_visit_of_another_year_names_the_year() -> None:
    row = patient(
        1,
        card=patient(1).card.__class__(
            "OK", None, "Visa", "1", date(2028, 2, 29), "", "HAS_CARD", "c", None, 0
        ),
    )
    assert chosen(MaySee(), ["card"])[-1].cell(row, PLACE) == {"words": "Visa 1", "sub": "ends Feb 29, 2028"}
