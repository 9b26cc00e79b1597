"""What failed on the old card and may be paid with the new one, for the patient who types it (DOMAIN §3)."""

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from core.dues.missing import MissingReason
from core.findings.owed import owed
from core.links.models import Link
from core.links.pay_links import missing_of
from core.money import dollars
from core.patients.models import Patient
from core.staff.reports import practice_name

_DECLINED = (MissingReason.DECLINED_HARD, MissingReason.DECLINED_SOFT)


class Failed(NamedTuple):
    """cents of one debt (kind, ref) whose last try was declined and which may be asked for now."""

    due: tuple[str, str]
    cents: int


def failed_payment(session: Session, link: Link, as_of: datetime) -> Failed | None:
    """The oldest payment that failed and may be asked for now; None where there is none. as_of: aware UTC."""
    patient = session.get_one(Patient, link.patient_id)
    declined = {
        (one.kind, one.id)
        for one in owed(session, patient, as_of).judged.missing
        if one.reason in _DECLINED and one.ask_cents > 0
    }
    if not declined:
        return None
    for one in missing_of(session, None, link.patient_id, as_of):
        if (one.kind, one.ref) in declined and not one.hold and one.cents > 0:
            return Failed((one.kind, one.ref), one.cents)
    return None


def words_agreed(session: Session, cents: int) -> str:
    """What the patient agrees to by the tick on the page, as it is kept."""
    return f"Also pay {practice_name(session)} the {dollars(cents)} that failed, once, with the card I enter now."
