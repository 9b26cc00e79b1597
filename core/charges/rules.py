"""Which card on file may be charged for what, and what to do after a decline. Pure."""

from dataclasses import dataclass
from datetime import date

from core.dates import short_day
from core.money import dollars, short_dollars
from core.payments.card_on_file import Scope
from core.payments.reasons import reason_of

LONGEST_WORDING = 1_500


@dataclass(frozen=True, slots=True)
class Terms:
    """An authorization as the rules see it. until, today: local dates. ended: a person took it back."""

    card_ref: str
    scope: str
    cap_cents: int
    until: date | None
    ended: bool
    due: tuple[str, str] = ("", "")


def why_not_under(terms: Terms, *, due: tuple[str, str], card_ref: str, cents: int, today: date) -> str:
    """Why this charge does not stand under an authorization, in a sentence; "" when it does."""
    if terms.ended:
        return "This authorization was ended. Ask the patient for a new one."
    if terms.until is not None and today > terms.until:
        return (
            f"This authorization held until {short_day(terms.until, today)}. Ask the patient for a new one."
        )
    if card_ref != terms.card_ref:
        return "The patient allowed another card. Charge that one, or ask for a new authorization."
    if terms.scope == Scope.MISSED and due[0] not in ("instalment", "membership", "plan"):
        return "The patient allowed missed payments of plans and memberships only."
    if terms.scope == Scope.ONE_DEBT and due != terms.due:
        return "The patient allowed this card for another debt only."
    if cents > terms.cap_cents:
        return f"The patient allowed up to {short_dollars(terms.cap_cents)} a charge."
    return ""


def initiation_of(*, patient_asks: bool, soft_decline_of_same_card: bool) -> str:
    """The card networks' word for who began a charge (Fortis `initiation_type`): C101 the cardholder, with a card on
    file; M208 the merchant, trying again what was declined for want of funds; M101 the merchant, unscheduled."""
    if patient_asks:
        return "C101"
    return "M208" if soft_decline_of_same_card else "M101"


def first_wording(practice: str, last_four: str, scope: str, cap_cents: int, until: date | None) -> str:
    """The words a patient is asked to agree to; the desk may change them before it records a yes."""
    for_what = {
        Scope.MISSED: "payments of my plan or membership that were missed",
        Scope.ALL_DUE: "amounts that are due for my care",
    }.get(Scope(scope), "the amount named here")
    ends = f" This holds until {until:%B} {until.day}, {until.year}." if until else ""
    return (
        f"I allow {practice} to keep my card ending {last_four or '????'} with its card processor and to charge it for "
        f"{for_what}, up to {dollars(cap_cents)} a charge. I get a receipt each time.{ends} "
        "I can end this at any time by telling the practice. Changes are told to me at least 7 days before."
    )


def next_step(reason_code: str) -> str:
    """What to do after a decline, by its class."""
    why = reason_of(reason_code)
    if why.stops:
        return "Do not charge or ask again; talk with the patient first."
    if why.hard:
        return "Ask for a new card: this one will not be taken again."
    return f"{why.advice} It may be tried {why.tries} times in all."
