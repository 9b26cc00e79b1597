"""What may be invoiced, and for how much: only the patient's own open part, never the insurer's (issue: quick invoice)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from core.dates import short_day
from core.errors import BadInput
from core.ledger.facts import EntryFacts
from core.money import short_dollars
from core.secrets import has_card_number

MOST_LINES = 300  # Fortis §8
MOST_CENTS = 999_999_999
DUE_DAYS = 14


class Charge(NamedTuple):
    """A posted charge that could be invoiced. open_cents: of it neither paid nor asked for on another invoice."""

    entry_id: int
    external_id: str
    posted_on: date
    name: str
    amount_cents: int
    open_cents: int
    service_id: int | None = None


class ServiceChoice(NamedTuple):
    """A service of the price list. price_cents None: the practice has given it no price."""

    service_id: int
    code: str
    name: str
    price_cents: int | None


class TodaysVisit(NamedTuple):
    """What today's visit will add to the patient's part, before the EHR has charged it: an estimate where an insurer pays
    a part. beyond: how it stands to a membership, "visit 5 of 4"."""

    appointment_id: int
    name: str
    on: date
    cents: int
    beyond: str = ""


class Choice(NamedTuple):
    """One ticked line: a posted charge, a service of the list, or today's visit. cents None = in full. advance: more is
    meant."""

    entry_id: int | None = None
    service_id: int | None = None
    cents: int | None = None
    advance: bool = False
    visit_id: int | None = None


class DraftLine(NamedTuple):
    """One line as it will stand on the invoice. full_cents: what is open of it; left_cents: what stays open after."""

    name: str
    cents: int
    full_cents: int
    entry_id: int | None
    service_id: int | None
    served_on: date | None
    advance: bool

    @property
    def left_cents(self) -> int:
        return max(0, self.full_cents - self.cents)


class Ask(NamedTuple):
    """A line of another invoice that still counts. cents: asked for on it; posted: its payment stands in the ledger."""

    entry_id: int
    cents: int


def live_asks(
    lines: Sequence[tuple[int | None, int]], *, unpaid_cents: int, unposted_cents: int
) -> list[Ask]:
    """Which cents of an invoice's lines (entry id, cents) are spoken for: what is still asked for, and what was paid
    but is not in the ledger yet. Payments fill the lines from the first on."""
    total = sum(cents for _, cents in lines)
    posted = max(0, total - unpaid_cents - unposted_cents)
    asks = []
    for entry_id, cents in lines:
        settled = min(posted, cents)
        posted -= settled
        if entry_id is not None and cents > settled:
            asks.append(Ask(entry_id, cents - settled))
    return asks


def invoiceable(
    open_charges: Iterable[tuple[EntryFacts, int]],
    asks: Iterable[Ask],
    names: Mapping[int, tuple[str, int | None]],
) -> list[Charge]:
    """The posted charges of a patient of which something can still be asked for, oldest first.

    open_charges: each with what the patient's payments leave open of it (due_items.open_charges). names: service name
    and id by entry id. The insurer's part is left out here once more, whatever the caller read.
    """
    spoken_for: dict[int, int] = {}
    for ask in asks:
        spoken_for[ask.entry_id] = spoken_for.get(ask.entry_id, 0) + ask.cents
    found = []
    for entry, open_cents in open_charges:
        left = open_cents - spoken_for.get(entry.id, 0)
        if entry.part != "patient" or left <= 0:
            continue
        name, service_id = names.get(entry.id, ("Service", None))
        found.append(
            Charge(
                entry.id, entry.external_id, entry.posted_on, name, abs(entry.amount_cents), left, service_id
            )
        )
    return sorted(found, key=lambda one: (one.posted_on, one.entry_id))


def lines_of(
    choices: Sequence[Choice],
    charges: Sequence[Charge],
    services: Sequence[ServiceChoice],
    *,
    insurer_entries: frozenset[int] = frozenset(),
    visit: TodaysVisit | None = None,
    today: date,
) -> list[DraftLine]:
    """The lines of an invoice, or BadInput with one sentence that says what to do."""
    if not choices:
        raise BadInput("Tick at least one service to invoice.")
    if len(choices) > MOST_LINES:
        raise BadInput(f"An invoice holds up to {MOST_LINES} lines. Make two.")
    by_entry = {charge.entry_id: charge for charge in charges}
    by_service = {service.service_id: service for service in services}
    used: set[int] = set()
    lines = []
    for choice in choices:
        if choice.visit_id is not None:
            lines.append(_of_visit(choice, visit))
        elif choice.entry_id is not None:
            if choice.entry_id in insurer_entries:
                raise BadInput("That is the insurer's part. It is never invoiced to the patient.")
            if choice.entry_id in used:
                raise BadInput("One service is ticked twice. Tick it once.")
            used.add(choice.entry_id)
            lines.append(_of_charge(choice, by_entry.get(choice.entry_id), today))
        else:
            lines.append(_of_service(choice, by_service.get(choice.service_id or 0)))
    if total_cents(lines) > MOST_CENTS:
        raise BadInput("This is more than one invoice can ask for. Split it.")
    return lines


def _of_charge(choice: Choice, charge: Charge | None, today: date) -> DraftLine:
    if charge is None:
        raise BadInput(
            "One of these services is paid or invoiced already. Look at the list again and tick what is left."
        )
    name = f"{charge.name}, {short_day(charge.posted_on, today)}"
    cents = _amount(choice, charge.open_cents, name)
    return DraftLine(
        charge.name,
        cents,
        charge.open_cents,
        charge.entry_id,
        charge.service_id,
        charge.posted_on,
        advance=cents > charge.open_cents,
    )


def _of_visit(choice: Choice, visit: TodaysVisit | None) -> DraftLine:
    if visit is None or visit.appointment_id != choice.visit_id:
        raise BadInput("Today's visit is charged or asked for by now. Look at the list again.")
    cents = _amount(choice, visit.cents, visit.name)
    return DraftLine(visit.name, cents, visit.cents, None, None, visit.on, advance=cents > visit.cents)


def _of_service(choice: Choice, service: ServiceChoice | None) -> DraftLine:
    if service is None:
        raise BadInput("One of these services is not in the service list any more. Pick it again.")
    if service.price_cents is None and choice.cents is None:
        raise BadInput(f"{service.name} has no price in the service list. Type its amount.")
    full = choice.cents if service.price_cents is None else service.price_cents
    cents = _amount(choice, full or 0, service.name)
    return DraftLine(
        service.name, cents, full or 0, None, service.service_id, None, advance=cents > (full or 0)
    )


def _amount(choice: Choice, full_cents: int, name: str) -> int:
    """What a line asks for: the typed amount, or all that is open."""
    cents = full_cents if choice.cents is None else choice.cents
    if cents == 0:
        raise BadInput(
            f"{name}: an amount of $0 cannot be invoiced. Leave it empty for all of it, or untick it."
        )
    if cents < 0:
        raise BadInput(f"{name}: an amount below zero cannot be invoiced. Type what the patient shall pay.")
    if cents > full_cents and not choice.advance:
        raise BadInput(
            f"{name}: {short_dollars(cents)} is more than the {short_dollars(full_cents)} that is open. "
            "Lower it, or mark it as an advance."
        )
    return cents


def total_cents(lines: Iterable[DraftLine]) -> int:
    """What the whole invoice asks for."""
    return sum(line.cents for line in lines)


def left_after(charges: Iterable[Charge], lines: Iterable[DraftLine]) -> int:
    """What of these charges stays open once the lines are paid, in cents."""
    asked = {line.entry_id: line.cents for line in lines if line.entry_id is not None}
    return sum(max(0, charge.open_cents - asked.get(charge.entry_id, 0)) for charge in charges)


def clean_note(note: str) -> str:
    """A note to the patient, without line breaks. Raises BadInput for a card number or one that is too long."""
    words = " ".join(note.split())
    if has_card_number(words):
        raise BadInput("The note holds a card number. Take it out: Huddle never sends or keeps one.")
    if len(words) > 200:
        raise BadInput("The note is too long. Keep it to 200 letters.")
    return words
