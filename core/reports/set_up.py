"""What a practice has not set up yet: the rest of the first run, for the list on the morning."""

from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from core.connections.models import DEMO, EHRS, PROCESSORS, Connection, ConnectionState, Kind
from core.matching.moved import has_moved
from core.messages.registration import registration_of
from core.staff.models import Staff


class SetUpStep(NamedTuple):
    """name: its own, for ever. what: a heading. why: what is missing without it. page: integrations or team. part: which
    part of it, as the address says."""

    name: str
    what: str
    why: str
    page: str
    part: tuple[tuple[str, str], ...] = ()


class SetUp(NamedTuple):
    """missing: in the order to do them. demo: the id of the demo data's connection while it is there."""

    missing: tuple[SetUpStep, ...]
    demo: int | None


_EHR = SetUpStep(
    "ehr",
    "Your EHR's data",
    "Drop an export, watch a folder, or connect Cliniko or FHIR: visits appear.",
    "integrations",
    (("tab", "Your own export"),),
)
_PROCESSOR = SetUpStep(
    "processor",
    "Who takes the cards",
    "Cards on file, payments and declines come from there.",
    "integrations",
)
_EMAIL = SetUpStep("email", "E-mail", "Invoices and links go out from your own mailbox.", "integrations")
_SMS = SetUpStep("sms", "Texts", "Links to pay and to update a card go out as texts.", "integrations")
_MOVE = SetUpStep(
    "move",
    "Moving to Fortis",
    "Cards that came along find their patients; the others are asked for.",
    "integrations",
    (("kit", "moving"),),
)
_REGISTER = SetUpStep(
    "register",
    "Texts in the US",
    "Carriers block texts from numbers that are not registered: texts of blasts wait.",
    "integrations",
    (("kit", "texts"),),
)
_TEAM = SetUpStep("team", "Your team", "Everybody signs in with an account of their own.", "team")


def set_up_of(session: Session) -> SetUp:
    """The steps that are left."""
    rows = session.exec(
        select(Connection.id, Connection.kind, Connection.settings).where(
            Connection.state != ConnectionState.DISCONNECTED
        )
    ).all()
    demo = next((row[0] for row in rows if row[2] == DEMO), None)
    kinds = {row[1] for row in rows if row[2] != DEMO}
    people = session.exec(
        select(func.count()).select_from(Staff).where(col(Staff.disabled_at).is_(None))
    ).one()
    there = {
        _EHR: bool(kinds & set(EHRS)),
        _PROCESSOR: bool(kinds & set(PROCESSORS)),
        _EMAIL: Kind.EMAIL in kinds,
        _SMS: Kind.SMS in kinds,
        _REGISTER: not registration_of(session).holds,
        _MOVE: not (Kind.FORTIS in kinds and len(kinds & set(PROCESSORS)) > 1) or has_moved(session),
        _TEAM: people > 1,
    }
    return SetUp(tuple(step for step, done in there.items() if not done), demo)
