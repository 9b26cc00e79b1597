"""DOMAIN §10: one line to say, from one grammar; every two findings together say each thing once."""

import re
from itertools import product

import pytest

from core.cards.rules import judge_card
from core.dues.missing import DueItem, missing_payments
from core.findings.flags import Kind, missing_flags
from core.plans.wording import days_past_due
from core.reports.rules import in_order
from core.reports.say import ONE_DEBT, Part, say
from core.severity import Ask, Flag, Severity
from tests.money_facts import card, day, payment

TODAY = day("2026-11-21")
MISSED = Part(149_00, "missed", ("MISSING_PAYMENT", "BEHIND"))
VISIT = Part(65_00, "for today's visit")


def flag(kind: Kind, severity: Severity = Severity.HIGH) -> Flag:
    """A finding of this kind as the rules word it: the ones that ask for something are the real sentences."""
    if kind in (Kind.MISSING_PAYMENT, Kind.RETRY_SCHEDULED):
        retry = day("2026-11-25") if kind is Kind.RETRY_SCHEDULED else None
        tried = payment("2026-11-10" if retry else "2026-11-15", 149_00, "declined", reason_code="1622")
        item = DueItem("instalment", "I1", day("2026-11-15"), 149_00, 0, 0, (tried,), retry)
        [found] = missing_flags(missing_payments([item], TODAY))
        return found._replace(severity=severity)
    if kind in (Kind.CARD_EXPIRED, Kind.CARD_EXPIRING, Kind.CARD_INVALID, Kind.NO_CARD):
        fact = "No card on file." if kind is Kind.NO_CARD else "Card ending 4242 ended Oct 31."
        ask = Ask.FIRST_CARD if kind is Kind.NO_CARD else Ask.NEW_CARD
        words = "Ask for one." if kind is Kind.NO_CARD else "Ask for the new card."
        return Flag(kind, severity, f"{fact} {words}", 149_00, (), fact, ask)
    if kind is Kind.BEHIND:
        return Flag(
            kind, severity, "Behind $149 on Care plan: 1 instalment from Nov 15, 6 days past due.", 149_00
        )
    return Flag(kind, severity, f"What {kind} says.")


@pytest.mark.parametrize("one", list(Kind))
def test_every_two_findings_say_each_thing_once(one: Kind) -> None:
    for other, severity in product(Kind, (Severity.CRITICAL, Severity.MEDIUM)):
        flags = in_order([flag(one, severity), flag(other, Severity.HIGH)])
        for cents, parts in ((0, ()), (149_00, (MISSED,)), (214_00, (MISSED, VISIT))):
            line = say(flags, cents, parts)
            sentences = re.findall(r"[^.]+\.", line)
            assert len(sentences) == len({one.strip() for one in sentences})
            assert line.count("Collect $") == (cents > 0)
            assert len(re.findall(r"[Aa]sk for (?:the|a|one)", line)) <= 1
            assert not re.search(r"Ask for \$", line)
            for kind, said_by in ONE_DEBT.items():
                if {flag.kind for flag in flags} & said_by and kind in {flag.kind for flag in flags}:
                    assert "Behind" not in line
            if line:
                assert line.endswith(".")
            if cents == 214_00:
                assert "Collect $214: $149 missed and $65 for today's visit" in line


def test_the_new_card_is_asked_for_once_with_the_money() -> None:
    flags = in_order([flag(Kind.CARD_EXPIRED, Severity.CRITICAL), flag(Kind.MISSING_PAYMENT)])
    assert say(flags, 149_00, [MISSED]) == (
        "Card ending 4242 ended Oct 31. Declined on Nov 15, card expired. Collect $149 and ask for the new card."
    )


def test_the_example_of_the_definitions() -> None:
    ending = judge_card([card("2026-11-30", last_four="4242", id=1)], [], TODAY, obliged=True, linked=True)
    assert ending.reason.endswith("Ask for the new card.")
    told = Flag(
        Kind.CARD_EXPIRING, Severity.HIGH, ending.reason, 0, (), "Card ending 4242 ends Nov 30.", Ask.NEW_CARD
    )
    assert say([told], 0) == "Card ending 4242 ends Nov 30. Ask for the new card."


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ([VISIT], "Collect $65 for today's visit."),
        ([Part(65_00, "due today", ("DUE_TODAY",))], "Collect $65 due today."),
        ([Part(65_00, "owed on the account", ("BALANCE_DUE",))], "Collect $65 owed on the account."),
        (
            [Part(40_00, "missed"), Part(25_00, "for today's visit")],
            "Collect $65: $40 missed and $25 for today's visit.",
        ),
    ],
)
def test_a_sum_to_collect_has_its_reason(parts: list[Part], line: str) -> None:
    assert say([], 65_00, parts) == line


def test_a_soft_decline_offers_the_card_instead() -> None:
    tried = payment("2026-11-15", 149_00, "declined", reason_code="1616")
    item = DueItem("instalment", "I1", day("2026-11-15"), 149_00, 0, 0, (tried,))
    flags = list(missing_flags(missing_payments([item], TODAY)))
    assert say(flags, 149_00, [MISSED]) == (
        "Declined on Nov 15, not enough funds. Collect $149 or ask for a new card."
    )
    assert flags[0].reason == "Declined on Nov 15, not enough funds. Ask for $149 or a new card."


def test_one_day_is_one_day() -> None:
    assert (days_past_due(1), days_past_due(2)) == ("1 day past due", "2 days past due")
