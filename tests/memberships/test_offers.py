"""The four choices with their effects before one is chosen."""

from datetime import date

from core.memberships.choices import ChoiceKind
from core.memberships.facts import BenefitFacts, MembershipFinding
from core.memberships.offers import Offer, PlanOnOffer, offers
from tests.memberships.wellness import AS_OF, PLAN, judge, visit, visits

NOVEMBER = ("2026-11-03", "2026-11-10", "2026-11-17", "2026-11-24", "2026-11-26", "2026-11-28")
SIX = PLAN._replace(id=2, external_id="MP2", name="Wellness 6", price_cents=19900)
EIGHT = PLAN._replace(id=3, external_id="MP3", name="Wellness 8", price_cents=24900)
ON_SALE = [PlanOnOffer(PLAN, {"adjustment": 4}), PlanOnOffer(EIGHT, {"adjustment": 8}), PlanOnOffer(SIX, {"adjustment": 6})]  # fmt: skip


def offered(finding: MembershipFinding, on_sale: list[PlanOnOffer] | None = None) -> dict[ChoiceKind, Offer]:
    line = next(line for line in finding.lines if line.over)
    made = offers(finding, line, line.excess[0], ON_SALE if on_sale is None else on_sale, AS_OF)
    assert [one.kind for one in made] == list(ChoiceKind)
    return {one.kind: one for one in made}


def test_each_effect_is_told_in_cents_and_visits() -> None:
    found = offered(judge(visits(*NOVEMBER, "2026-12-01", "2026-12-03")))
    assert all(one.possible for one in found.values())
    assert (found[ChoiceKind.DROP_IN].cents, found[ChoiceKind.DROP_IN].committed) == (5500, 5)
    assert (found[ChoiceKind.EXTRA].cents, found[ChoiceKind.EXTRA].allowance) == (None, 5)
    assert (found[ChoiceKind.MOVE].committed, found[ChoiceKind.MOVE].next_committed) == (5, 3)
    upgrade = found[ChoiceKind.UPGRADE]
    assert (upgrade.cents, upgrade.allowance, upgrade.plan) == (5000, 6, SIX)


def test_the_sentences_say_what_is_paid_and_what_the_next_period_holds() -> None:
    found = offered(judge(visits(*NOVEMBER, "2026-12-01", "2026-12-03")))
    assert found[ChoiceKind.DROP_IN].words == "Charge $55 for this visit. Wellness 4 then counts 5 of 4."
    assert "Dec 1 to Dec 31: 3 of 4." in found[ChoiceKind.MOVE].words
    assert "$199 instead of $149, $50 more each period" in found[ChoiceKind.UPGRADE].words


def test_a_full_next_period_cannot_take_the_visit() -> None:
    december = [f"2026-12-0{day}" for day in (1, 2, 3, 4)]
    move = offered(judge(visits(*NOVEMBER, *december)))[ChoiceKind.MOVE]
    assert (move.possible, move.words) == (False, "Dec 1 to Dec 31 is full already: 4 of 4.")


def test_a_visit_that_goes_to_the_next_period_meets_what_rolls_over_into_that() -> None:
    """An excess in November leaves nothing to roll over, so December keeps its own four."""
    rolls = {"rollover_cap": 2, "rollover_periods": 1, "start_date": date(2026, 11, 1)}
    finding = judge(visits(*NOVEMBER, "2026-12-01", "2026-12-02", "2026-12-03", "2026-12-04"), **rolls)
    assert not offered(finding)[ChoiceKind.MOVE].possible
    assert finding.lines[0].following is not None
    assert finding.lines[0].following.allowance == 4


def test_after_the_last_period_there_is_nothing_to_move_to() -> None:
    for member in ({"end_date": date(2026, 11, 30)}, {"period": "package"}):
        move = offered(judge(visits(*NOVEMBER), **member))[ChoiceKind.MOVE]
        assert (move.possible, "No period" in move.words) == (False, True)


def test_a_visit_that_was_done_can_be_charged_but_not_moved() -> None:
    done = judge(visits(*(f"2026-11-{day:02}" for day in (2, 4, 6, 9, 11))))
    found = offered(done)
    assert [one.possible for one in found.values()] == [True, True, False, True]
    assert "over" in found[ChoiceKind.MOVE].words


def test_without_a_bigger_plan_the_upgrade_says_so() -> None:
    upgrade = offered(judge(visits(*NOVEMBER)), ON_SALE[:1])[ChoiceKind.UPGRADE]
    assert (upgrade.possible, upgrade.words.startswith("There is no plan with more adjustment")) == (
        False,
        True,
    )


def test_a_bigger_plan_may_not_take_away_another_class_nor_bill_another_way() -> None:
    benefits = [BenefitFacts("B1", "adjustment", 4), BenefitFacts("B2", "massage", 1)]
    finding = judge(visits(*NOVEMBER), benefits=benefits)
    assert not offered(finding)[ChoiceKind.UPGRADE].possible
    anchored = PlanOnOffer(EIGHT._replace(period="anchor"), {"adjustment": 8, "massage": 1})
    assert not offered(finding, [anchored])[ChoiceKind.UPGRADE].possible
    both = PlanOnOffer(EIGHT, {"adjustment": None, "massage": 2})
    upgrade = offered(finding, [both])[ChoiceKind.UPGRADE]
    assert (upgrade.possible, upgrade.allowance) == (True, None)
    assert "6 with no limit" in upgrade.words


def test_unknown_prices_are_not_called_free() -> None:
    booked = [*visits(*NOVEMBER[:5]), visit("2026-11-28", price_cents=None)]
    booked[4] = booked[4]._replace(price_cents=None)
    unpriced = [PlanOnOffer(EIGHT._replace(price_cents=None), {"adjustment": 8})]
    found = offered(judge(booked), unpriced)
    assert (found[ChoiceKind.DROP_IN].cents, "not on file" in found[ChoiceKind.DROP_IN].words) == (None, True)
    assert "price is not on file" in found[ChoiceKind.UPGRADE].words
