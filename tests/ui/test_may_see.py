"""What a provider sees (no amounts) and what a shared screen shows (initials)."""

import json
from dataclasses import asdict

from dashboard.wording.columns import DETAILS, MAIN, chosen, offered
from dashboard.wording.may_see import MaySee, may_see_of, no_amounts
from tests.ui.made import MISSING, NO_CARD, OVER, membership, missing, patient, report, visit

WITHOUT_MONEY = MaySee(money=False)


def rich_row():  # a row with every amount there is
    return patient(
        1,
        MISSING,
        OVER,
        NO_CARD,
        missing_payments=(missing(),),
        missing_cents=14900,
        arrears_cents=28000,
        membership=membership(3, 3, 4, over=2),
        at_risk_cents=14900,
        collect_now_cents=14900,
        say="Declined on Nov 15. Ask for $149.",
    )


def test_a_provider_sees_no_amount_anywhere_in_a_row() -> None:
    seen = json.dumps(asdict(WITHOUT_MONEY.row(rich_row())), default=str)
    assert "$" not in seen
    assert "14900" not in seen
    assert "28000" not in seen
    assert "4242" not in seen


def test_a_provider_still_sees_membership_and_insurance() -> None:
    seen = WITHOUT_MONEY.row(rich_row())
    assert [flag.kind for flag in seen.flags] == ["OVER_SCHEDULED"]
    assert seen.say == "Visit 5 of 4 this month: charge (amount) or move it."
    assert seen.insurance.visits_left == 8


def test_a_provider_is_offered_no_column_of_money() -> None:
    assert {column.key for column in offered(WITHOUT_MONEY)} == {"membership", "insurance"}
    drawn = chosen(WITHOUT_MONEY, [column.key for column in DETAILS])
    assert not any(column.money for column in drawn)
    assert len(chosen(MaySee(), [])) == len(MAIN)


def test_amounts_with_cents_and_thousands_are_taken_out_whole() -> None:
    assert no_amounts("Owes $1,234.50, was -$5.") == "Owes (amount), was (amount)."


def test_initials_replace_the_name_in_its_sentences_too() -> None:
    row = patient(1, MISSING, say="Ana Ruiz owes $149.")
    seen = MaySee(initials=True).report(report(visit(row))).rows[0].about
    assert (seen.patient, seen.say, seen.mobile_last_four) == ("A.R.", "A.R. owes $149.", None)


def test_only_roles_with_the_permission_see_amounts() -> None:
    assert [may_see_of(role).money for role in ("owner", "office manager", "front desk", "provider", "gardener")] == [
        True, True, True, False, False,
    ]  # fmt: skip
