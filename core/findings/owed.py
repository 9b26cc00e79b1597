"""What a patient owes right now, by the same rules as the morning: what a link may ask for."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session

from core import clock
from core.dues.due_items import open_charges
from core.dues.posting_problems import match_ledger, unposted_payments
from core.errors import NotFound
from core.findings.facts import PatientFacts
from core.findings.gather import gather
from core.findings.judge import Judged, Setting, judge
from core.findings.paid_by import on_own_account
from core.findings.setting import setting_of
from core.ledger.facts import EntryFacts
from core.patients.models import Patient
from core.patients.reports import NO_PATIENT, place_of
from core.payments.facts import PaymentFacts
from core.schedule.rules import VisitFacts, VisitStanding, standing


class Owed(NamedTuple):
    """judged: everything the rules found. today is local to time_zone."""

    judged: Judged
    setting: Setting
    today: date
    time_zone: str


def owed(
    session: Session,
    patient: Patient,
    as_of: datetime,
    *,
    besides: int | None = None,
    with_visit: bool = False,
) -> Owed:
    """Run the rules on one patient at an instant (aware UTC). besides: an open link that does not count. with_visit: what
    today's visit will add counts as well. Raises NotFound."""
    place = place_of(session, patient)
    setting = setting_of(session, place, as_of)
    key = patient.id or 0
    session.flush()  # what was just written counts: these are read below the session
    found = gather(session, [key], as_of=as_of, time_zone=place.time_zone, whole=True)
    if key not in found:
        raise NotFound(NO_PATIENT)
    found[key].open_asks = [ask for ask in found[key].open_asks if ask.link_id != besides]
    visit = visit_at_hand(found[key].visits, setting) if with_visit else None
    return Owed(judge(found[key], setting, visit), setting, setting.today, place.time_zone)


def visit_at_hand(visits: Sequence[VisitFacts], setting: Setting) -> VisitFacts | None:
    """Today's first open visit, None without one."""
    today = [one for one in visits if clock.local_date(one.starts_at, setting.time_zone) == setting.today]
    still = [one for one in today if standing(one, setting.as_of) is VisitStanding.OPEN]
    return min(still, key=lambda one: one.starts_at, default=None)


def charges_left(
    facts: PatientFacts, setting: Setting, besides: frozenset[int]
) -> tuple[list[tuple[EntryFacts, int]], list[PaymentFacts]]:
    """The patient's open charges with what is open of each, and the payments the ledger does not have yet.

    besides: ids of payments that belong to an invoice, which pays its own lines and not the oldest charge.
    """
    mine = on_own_account(facts)
    unposted: list[PaymentFacts] = []
    if setting.posts(facts.person.connection_id):
        matched = match_ledger(mine, facts.recent_ledger, setting.as_of)
        unposted = unposted_payments(mine, facts.recent_ledger, setting.as_of, matched=matched)
    loose = [payment for payment in unposted if payment.id not in besides]
    return open_charges(facts.ledger, loose, setting.today), unposted
