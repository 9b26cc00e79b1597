"""Will the card on file pay the next draft, and is there one at all? (DOMAIN §1 and §2)

Pure: facts and today in, one finding out. Words of `kind` and `updater` are those of core/cards/models.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from core.dates import short_day
from core.money import short_dollars
from core.payments.facts import Draft
from core.severity import RANK, Severity

ENDS_SOON_DAYS = 45
DRAFTS_AHEAD_DAYS = 60
NEXT_DRAFT_IS_NEAR_DAYS = 7
ASK_NEW_CARD, ASK_FIRST_CARD = "Ask for the new card.", "Ask for one."


class CardFacts(NamedTuple):
    """One card or bank account. expires_on: last day of the expiry month; None on a card = unreadable."""

    id: int
    external_id: str
    kind: str
    brand: str | None
    last_four: str | None
    expires_on: date | None
    expiry_text: str | None
    is_default: bool
    active: bool
    updater: str


class CardState(StrEnum):
    EXPIRED = "EXPIRED"
    EXPIRING = "EXPIRING"
    INVALID = "INVALID"
    UNKNOWN = "UNKNOWN"
    HAS_CARD = "HAS_CARD"
    VIA_GUARANTOR = "VIA_GUARANTOR"
    BANK_ONLY = "BANK_ONLY"
    EXPIRED_ONLY = "EXPIRED_ONLY"
    NONE = "NONE"
    NOT_LINKED = "NOT_LINKED"


GOOD = frozenset({CardState.HAS_CARD, CardState.VIA_GUARANTOR, CardState.BANK_ONLY})


@dataclass(frozen=True, slots=True)
class CardFinding:
    """state: what is wrong with the card looked at, else the word of §2; on_file: always the word of §2.

    next_draft_on, next_draft_cents: the next thing charged to it. at_risk_cents: drafts of the next 60 days that
    this card will not pay (0 when that is unknown: see state).
    alert: a person has to do something. evidence: (table, external id) of the rows it rests on.
    """

    state: CardState
    on_file: CardState
    severity: Severity | None
    reason: str
    card: CardFacts | None
    next_draft_on: date | None
    at_risk_cents: int
    alert: bool
    evidence: tuple[tuple[str, str], ...]
    next_draft_cents: int | None = None


def judge_card(
    cards: Sequence[CardFacts],
    drafts: Sequence[Draft],
    today: date,
    *,
    obliged: bool,
    linked: bool,
    charged_card_id: int | None = None,
    guarantor_cards: Sequence[CardFacts] = (),
    others_cards: Sequence[CardFacts] = (),
    known: bool = True,
) -> CardFinding:
    """What to say about a patient's card today (local date), DOMAIN §1 and §2.

    obliged: an active plan or membership, or the practice wants a card of everyone scheduled.
    others_cards: what is charged for them and is neither theirs nor their guarantor's; nothing else of it counts.
    linked: some processor record is joined to the patient. known: there is a source of cards, and not too old a one;
    without it a card that was bad is still said to be bad, but nothing is said to be fine.
    Looks at every card that something charges, worst first; where nothing names a card, at the default one.
    """
    on_file = _on_file(cards, guarantor_cards, today, linked=linked)
    if not known and on_file is not CardState.EXPIRED_ONLY:
        on_file = CardState.UNKNOWN
    looked_at = _looked_at(cards, (*guarantor_cards, *others_cards), drafts, charged_card_id, today)
    worst: CardFinding | None = None
    for card in looked_at:
        state = card_state(card, drafts, today)
        if state is None:
            continue
        found = _judge_one(card, state, on_file, cards, guarantor_cards, drafts, today, obliged)
        if worst is None or _order(found) < _order(worst):
            worst = found
    if worst is not None:
        return worst
    if on_file in GOOD:
        card = looked_at[0] if looked_at else None
        return CardFinding(on_file, on_file, None, "", card, _next_on(drafts, today), 0, False, ())
    return _nothing_on_file(on_file, drafts, today, obliged=obliged)


def is_usable(card: CardFacts, today: date) -> bool:
    """Active, not closed by the updater, and good through `today` (DOMAIN §1). Unreadable expiry: not known to be."""
    if not card.active or card.updater == "closed":
        return False
    if card.kind == "bank" or card.updater == "updated":
        return True
    return card.expires_on is not None and today <= card.expires_on


def card_state(card: CardFacts, drafts: Sequence[Draft], today: date) -> CardState | None:
    """What is wrong with one card, or None: INVALID, UNKNOWN, EXPIRED or EXPIRING (DOMAIN §1)."""
    if not card.active or card.updater == "closed":
        return CardState.INVALID
    if card.kind == "bank" or card.updater == "updated":
        return None
    ends = card.expires_on
    if ends is None:
        return CardState.UNKNOWN
    if today > ends:
        return CardState.EXPIRED
    if (ends - today).days <= ENDS_SOON_DAYS:
        return CardState.EXPIRING
    last = today + timedelta(days=DRAFTS_AHEAD_DAYS)
    if ends < last and any(_charges(draft, card) and ends < draft.on <= last for draft in drafts):
        return CardState.EXPIRING
    return None


def _charges(draft: Draft, card: CardFacts) -> bool:
    return draft.card_id is None or draft.card_id == card.id


def _on_file(
    cards: Sequence[CardFacts],
    guarantor_cards: Sequence[CardFacts],
    today: date,
    *,
    linked: bool,
) -> CardState:
    """The word of DOMAIN §2. Cards that were removed count for nothing."""
    bank = unread = ended = False
    for card in cards:
        if is_usable(card, today):
            if card.kind != "bank":
                return CardState.HAS_CARD
            bank = True
        elif card.active and card.updater != "closed" and card.expires_on is None:
            unread = True
        elif card.active:
            ended = True
    by_guarantor = [card.kind for card in guarantor_cards if is_usable(card, today)]
    if by_guarantor and (not bank or "card" in by_guarantor):
        return CardState.VIA_GUARANTOR
    if bank:
        return CardState.BANK_ONLY
    if unread:
        return CardState.UNKNOWN
    if ended:
        return CardState.EXPIRED_ONLY
    return CardState.NONE if linked else CardState.NOT_LINKED


def _looked_at(
    cards: Sequence[CardFacts],
    cards_of_others: Sequence[CardFacts],
    drafts: Sequence[Draft],
    charged_card_id: int | None,
    today: date,
) -> list[CardFacts]:
    """The cards that are charged; else the default one; else the one that would be used."""
    charged = {draft.card_id for draft in drafts if draft.card_id is not None and draft.on >= today}
    if charged_card_id is not None:
        charged.add(charged_card_id)
    if charged:
        named = [card for card in (*cards, *cards_of_others) if card.id in charged]
        if named:
            return named
    there = [card for card in cards if card.active]
    if not there:
        return []
    chosen = next((card for card in there if card.is_default), None)
    return [chosen or next((card for card in there if is_usable(card, today)), there[0])]


def _judge_one(
    card: CardFacts,
    state: CardState,
    on_file: CardState,
    cards: Sequence[CardFacts],
    guarantor_cards: Sequence[CardFacts],
    drafts: Sequence[Draft],
    today: date,
    obliged: bool,
) -> CardFinding:
    ahead = _ahead([draft for draft in drafts if _charges(draft, card)], today)
    failing = ahead if state is not CardState.EXPIRING else [d for d in ahead if _after(card, d)]
    other = _other_usable(card, (*cards, *guarantor_cards), today)
    if state is CardState.UNKNOWN:
        failing, severity, alert = [], Severity.UNKNOWN, True
    else:
        severity = _severity(state, ahead, failing, today, obliged=obliged)
        # a card that ended long ago and pays for nothing is a quiet note: nobody needs to be chased for it (§2)
        alert = obliged or bool(failing) or state is CardState.EXPIRING
        if other is not None:
            severity = Severity.MEDIUM
    return CardFinding(
        state,
        on_file,
        severity,
        _sentence(card, state, ahead, failing, other, today, obliged=obliged),
        card,
        ahead[0].on if ahead else None,
        sum(draft.cents for draft in failing),
        alert,
        (("card", card.external_id), *dict.fromkeys((draft.kind, draft.source_id) for draft in failing)),
        ahead[0].cents if ahead else None,
    )


def _ahead(drafts: Sequence[Draft], today: date) -> list[Draft]:
    """The drafts of the next 60 days, soonest first."""
    last = today + timedelta(days=DRAFTS_AHEAD_DAYS)
    return sorted((draft for draft in drafts if today <= draft.on <= last), key=lambda draft: draft.on)


def _after(card: CardFacts, draft: Draft) -> bool:
    return card.expires_on is not None and draft.on > card.expires_on


def _severity(
    state: CardState, ahead: list[Draft], failing: list[Draft], today: date, *, obliged: bool
) -> Severity:
    """DOMAIN §1. A closed card is as bad as an expired one; neither pays anything any more."""
    if obliged and state is not CardState.EXPIRING:
        return Severity.CRITICAL
    if failing and ahead[0] is failing[0] and (ahead[0].on - today).days <= NEXT_DRAFT_IS_NEAR_DAYS:
        return Severity.CRITICAL
    return Severity.HIGH if failing else Severity.MEDIUM


def _other_usable(card: CardFacts, all_cards: Sequence[CardFacts], today: date) -> CardFacts | None:
    """Another card that could be charged instead: the default first, then the one that lasts longest."""
    others = [other for other in all_cards if other.id != card.id and is_usable(other, today)]
    return max(others, key=lambda c: (c.is_default, c.expires_on or date.max), default=None)


def _order(found: CardFinding) -> tuple[int, int, int]:
    return (
        RANK[found.severity] if found.severity else len(RANK),
        -found.at_risk_cents,
        found.card.id if found.card else 0,
    )


def card_name(card: CardFacts) -> str:
    """`Card ending 4242`, `Bank account ending 6789`: never more of a number than its last four (DOMAIN §13)."""
    what = "Bank account" if card.kind == "bank" else "Card"
    return f"{what} ending {card.last_four}" if card.last_four else f"{what} on file"


def _sentence(
    card: CardFacts,
    state: CardState,
    ahead: list[Draft],
    failing: list[Draft],
    other: CardFacts | None,
    today: date,
    *,
    obliged: bool,
) -> str:
    name = card_name(card)
    if state is CardState.UNKNOWN:
        text = f" (“{card.expiry_text}”)" if card.expiry_text else ""
        return f"{name} has no readable end date{text}. Look at it in the processor."
    if state is CardState.INVALID:
        what = "was closed by the bank" if card.updater == "closed" else "was removed at the processor"
    else:
        assert card.expires_on is not None
        what = f"{'ended' if state is CardState.EXPIRED else 'ends'} {short_day(card.expires_on, today)}"
    draft = ""
    if failing:  # the next draft may still go through, and a later one fail
        what_fails = "next draft" if failing[0] is ahead[0] else "it will fail the draft of"
        draft = f"; {what_fails} {short_dollars(failing[0].cents)} on {short_day(failing[0].on, today)}"
    if other is None:
        return f"{name} {what}{draft}. {ASK_NEW_CARD}"
    instead = card_name(other)
    advice = "Point the plan at the other card" if obliged or failing else "The other one on file is good"
    return f"{name} {what}{draft}. {advice}: {instead[0].lower()}{instead[1:]}."


def _next_on(drafts: Sequence[Draft], today: date) -> date | None:
    return min((draft.on for draft in drafts if draft.on >= today), default=None)


def _nothing_on_file(
    on_file: CardState, drafts: Sequence[Draft], today: date, *, obliged: bool
) -> CardFinding:
    """No card that could be judged: an alert when something is to be paid with it, else a quiet note (DOMAIN §2)."""
    ahead = _ahead(drafts, today)
    next_on, next_cents = (ahead[0].on, ahead[0].cents) if ahead else (None, None)
    evidence = tuple(dict.fromkeys((draft.kind, draft.source_id) for draft in ahead))
    if on_file in (CardState.NOT_LINKED, CardState.UNKNOWN):
        linking = on_file is CardState.NOT_LINKED
        reason = (
            "No processor record is linked to this patient, so nobody can say whether a card is on file."
            if linking
            else "No source of cards is connected or it is too long since it answered, so nobody can say whether a card is on file."
        )
        return CardFinding(
            on_file,
            on_file,
            Severity.UNKNOWN,
            reason,
            None,
            next_on,
            0,
            linking and obliged,
            evidence,
            next_cents,
        )
    at_risk = sum(draft.cents for draft in ahead)
    if not (obliged or ahead):
        return CardFinding(on_file, on_file, Severity.NOTE, "No card on file.", None, None, 0, False, ())
    near = next_on is not None and (next_on - today).days <= NEXT_DRAFT_IS_NEAR_DAYS
    reason = f"No card on file. {ASK_FIRST_CARD}"
    if ahead:
        reason = f"No card on file; next draft {short_dollars(ahead[0].cents)} on {short_day(ahead[0].on, today)}. {ASK_FIRST_CARD}"
    severity = Severity.CRITICAL if near else Severity.HIGH
    return CardFinding(on_file, on_file, severity, reason, None, next_on, at_risk, True, evidence, next_cents)
