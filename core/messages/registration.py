"""Texts in the US: whether the carriers know the practice's texts (10DLC), and the words to register them with.

Since February 2025 carriers block texts from numbers that are not registered; a review takes two to four weeks, and each
failed one is charged. Until it is approved, texts of blasts wait.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.card_numbers import has_card_number
from core.connections.commands import settings_of
from core.connections.models import Connection, ConnectionState, Kind
from core.errors import BadInput
from core.messages import answers
from core.messages.models import TextRegistration
from core.messages.render import first_name, render
from core.permissions import Identity, Permission, require, require_whole
from core.practice.models import Practice
from core.store.version import touch

WAITS = "Waits until the carriers have approved the registration of our texts."
LONGEST = 200
_TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")
_EXAMPLE = {
    "first_name": "Ana",
    "amount": "$149.00",
    "last_four": "4242",
    "expiry": "08/27",
    "link": "https://pay.example/a1b2c3",
    "terms": "I allow the practice to charge my card ending 4242 for missed payments, up to $200.00 a charge.",
}


class RegistrationState(StrEnum):
    """Where it stands."""

    NOT_STARTED = "not started"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"
    NOT_NEEDED = "not needed"


HOLDS = frozenset({RegistrationState.NOT_STARTED, RegistrationState.SUBMITTED, RegistrationState.REFUSED})


class Registration(NamedTuple):
    """connected: whether texts are set up at all. number: what they come from. toll_free: verified by another form."""

    state: RegistrationState
    connected: bool
    number: str
    campaign: str
    reason: str

    @property
    def toll_free(self) -> bool:
        return self.number.startswith(_TOLL_FREE)

    @property
    def holds(self) -> bool:
        """Whether texts of blasts wait for it."""
        return self.connected and self.state in HOLDS


def registration_of(session: Session, practice_id: int = 1) -> Registration:
    """As somebody wrote it down; before that as the number tells: only those of the US and Canada need one."""
    gateway = session.exec(
        select(Connection)
        .where(Connection.kind == Kind.SMS, Connection.state != ConnectionState.DISCONNECTED)
        .order_by(col(Connection.id))
    ).first()
    settings = settings_of(gateway) if gateway else {}
    number = settings.get("from_number", "")
    kept = session.get(TextRegistration, practice_id)
    if kept is not None:
        state = RegistrationState(kept.state)
        return Registration(state, gateway is not None, number, kept.campaign, kept.reason)
    foreign = bool(number) and not number.startswith(("+1", "MG"))
    needed = not foreign and not _on_this_machine(settings.get("base_url", ""))
    state = RegistrationState.NOT_STARTED if needed else RegistrationState.NOT_NEEDED
    return Registration(state, gateway is not None, number, "", "")


def _on_this_machine(address: str) -> bool:
    """Whether a gateway is a stand-in that no carrier is behind."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def record_registration(
    session: Session,
    actor: Identity,
    *,
    state: str,
    campaign: str = "",
    reason: str = "",
) -> None:
    """Write down how far the registration is. Raises NotAllowed; BadInput: no such state, a refusal without its reason."""
    require(actor.role, Permission.MANAGE_CONNECTIONS)
    require_whole(actor, None)
    campaign, reason = (" ".join(text.split())[:LONGEST] for text in (campaign, reason))
    if state not in set(RegistrationState):
        raise BadInput("Choose how far the registration is from the list.")
    if state == RegistrationState.REFUSED and not reason:
        raise BadInput("Copy the reason of the refusal here: what has to change stands in it.")
    if has_card_number(campaign) or has_card_number(reason):
        raise BadInput("This holds a card number. Huddle never keeps one; take it out.")
    if session.get(Practice, actor.practice_id) is None:
        session.add(Practice(id=actor.practice_id))
        session.flush()
    session.merge(
        TextRegistration(
            practice_id=actor.practice_id,
            state=state,
            campaign=campaign,
            reason=reason if state == RegistrationState.REFUSED else "",
            changed_at=clock.now(),
            changed_by=actor.username,
        )
    )
    touch(session)
    record(session, who=actor, action="text registration", subject_kind="practice",
           subject_id=actor.practice_id, detail={"state": state})  # fmt: skip


class CampaignWords(NamedTuple):
    """What the form of the gateway asks for. samples: texts as they go out. All of it is this practice's own."""

    use_case: str
    description: str
    samples: tuple[str, ...]
    opt_in: str
    flow: str
    welcome: str
    help: str
    stop: str
    privacy: str


def campaign_words(head: Mapping[str, str], bodies: Sequence[str]) -> CampaignWords:
    """The words to register with. head: the practice's letterhead. bodies: its own templates of texts.

    Raises BadInput when a template holds an unknown field.
    """
    practice, phone = head["practice"], head["phone"]
    call = f" or call {phone}" if phone else ""
    about = "invoices, payment links, reminders of open payments and requests to update the card on file"
    return CampaignWords(
        use_case="Account notification (low volume, mixed, where your gateway has no such entry)",
        description=(
            f"{practice} is a health care practice. It texts its own patients about their account: {about}. Only patients who "
            "gave their number and agreed to texts get them. No advertising, no diagnosis, no third party's content."
        ),
        samples=tuple(_sample(body, head) for body in bodies),
        opt_in=(
            f"☐ I agree to get texts from {practice} about my visits and payments at the number above. About four texts a "
            "month; message and data rates may apply. Texts are not encrypted. Reply STOP to end them, HELP for help. "
            "Agreeing is no condition of care."
        ),
        flow=(
            f"Patients agree in writing on the intake form of {practice}, at the desk or online. The box is not ticked "
            "beforehand, stands apart from other consents, and shows the privacy sentence beside it. Date and number are "
            "kept with the patient."
        ),
        welcome=f"{practice}: you get our texts about visits and payments. About 4 a month. Msg&data rates may apply. "
        "Reply HELP for help, STOP to end.",
        help=answers.helped(practice, phone),
        stop=answers.stopped(practice),
        privacy=(
            f"{practice} does not sell, rent or share mobile numbers or the consent to get texts with third parties or "
            f"affiliates for marketing. To end texts reply STOP{call}."
        ),
    )


def _sample(body: str, head: Mapping[str, str]) -> str:
    return render(body, {**head, **_EXAMPLE, "first_name": first_name(_EXAMPLE["first_name"])})
