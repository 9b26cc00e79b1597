"""DOMAIN §7: of several coverages, which decides, and what is said beside it."""

from datetime import date
from typing import Any

import pytest

from core.insurance.rules import CoverageFacts, InsuranceFinding, judge_insurance

TODAY = date(2026, 11, 23)


def coverage(rank: int | None, payer: str, **changed: Any) -> CoverageFacts:
    facts = CoverageFacts(
        changed.pop("id", rank or 9), payer, payer, "commercial", rank, date(2026, 1, 1), None,
        date(2026, 11, 20), True, copay_cents=20_00, coinsurance_basis_points=0, deductible_cents=0,
    )  # fmt: skip
    return facts._replace(**changed)


def judged(*coverages: CoverageFacts) -> InsuranceFinding:
    return judge_insurance(coverages, TODAY, 65_00, TODAY)


def test_the_second_decides_where_the_first_refuses_and_the_refusal_is_said():
    found = judged(coverage(1, "Acme", eligible=False), coverage(2, "Beta"))
    assert (found.state, found.payer, found.copay_cents, found.estimate_cents) == (
        "ACTIVE",
        "Beta",
        20_00,
        20_00,
    )
    assert "Acme said on Nov 20 that the patient is not covered." in found.reason
    assert [flag.kind for flag in found.flags] == ["INSURANCE_REFUSED"]


def test_the_third_decides_where_two_refuse():
    found = judged(
        coverage(1, "Acme", eligible=False), coverage(2, "Beta", eligible=False), coverage(3, "Cobalt")
    )
    assert (found.state, found.payer) == ("ACTIVE", "Cobalt")
    assert "Acme said" in found.reason
    assert "Beta said" in found.reason


def test_where_all_refuse_the_first_ones_state_stands():
    found = judged(coverage(2, "Beta", eligible=False), coverage(1, "Acme", eligible=False))
    assert (found.state, found.payer, found.estimate_cents) == ("INACTIVE", "Acme", 65_00)
    assert [flag.kind for flag in found.flags] == ["INSURANCE_INACTIVE"]


def test_one_that_has_ended_refuses_nothing_and_is_not_spoken_of():
    found = judged(coverage(1, "Acme", active_to=date(2026, 6, 30), eligible=False), coverage(2, "Beta"))
    assert (found.state, found.payer, found.flags) == ("ACTIVE", "Beta", ())


def test_a_stale_check_of_the_first_is_still_the_first():
    found = judged(coverage(1, "Acme", checked_on=date(2026, 9, 1)), coverage(2, "Beta"))
    assert (found.state, found.payer) == ("STALE", "Acme")


def test_a_first_one_without_a_clear_answer_is_said_beside_the_second_that_has_one():
    found = judged(coverage(1, "Acme", eligible=None), coverage(2, "Beta"))
    assert (found.state, found.payer) == ("ACTIVE", "Beta")
    assert [flag.kind for flag in found.flags] == ["INSURANCE_UNKNOWN"]


def test_without_any_that_is_eligible_the_one_in_doubt_is_not_called_a_refusal():
    found = judged(coverage(1, "Acme", eligible=False), coverage(2, "Beta", checked_on=None, eligible=None))
    assert (found.state, found.payer) == ("NOT_CHECKED", "Beta")
    assert "Acme said" in found.reason


def test_paying_without_insurance_comes_after_a_refusal_but_not_before_a_doubt():
    own = coverage(2, "", kind="self_pay", eligible=None, checked_on=None)
    assert judged(coverage(1, "Acme", eligible=False), own).state == "SELF_PAY"
    assert judged(coverage(1, "Acme", eligible=None), own).state == "UNKNOWN"
    assert judged(own._replace(rank=1), coverage(2, "Beta", id=3)).state == "SELF_PAY"


@pytest.mark.parametrize("ranks", [(1, 1), (None, None)])
def test_equal_ranks_stand_in_the_order_they_came(ranks):
    first, second = coverage(ranks[0], "Acme", id=1), coverage(ranks[1], "Beta", id=2)
    assert judged(second, first).payer == "Acme"
    assert judged(second, first._replace(eligible=False)).payer == "Beta"
