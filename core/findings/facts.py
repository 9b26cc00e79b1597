"""What the rules read about one patient: put together by gather.py, judged by judge.py."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.booking.facts import BookingFacts
from core.cards.rules import CardFacts
from core.dues.askable import OpenAsk
from core.dues.possible_matches import DeskAnswer
from core.insurance.rules import CoverageFacts
from core.ledger.facts import EntryFacts
from core.memberships.choices import ChoiceFacts
from core.memberships.facts import BenefitFacts, ExtraFacts, Member, MembershipFacts, MembershipPlanFacts
from core.patients.person import Person
from core.payments.facts import PaymentFacts, RecurringFacts
from core.plans.records import PlanRecord
from core.schedule.rules import VisitFacts


@dataclass(slots=True)
class MembershipRecord:
    """pool: the other memberships that share its visits, each with its patient's visits."""

    membership: MembershipFacts
    plan: MembershipPlanFacts
    benefits: list[BenefitFacts]
    extras: list[ExtraFacts] = field(default_factory=list)
    choices: Sequence[ChoiceFacts] = ()
    card_ref: str | None = None
    pool: list[tuple[Member, Sequence[VisitFacts]]] = field(default_factory=list)

    @property
    def member(self) -> Member:
        return Member(self.membership, self.plan, self.benefits, self.extras, self.choices)


@dataclass(slots=True)
class PatientFacts:
    """Everything the rules read about one patient. linked: some processor record is joined to them (DOMAIN §11).

    others_cards: charged for their contracts, and neither theirs nor their guarantor's.

    ledger: the whole account, or empty where it comes out even. recent_ledger: payments of the last 100 days in any
    case, and the charges of the last days. payments: also those that somebody else made for a membership of theirs
    and the refunds of them, and those they made for somebody else's. posted_elsewhere: order ids that stand on another patient's account.
    desk_rows: money of the ledger, and of the accounts of family plans they pay, that no processor explains and that names
    no plan. desk_answers: what a person said about such rows. open_asks: links they can still pay.
    """

    person: Person
    linked: bool = False
    visits: list[VisitFacts] = field(default_factory=list)
    last_done: datetime | None = None
    cards: list[CardFacts] = field(default_factory=list)
    guarantor_cards: list[CardFacts] = field(default_factory=list)
    others_cards: list[CardFacts] = field(default_factory=list)
    recurrings: list[RecurringFacts] = field(default_factory=list)
    plans: list[PlanRecord] = field(default_factory=list)
    memberships: list[MembershipRecord] = field(default_factory=list)
    payments: list[PaymentFacts] = field(default_factory=list)
    ledger: list[EntryFacts] = field(default_factory=list)
    recent_ledger: list[EntryFacts] = field(default_factory=list)
    posted_elsewhere: set[str] = field(default_factory=set)
    desk_rows: list[EntryFacts] = field(default_factory=list)
    desk_answers: list[DeskAnswer] = field(default_factory=list)
    open_asks: list[OpenAsk] = field(default_factory=list)
    coverages: list[CoverageFacts] = field(default_factory=list)
    bookings: list[BookingFacts] = field(default_factory=list)
