"""DOMAIN §1 and §2: the card, and no card at all."""

import pytest

from core.cards.rules import CardFinding, CardState, judge_card
from core.severity import Severity
from tests.money_facts import card, day, draft

TODAY = "2026-11-21"


def look(cards, drafts=(), today=TODAY, *, obliged=False, linked=True, **other) -> CardFinding:
    return judge_card(cards, drafts, day(today), obliged=obliged, linked=linked, **other)


def test_a_card_is_good_through_the_last_day_of_its_month():
    leap_year = card("2028-02-29")
    assert look([leap_year], today="2028-02-29").state is CardState.EXPIRING
    assert look([leap_year], today="2028-03-01").state is CardState.EXPIRED


@pytest.mark.parametrize(
    ("today", "severity"),
    [("2026-11-21", "high"), ("2026-11-23", "high"), ("2026-11-24", "critical"), ("2026-11-30", "critical")],
)
def test_a_draft_after_the_end_is_high_and_critical_within_a_week(today, severity):
    found = look([card("2026-11-30")], [draft("2026-12-01")], today)
    assert (found.state, found.severity, found.at_risk_cents) == (CardState.EXPIRING, severity, 149_00)


def test_a_last_draft_before_the_end_leaves_only_the_window():
    found = look([card("2026-11-30")], [draft("2026-11-28")])
    assert (found.state, found.severity, found.at_risk_cents) == (CardState.EXPIRING, Severity.MEDIUM, 0)


@pytest.mark.parametrize(("ends", "state"), [("2027-01-05", "EXPIRING"), ("2027-01-06", "HAS_CARD")])
def test_the_window_is_forty_five_days(ends, state):
    assert look([card(ends)]).state == state


@pytest.mark.parametrize(("on", "state"), [("2027-01-20", "EXPIRING"), ("2027-01-21", "HAS_CARD")])
def test_a_draft_counts_for_sixty_days(on, state):
    assert look([card("2027-01-10")], [draft(on)]).state == state


def test_an_expired_card_under_a_plan_is_critical():
    found = look([card("2026-10-31")], [draft("2026-12-20"), draft("2027-03-01")], obliged=True)
    assert (found.state, found.severity, found.on_file) == ("EXPIRED", "critical", "EXPIRED_ONLY")
    assert (found.at_risk_cents, found.next_draft_on, found.alert) == (149_00, day("2026-12-20"), True)


def test_an_expired_card_that_pays_for_nothing_is_nobody_s_task():
    found = look([card("2024-01-31")])
    assert (found.state, found.severity, found.alert) == ("EXPIRED", "medium", False)


def test_an_expired_card_with_a_far_draft_is_high():
    assert look([card("2026-10-31")], [draft("2026-12-20")]).severity is Severity.HIGH


def test_another_usable_card_lowers_it_and_is_named():
    old, new = card("2026-10-31"), card("2029-05-31", last_four="1881", is_default=False)
    found = look([old, new], [draft("2026-11-25", card_id=old.id)], obliged=True)
    assert (found.state, found.severity, found.on_file) == ("EXPIRED", "medium", "HAS_CARD")
    assert found.reason.endswith("Point the plan at the other card: card ending 1881.")


def test_an_expired_other_card_does_not_help():
    cards = [card("2026-10-31"), card("2026-09-30", is_default=False)]
    assert look(cards, obliged=True).severity is Severity.CRITICAL


def test_the_card_that_is_charged_is_looked_at_not_the_default_one():
    default, charged = card("2029-05-31"), card("2026-10-31", is_default=False)
    assert look([default, charged], charged_card_id=charged.id).card == charged
    assert look([default, charged]).state is CardState.HAS_CARD


def test_of_several_charged_cards_the_worst_is_told():
    ends, gone = card("2026-12-31"), card("2026-10-31", is_default=False)
    found = look([ends, gone], [draft("2026-12-15", card_id=gone.id)], charged_card_id=ends.id)
    assert (found.card, found.at_risk_cents) == (gone, 149_00)


def test_a_new_expiry_from_the_updater_is_clear_and_a_closed_card_is_not_valid():
    assert look([card("2026-10-31", updater="updated")], obliged=True).state is CardState.HAS_CARD
    closed = look([card("2029-10-31", updater="closed")], [draft("2026-12-20")], obliged=True)
    assert (closed.state, closed.severity, closed.at_risk_cents) == ("INVALID", "critical", 149_00)


def test_a_bank_account_has_no_expiry():
    found = look([card(None, kind="bank")], [draft("2026-12-20")], obliged=True)
    assert (found.state, found.severity, found.alert) == (CardState.BANK_ONLY, None, False)


def test_an_unreadable_expiry_is_unknown_never_fine():
    found = look([card(None, expiry_text="13/2x")])
    assert (found.state, found.severity, found.on_file) == ("UNKNOWN", "unknown", "UNKNOWN")
    assert "13/2x" in found.reason


def test_no_card_is_an_alert_only_when_something_is_to_be_paid():
    assert look([], obliged=True).severity is Severity.HIGH
    quiet = look([])
    assert (quiet.state, quiet.severity, quiet.alert) == (CardState.NONE, Severity.NOTE, False)
    near = look([], [draft("2026-11-25")], obliged=True)
    assert (near.severity, near.at_risk_cents) == (Severity.CRITICAL, 149_00)


def test_a_removed_card_is_no_card():
    assert look([card(active=False)], obliged=True).state is CardState.NONE


def test_a_guarantor_s_card_pays_for_the_family():
    found = look([], obliged=True, guarantor_cards=[card()])
    assert (found.state, found.severity) == (CardState.VIA_GUARANTOR, None)
    assert look([], obliged=True, guarantor_cards=[card("2026-10-31")]).state is CardState.NONE


def test_a_patient_without_a_processor_record_is_not_linked_rather_than_without_card():
    found = look([], linked=False, obliged=True)
    assert (found.state, found.severity, found.alert) == (CardState.NOT_LINKED, Severity.UNKNOWN, True)


def test_without_a_fresh_source_of_cards_nothing_is_fine():
    assert look([card()], known=False).state is CardState.UNKNOWN
    assert look([], known=False, obliged=True).severity is Severity.UNKNOWN
    assert look([card("2026-10-31")], known=False).state is CardState.EXPIRED


def test_the_sentence_names_card_end_and_draft():
    found = look([card("2026-11-30")], [draft("2026-12-03")])
    assert found.reason == "Card ending 4242 ends Nov 30; next draft $149 on Dec 3. Ask for the new card."
    assert found.evidence == (("card", found.card.external_id), ("membership", "M1"))


def test_a_next_draft_that_still_goes_through_keeps_it_high():
    found = look([card("2026-11-30")], [draft("2026-11-28"), draft("2026-12-01")], "2026-11-25")
    assert (found.severity, found.next_draft_on) == (Severity.HIGH, day("2026-11-28"))
