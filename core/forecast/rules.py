"""What the coming weeks bring in, and what of it will probably fail (DOMAIN §1, §4, §5). Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from core.cards.rules import CardFacts, card_name, is_usable
from core.dates import ONE_DAY, short_day
from core.payments.facts import Draft


class Risk(StrEnum):
    """Why a coming draft will probably fail, the first that fits; UNKNOWN is neither good nor bad."""

    CARD_CLOSED = "CARD_CLOSED"
    CARD_EXPIRED = "CARD_EXPIRED"
    CARD_ENDS_BEFORE = "CARD_ENDS_BEFORE"
    NO_CARD = "NO_CARD"
    DECLINED_LAST_TIME = "DECLINED_LAST_TIME"
    UNKNOWN = "UNKNOWN"


class Wallet(NamedTuple):
    """Where drafts of one person come from. linked: some processor record is joined to them, or no processor is there.

    known: there is a source of cards, and not too old a one.
    """

    cards: Sequence[CardFacts]
    guarantor_cards: Sequence[CardFacts]
    linked: bool
    known: bool


class Verdict(NamedTuple):
    """risk None = will probably be paid. why: one clause for the desk."""

    risk: Risk | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class IncomingRow:
    """One payment to come. by_hand: nothing charges it by itself. kind: plan, membership or recurring; source_id: the
    external id of that row. key, patient_id, patient: who pays. risk None = will probably be paid."""

    on: date
    cents: int
    kind: str
    source_id: str
    by_hand: bool
    risk: Risk | None
    why: str
    key: int
    patient_id: str
    patient: str


class Sum(NamedTuple):
    """first, last: the local days it covers, both included. Of `cents`, will_fail and unknown cents are parts."""

    first: date
    last: date
    cents: int
    will_fail_cents: int
    unknown_cents: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """What comes in from `first` (today) through `last`, soonest first. Amounts in cents, dates local."""

    first: date
    last: date
    rows: tuple[IncomingRow, ...]

    @property
    def total(self) -> Sum:
        return summed(self.rows, self.first, self.last)

    def by_day(self) -> list[Sum]:
        """Every day of the window, also those with nothing."""
        on: dict[date, list[IncomingRow]] = {}
        for row in self.rows:
            on.setdefault(row.on, []).append(row)
        days = (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))
        return [summed(on.get(day, ()), day, day) for day in days]

    def by_week(self) -> list[Sum]:
        """Seven days at a time from today on; the last one may be shorter."""
        days = self.by_day()
        weeks = (days[start : start + 7] for start in range(0, len(days), 7))
        return [Sum(week[0].first, week[-1].last, *_added(week)) for week in weeks]


def summed(rows: Iterable[IncomingRow], first: date, last: date) -> Sum:
    cents = failing = unknown = 0
    for row in rows:
        cents += row.cents
        if row.risk is Risk.UNKNOWN:
            unknown += row.cents
        elif row.risk is not None:
            failing += row.cents
    return Sum(first, last, cents, failing, unknown)


def _added(sums: Sequence[Sum]) -> tuple[int, int, int]:
    return (
        sum(one.cents for one in sums),
        sum(one.will_fail_cents for one in sums),
        sum(one.unknown_cents for one in sums),
    )


def judge_draft(
    draft: Draft, wallet: Wallet, named: Mapping[int, CardFacts], declined_on: date | None, today: date
) -> Verdict:
    """Whether a coming draft will probably be paid on its day (local).

    named: cards by store id, for a draft that names one. declined_on: its last attempt failed that day and nothing
    was paid since. Another usable card changes nothing: the processor charges the one that it was told.
    """
    card = named.get(draft.card_id) if draft.card_id is not None else None
    card = card or _would_charge(wallet, draft.on)
    if not wallet.known:
        verdict = Verdict(Risk.UNKNOWN, "no source of cards answered lately")
    elif card is None:
        verdict = (
            Verdict(Risk.NO_CARD, "no card on file")
            if wallet.linked
            else Verdict(Risk.UNKNOWN, "no processor record is linked to this patient")
        )
    else:
        verdict = _on_that_day(card, draft.on, today)
    if verdict.risk is None and declined_on is not None:
        return Verdict(
            Risk.DECLINED_LAST_TIME, f"declined on {short_day(declined_on, today)}, not paid since"
        )
    return verdict


def _would_charge(wallet: Wallet, on: date) -> CardFacts | None:
    """The card that is charged where nothing names one: the default, else one that is good that day, else any."""
    there = [card for card in wallet.cards if card.active]
    default = next((card for card in there if card.is_default), None)
    usable = [card for card in (*there, *wallet.guarantor_cards) if is_usable(card, on)]
    return default or next(iter(usable or there), None)


def _on_that_day(card: CardFacts, on: date, today: date) -> Verdict:
    name = card_name(card)
    if not card.active or card.updater == "closed":
        return Verdict(Risk.CARD_CLOSED, f"{name} was closed or removed")
    if is_usable(card, on):
        return Verdict(None)
    if card.expires_on is None:
        return Verdict(Risk.UNKNOWN, f"{name} has no readable end date")
    if card.expires_on < today:
        return Verdict(Risk.CARD_EXPIRED, f"{name} ended {short_day(card.expires_on, today)}")
    return Verdict(Risk.CARD_ENDS_BEFORE, f"{name} ends {short_day(card.expires_on, today)}")


def window(today: date, days: int) -> tuple[date, date]:
    """First and last day of the next `days` days, today included."""
    return today, today + ONE_DAY * (days - 1)
