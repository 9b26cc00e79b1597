"""DOMAIN §7, sentence by sentence."""

from datetime import date, timedelta
from typing import Any

import pytest

from core.insurance.rules import (
    AuthorisationState,
    CoverageFacts,
    InsuranceFinding,
    InsuranceState,
    VisitsState,
    judge_insurance,
)
from core.severity import Severity

TODAY = date(2026, 11, 21)
GOOD = CoverageFacts(
    1,
    "C1",
    "Acme Health",
    "commercial",
    1,
    date(2026, 1, 1),
    None,
    date(2026, 11, 2),
    True,
    copay_cents=3000,
    coinsurance_basis_points=2000,
    deductible_cents=50000,
    deductible_met_cents=48000,
    out_of_pocket_max_cents=300000,
    out_of_pocket_met_cents=100000,
    authorisation_required=False,
)


def judge(
    visit_on: date = TODAY, price_cents: int | None = 10000, earlier: int = 0, **changed: Any
) -> InsuranceFinding:
    return judge_insurance(
        [GOOD._replace(**changed)], visit_on, price_cents, TODAY, earlier_open_visits=earlier
    )


def kinds(finding: InsuranceFinding) -> list[str]:
    return [flag.kind for flag in finding.flags]


def test_copay_rest_of_the_deductible_and_coinsurance_of_what_is_over_it():
    """$30 copay + $20 deductible left + 20 % of $80."""
    finding = judge()
    assert (finding.state, finding.estimate_cents) == (InsuranceState.ACTIVE, 3000 + 2000 + 1600)
    assert "Estimate for the patient: $66 (checked on Nov 2, 2026)" in finding.reason
    assert (finding.severity, finding.flags) == (None, ())


def test_a_half_cent_of_coinsurance_rounds_up():
    assert (
        judge(
            price_cents=2013, copay_cents=0, deductible_met_cents=50000, coinsurance_basis_points=5000
        ).estimate_cents
        == 1007
    )


def test_the_estimate_stops_at_the_out_of_pocket_maximum():
    assert judge(out_of_pocket_met_cents=298000).estimate_cents == 2000
    assert judge(out_of_pocket_met_cents=400000).estimate_cents == 0
    assert judge(out_of_pocket_met_cents=None).estimate_cents == 6600


def test_more_met_than_the_deductible_leaves_none():
    assert judge(deductible_met_cents=60000).estimate_cents == 3000 + 2000


@pytest.mark.parametrize(
    "unknown",
    [
        {"copay_cents": None},
        {"deductible_cents": None},
        {"deductible_met_cents": None},
        {"coinsurance_basis_points": None},
        {"price_cents": None},
    ],
)
def test_an_unknown_part_that_matters_leaves_the_estimate_unknown(unknown: dict):
    assert judge(**unknown).estimate_cents is None


def test_an_unknown_part_that_does_not_matter_is_no_hindrance():
    assert judge(deductible_met_cents=0, coinsurance_basis_points=None).estimate_cents == 13000
    assert judge(deductible_cents=0, deductible_met_cents=None).estimate_cents == 5000


@pytest.mark.parametrize(("days", "state"), [(30, "ACTIVE"), (31, "STALE"), (-2, "UNKNOWN")])
def test_a_check_is_good_for_thirty_days(days: int, state: str):
    assert judge(checked_on=TODAY - timedelta(days=days)).state == state


def test_a_check_does_not_reach_into_the_next_plan_year():
    finding = judge(visit_on=date(2027, 1, 4))
    assert (finding.state, kinds(finding)) == (InsuranceState.STALE, ["INSURANCE_STALE"])


@pytest.mark.parametrize(
    ("changed", "state", "severity"),
    [
        ({"checked_on": None}, "NOT_CHECKED", Severity.MEDIUM),
        ({"eligible": None}, "UNKNOWN", Severity.UNKNOWN),
        ({"eligible": False}, "INACTIVE", Severity.HIGH),
        ({"active_to": date(2026, 11, 20)}, "INACTIVE", Severity.HIGH),
        ({"active_from": date(2026, 11, 22)}, "INACTIVE", Severity.HIGH),
        ({"active_from": date(2026, 5, 1), "active_to": date(2026, 4, 1)}, "UNKNOWN", Severity.UNKNOWN),
    ],
)
def test_whatever_is_not_known_to_be_active_is_flagged(changed: dict, state: str, severity: Severity):
    finding = judge(**changed)
    assert (finding.state, finding.severity, kinds(finding)) == (state, severity, [f"INSURANCE_{state}"])


def test_both_ends_of_the_coverage_belong_to_it():
    assert judge(active_from=TODAY, active_to=TODAY).state is InsuranceState.ACTIVE


def test_no_coverage_on_file_is_unknown_and_not_self_pay():
    finding = judge_insurance([], TODAY, 10000, TODAY)
    assert (finding.state, finding.estimate_cents, finding.severity) == ("UNKNOWN", None, Severity.UNKNOWN)


def test_self_pay_pays_the_price_and_raises_no_flag():
    finding = judge(kind="self_pay", checked_on=None)
    assert (finding.state, finding.estimate_cents, finding.copay_cents) == ("SELF_PAY", 10000, None)
    assert finding.flags == ()


def test_the_lowest_rank_that_covers_the_day_decides():
    ended = GOOD._replace(active_to=date(2026, 6, 30))
    second = GOOD._replace(id=2, external_id="C2", rank=2, payer="Second Mutual")
    third = GOOD._replace(id=3, external_id="C3", rank=None, payer="No rank")
    finding = judge_insurance([third, second, ended], TODAY, 10000, TODAY)
    assert (finding.payer, finding.evidence) == ("Second Mutual", (("coverage", "C2"),))


def test_where_nothing_is_covered_the_whole_price_is_the_estimate():
    assert judge(eligible=False).estimate_cents == 10000
    assert judge(visit_limit=10, visits_used=10, visits_pending=0).estimate_cents == 10000
    assert judge(checked_on=None).estimate_cents is None


@pytest.mark.parametrize("kind", ["auto", "injury", "workers_comp"])
def test_a_case_has_no_copay_and_is_named(kind: str):
    finding = judge(kind=kind, copay_cents=None, deductible_cents=None)
    assert (finding.copay_cents, finding.estimate_cents) == (0, 0)
    assert "case with Acme Health" in finding.reason


def test_a_case_that_is_over_leaves_the_price_to_the_patient():
    assert judge(kind="auto", active_to=date(2026, 11, 20)).estimate_cents == 10000


@pytest.mark.parametrize(
    ("used", "pending", "earlier", "left", "state"),
    [(10, 2, 1, 7, None), (15, 2, 1, 2, "LOW"), (15, 2, 3, 0, "EXHAUSTED"), (19, 2, 0, -1, "EXHAUSTED")],
)
def test_pending_claims_and_earlier_visits_take_from_what_is_left(used, pending, earlier, left, state):
    finding = judge(visit_limit=20, visits_used=used, visits_pending=pending, earlier=earlier)
    assert (finding.visits_left, finding.visits_state) == (left, state)
    assert kinds(finding) == ([f"VISITS_{state}"] if state else [])


def test_visits_left_are_unknown_where_their_use_is_but_few_are_still_flagged():
    finding = judge(visit_limit=20, visits_used=18, visits_pending=None)
    assert (finding.visits_left, finding.visits_state) == (None, VisitsState.LOW)
    assert judge(visit_limit=None, visits_used=40, visits_pending=0).visits_left is None


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"authorisation_required": None}, None),
        ({"authorisation_required": False}, "OK"),
        ({}, "MISSING"),
        ({"authorisation_to": date(2026, 11, 21)}, "OK"),
        ({"authorisation_to": date(2026, 11, 20)}, "EXPIRED_BY_VISIT"),
        ({"authorisation_from": date(2026, 11, 21)}, "OK"),
        ({"authorisation_from": date(2026, 11, 22)}, "MISSING"),
        ({"authorisation_units": 6, "authorisation_used": 5}, "OK"),
        ({"authorisation_units": 6, "authorisation_used": 6}, "UNITS_SHORT"),
        ({"authorisation_units": 6, "authorisation_used": None}, None),
    ],
)
def test_the_authorisation_must_reach_this_visit(changed: dict, state: str | None):
    finding = judge(**({"authorisation_required": True} | changed))
    assert finding.authorisation == (state and AuthorisationState(state))
    assert bool(finding.flags) is (state in ("MISSING", "EXPIRED_BY_VISIT", "UNITS_SHORT"))


def test_earlier_visits_take_their_authorised_units():
    units = {"authorisation_required": True, "authorisation_units": 6, "authorisation_used": 4}
    assert judge(earlier=1, **units).authorisation is AuthorisationState.OK
    assert judge(earlier=2, **units).authorisation is AuthorisationState.UNITS_SHORT
