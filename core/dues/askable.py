"""What may be asked of a patient now, and what is left out and why: the one place that decides it (DOMAIN §3). Pure.

Every way of asking goes through here: the line to say, collect now, one link, an invoice, ask all, a blast, a reminder, a
declined draft charged again. Never asked for: what is disputed, tried again by itself, on its way from the bank,
promised for a day still to come, asked for by an open link already, or may have been paid at the desk.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from core.dates import short_day
from core.dues.missing import DueItem, disputes, is_disputed, open_cents
from core.dues.possible_matches import Due, match_sentence
from core.ledger.facts import EntryFacts
from core.money import short_dollars

DISPUTED = "The payer disputes this at the bank. Nobody may ask for it until that is settled."
Contract = tuple[str, str]  # ("plan", id), ("membership", id); ACCOUNT: everything else
ACCOUNT: Contract = ("", "")


class Why(StrEnum):
    DISPUTED = "disputed"
    RETRIED = "tried again by itself"
    DESK = "may be paid at the desk"
    PENDING = "on its way from the bank"
    PROMISED = "promised"
    LINKED = "asked for by an open link"


class LeftOut(NamedTuple):
    """cents of one due item that must not be asked for now; sentence: why, for the desk."""

    why: Why
    cents: int
    sentence: str


class OpenAsk(NamedTuple):
    """A link the patient can still pay. cents: of it not paid yet. due_kind, due_ref: the due item it names; ("plan", id):
    all a plan is behind; ("", ""): an invoice. kind "charge": a card on file is being charged for it. made_on: the local day it was sent or made."""

    link_id: int
    kind: str
    cents: int
    due_kind: str
    due_ref: str
    membership_ref: str
    made_on: date
    sent: bool


class Promised(NamedTuple):
    """cents promised on a contract and not come yet. due_on: local, still to come."""

    cents: int
    due_on: date


@dataclass(frozen=True, slots=True)
class Held:
    """What stands against asking. pending: cents on their way by contract (ACCOUNT: tied to nothing)."""

    today: date
    matches: Mapping[Due, EntryFacts] = field(default_factory=dict)
    pending: Mapping[Contract, int] = field(default_factory=dict)
    promised: Mapping[Contract, Promised] = field(default_factory=dict)
    links: Sequence[OpenAsk] = ()


class ItemAsk(NamedTuple):
    """cents: what may be asked for this item now; with what is left out they sum to what is open of it."""

    item: DueItem
    contract: Contract
    cents: int
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """items: every open due item, oldest first. account_cents: what else the account owes now and may be asked for
    (old balances, today's visit); account_left_out: what of that is on its way or asked for already."""

    items: tuple[ItemAsk, ...] = ()
    account_cents: int = 0
    account_left_out: tuple[LeftOut, ...] = ()

    @property
    def cents(self) -> int:
        return sum(one.cents for one in self.items) + self.account_cents

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return (*(out for one in self.items for out in one.left_out), *self.account_left_out)

    def of(self, due: Due) -> ItemAsk | None:
        """What may be asked for one item, None for one that is not open."""
        return next((one for one in self.items if (one.item.kind, one.item.id) == due), None)

    def of_contract(self, contract: Contract) -> tuple[ItemAsk, ...]:
        return tuple(one for one in self.items if one.contract == contract)


def askable(items: Iterable[DueItem], held: Held, *, account_cents: int = 0) -> Asking:
    """Take everything that must not be asked for off the open items, each cent once.

    account_cents: what the account owes now beside these items. Money on its way that is tied to a contract is that
    contract's, its own item first; what is tied to nothing takes from the oldest item of all.
    """
    ordered = sorted((one for one in items if open_cents(one)), key=lambda one: (one.due_on, one.id))
    pool = _Pools(held)
    room = [_Room(one, contract_of(one), open_cents(one), []) for one in ordered]
    for one in room:
        _by_itself(one, held)
        pool.note_disputes(one)
    for one in room:
        pool.take_tied(one)
    for one in room:
        pool.take_loose(one)
    account = _Room(None, ACCOUNT, max(0, account_cents), [])
    pool.take_loose(account)
    return Asking(
        tuple(ItemAsk(one.item, one.contract, one.cents, tuple(one.out)) for one in room if one.item),
        account.cents,
        tuple(account.out),
    )


def contract_of(item: DueItem) -> Contract:
    """Whose money an item is."""
    if item.kind == "membership":
        return "membership", item.id.rpartition(":")[0]
    return item.contract


def because(left_out: Sequence[LeftOut]) -> str:
    """`Not asked for: $200 is on its way from the bank, $149 is promised.` Empty when nothing is left out."""
    sums: dict[Why, int] = {}
    for one in left_out:
        sums[one.why] = sums.get(one.why, 0) + one.cents
    words = (f"{short_dollars(cents)} {_IS[why]}" for why, cents in sums.items())
    return f"Not asked for: {', '.join(words)}." if sums else ""


_IS = {
    Why.DISPUTED: "is disputed",
    Why.RETRIED: "is tried again by itself",
    Why.DESK: "may be paid at the desk",
    Why.PENDING: "is on its way from the bank",
    Why.PROMISED: "is promised",
    Why.LINKED: "is asked for by an open link",
}


@dataclass(slots=True)
class _Room:
    """An open item while things are taken off it; item None: the account itself."""

    item: DueItem | None
    contract: Contract
    cents: int
    out: list[LeftOut]

    def take(self, why: Why, cents: int, sentence: str) -> int:
        taken = min(self.cents, cents)
        if taken > 0:
            self.cents -= taken
            self.out.append(LeftOut(why, taken, sentence))
        return taken


def _by_itself(room: _Room, held: Held) -> None:
    """What the item alone tells: disputed, tried again, maybe paid at the desk."""
    item = room.item
    assert item is not None
    if is_disputed(item):
        room.take(Why.DISPUTED, room.cents, DISPUTED)
    if item.retry_on is not None and item.retry_on >= held.today:
        day = short_day(item.retry_on, held.today)
        words = f"The processor tries this again by itself on {day}. Asking now could take it twice."
        room.take(Why.RETRIED, room.cents, words)
    row = held.matches.get((item.kind, item.id))
    if row is not None:
        room.take(Why.DESK, row.amount_cents, match_sentence(row, held.today))


class _Pools:
    """Money that stands against asking, handed out to the items: each cent once."""

    def __init__(self, held: Held) -> None:
        self.today = held.today
        self.pending = dict(held.pending)
        self.promised = {key: one.cents for key, one in held.promised.items()}
        self.days = {key: one.due_on for key, one in held.promised.items()}
        self.links = [[one, one.cents] for one in held.links]
        self.disputed: dict[Contract, dict[int, int]] = {}
        self.disputes_taken: dict[Contract, int] = {}

    def note_disputes(self, room: _Room) -> None:
        """What is disputed is an amount, and other money may have paid part of the item it stands at since."""
        if room.item is not None and is_disputed(room.item):
            mine = self.disputed.setdefault(room.contract, {})
            mine.update((p.id, p.pays_cents) for p in room.item.attempts if disputes(p))
            taken = sum(out.cents for out in room.out if out.why is Why.DISPUTED)
            self.disputes_taken[room.contract] = self.disputes_taken.get(room.contract, 0) + taken

    def take_tied(self, room: _Room) -> None:
        if room.contract != ACCOUNT:
            left = sum(self.disputed.get(room.contract, {}).values()) - self.disputes_taken.get(
                room.contract, 0
            )
            if left > 0:
                self.disputes_taken[room.contract] += room.take(Why.DISPUTED, left, DISPUTED)
            self._pending(room, room.contract)
            self._promised(room)
        self._linked(room, lambda ask: self._names(ask, room))

    def take_loose(self, room: _Room) -> None:
        self._pending(room, ACCOUNT)
        if room.contract == ACCOUNT:
            self._linked(room, lambda ask: not ask.due_kind and not ask.membership_ref)

    def _pending(self, room: _Room, contract: Contract) -> None:
        words = "This payment is on its way from the bank. Wait until it has arrived or come back."
        left = self.pending.get(contract, 0)
        self.pending[contract] = left - room.take(Why.PENDING, left, words)

    def _promised(self, room: _Room) -> None:
        left = self.promised.get(room.contract, 0)
        if left > 0:
            day = short_day(self.days[room.contract], self.today)
            self.promised[room.contract] = left - room.take(
                Why.PROMISED, left, f"Promised by {day}; do not ask before."
            )

    def _linked(self, room: _Room, fits) -> None:  # type: ignore[no-untyped-def]  # (OpenAsk) -> bool
        for pair in self.links:
            if pair[1] > 0 and fits(pair[0]):
                pair[1] -= room.take(Why.LINKED, pair[1], link_words(pair[0], self.today))

    def _names(self, ask: OpenAsk, room: _Room) -> bool:
        item = room.item
        if item is None:
            return False
        if ask.due_kind == "plan":
            return room.contract == ("plan", ask.due_ref)
        if ask.due_kind:
            return (ask.due_kind, ask.due_ref) == (item.kind, item.id)
        return bool(ask.membership_ref) and room.contract == ("membership", ask.membership_ref)


def link_words(ask: OpenAsk, today: date) -> str:
    """One sentence about a link that asks for the money already."""
    if ask.kind == "charge":
        return f"The card on file is being charged {short_dollars(ask.cents)} for it now. Wait until that is done."
    name = "invoice" if ask.kind == "invoice" else "payment link"
    days = (today - ask.made_on).days
    when = "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"
    how = "sent" if ask.sent else "made"
    return f"There is an open {name} for {short_dollars(ask.cents)}, {how} {when}. Send that one again or replace it."
