"""The practice's texts and letterhead: kept in versions, so that what was sent can always be read again."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.card_numbers import has_card_number
from core.errors import BadInput, NotFound
from core.insurance.models import Coverage
from core.ledger.models import Service
from core.messages.addresses import shown
from core.messages.default_templates import FIRST_TEXTS, Use, words_of
from core.messages.models import Channel, Letterhead, Purpose, Template, TemplateVersion
from core.messages.render import check_template
from core.permissions import Identity, Permission, require, require_whole
from core.practice.models import Location, Practice
from core.schedule.models import AppointmentType

NO_SIGNATURE = "The front desk"  # the practice's name stands in the line beneath
_PLAIN = frozenset(
    {"visit", "office visit", "appointment", "new patient", "follow-up", "consultation", "self pay"}
)


@dataclass(frozen=True, slots=True)
class Words:
    """A text as it stands now. version_id: of the version in use; number: which one that is."""

    template_id: int
    version_id: int
    number: int
    name: str
    use: str
    channel: str
    purpose: str
    subject: str
    body: str


def templates(session: Session, *, channel: str | None = None) -> list[Words]:
    """The practice's texts in use, by name; in a practice that never touched them the first ones once they are added."""
    query = (
        select(Template, TemplateVersion)
        .join(TemplateVersion, col(TemplateVersion.template_id) == col(Template.id))
        .where(col(TemplateVersion.number) == col(Template.version), col(Template.archived_at).is_(None))
        .order_by(col(Template.name), col(Template.channel))
    )
    if channel is not None:
        query = query.where(Template.channel == channel)
    return [_words(template, version) for template, version in session.exec(query)]


def template(session: Session, template_id: int) -> Words:
    """Raises NotFound."""
    found = session.get(Template, template_id)
    if found is None or found.archived_at is not None:
        raise NotFound("This text is not there any more. Choose another.")
    return _words(found, _version(session, template_id, found.version))


def template_for(session: Session, use: str, channel: str) -> Words:
    """The text for a use and channel; makes the first texts where there are none. Raises NotFound."""
    add_first_texts(session)
    found = [words for words in templates(session, channel=channel) if words.use == use]
    if not found:
        raise NotFound(f"There is no {channel} for “{use}”. Write one under Templates.")
    return found[0]


def versions(session: Session, template_id: int) -> list[TemplateVersion]:
    """Every version of a text, newest first."""
    query = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
    return list(session.exec(query.order_by(col(TemplateVersion.number).desc())))


def add_first_texts(session: Session, *, practice_id: int = 1) -> int:
    """Give a practice the first text of each use it has none of, archived ones included; how many. Safe to call again."""
    have = session.exec(
        select(Template.use, Template.name).where(Template.practice_id == practice_id).distinct()
    ).all()
    uses, names = {row[0] for row in have}, {row[1] for row in have}
    lacking = [first for first in FIRST_TEXTS if first.use not in uses and first.name not in names]
    if not lacking:
        return 0
    if session.get(Practice, practice_id) is None:
        session.add(Practice(id=practice_id))
        session.flush()
    for first in lacking:
        for channel in Channel:
            kept = Template(
                practice_id=practice_id,
                name=first.name,
                use=first.use,
                channel=channel,
                purpose=first.purpose,
            )
            session.add(kept)
            session.flush()
            _add_version(session, None, kept, *words_of(first, channel))
    return len(lacking) * len(Channel)


def save_template(
    session: Session,
    who: Identity,
    *,
    name: str,
    use: str,
    channel: str,
    purpose: str,
    subject: str = "",
    body: str,
) -> Words:
    """Keep a text: a new one, or a new version of the one of that name and channel. The same words make no version.

    Raises NotAllowed; BadInput: unknown field, too long, a card number, a diagnosis, service or insurer in it.
    """
    require(who.role, Permission.MANAGE_TEMPLATES)
    name, body, subject = " ".join(name.split()), body.strip(), " ".join(subject.split())
    if not name or len(name) > 60:
        raise BadInput("Give the text a name of up to 60 characters.")
    _require_no_card(name)
    if channel not in set(Channel) or purpose not in set(Purpose) or use not in set(Use):
        raise BadInput("Choose a channel, a purpose and a use from the lists.")
    subject = subject if channel == Channel.EMAIL else ""
    check_template(channel, subject, body, names=names_to_avoid(session))
    kept = session.exec(
        select(Template).where(
            Template.practice_id == who.practice_id, Template.name == name, Template.channel == channel
        )
    ).first()
    if kept is not None:
        last = _version(session, kept.id or 0, kept.version)
        same = (last.subject, last.body, kept.use, kept.purpose) == (subject, body, use, purpose)
        if same and kept.archived_at is None:
            return _words(kept, last)
    kept = kept or Template(
        practice_id=who.practice_id, name=name, use=use, channel=channel, purpose=purpose, version=0
    )
    kept.use, kept.purpose, kept.archived_at, kept.version = use, purpose, None, kept.version + 1
    session.add(kept)
    session.flush()
    version = _add_version(session, who, kept, subject, body)
    detail = {"version": kept.version, "channel": channel, "use": use}
    record(
        session,
        who=who,
        action="saved a text",
        subject_kind="template",
        subject_id=kept.id or 0,
        detail=detail,
    )
    return _words(kept, version)


def archive_template(session: Session, who: Identity, *, template_id: int) -> None:
    """Take a text out of use; its versions stay, and one that is archived stays so. Raises NotAllowed, NotFound."""
    require(who.role, Permission.MANAGE_TEMPLATES)
    kept = session.get(Template, template_id)
    if kept is None:
        raise NotFound("This text is not there any more. Choose another.")
    if kept.archived_at is not None:
        return
    kept.archived_at = clock.now()
    session.add(kept)
    record(session, who=who, action="archived a text", subject_kind="template", subject_id=template_id)


def _require_no_card(*texts: str) -> None:
    if any(has_card_number(text) for text in texts):
        raise BadInput("This looks like a card number. Huddle never keeps one; take it out.")


def save_letterhead(
    session: Session,
    who: Identity,
    *,
    name: str,
    phone: str = "",
    signature: str = "",
    address: str = "",
    location_id: int | None = None,
) -> Letterhead:
    """How the practice calls itself in messages. location_id None: everywhere without one of its own.

    Raises NotAllowed, BadInput.
    """
    require(who.role, Permission.MANAGE_TEMPLATES)
    require_whole(who, location_id)
    given = {"name": name, "phone": phone, "signature": signature, "address": address}
    tidy = {field: " ".join(value.split()) for field, value in given.items()}
    if not tidy["name"]:
        raise BadInput("Patients need to know who writes: give the practice's name.")
    if too_long := next((field for field, value in tidy.items() if len(value) > 120), ""):
        raise BadInput(f"The {too_long} is longer than 120 characters.")
    _require_no_card(*tidy.values())
    kept = _letterhead(session, location_id) or Letterhead(
        practice_id=who.practice_id, location_id=location_id
    )
    for field, value in tidy.items():
        setattr(kept, field, value)
    session.add(kept)
    session.flush()
    record(
        session, who=who, action="saved the letterhead", subject_kind="letterhead", subject_id=kept.id or 0
    )
    return kept


def letterhead(session: Session, location_id: int | None) -> Mapping[str, str]:
    """The fields practice, phone, signature and address of a location."""
    kept = _letterhead(session, location_id) if location_id is not None else None
    kept = kept or _letterhead(session, None)
    place = session.get(Location, location_id) if location_id is not None else None
    if kept is not None:
        return {
            "practice": kept.name,
            "phone": shown(kept.phone),
            "signature": kept.signature or NO_SIGNATURE,
            "address": kept.address,
        }
    practice = session.get(Practice, 1)
    name = (practice.name if practice else "") or (place.name if place else "") or "Your practice"
    phone, address = (place.phone or "", place.address or "") if place else ("", "")
    return {
        "practice": name,
        "phone": shown(phone),
        "signature": NO_SIGNATURE,
        "address": " ".join(address.split()),
    }


def names_to_avoid(session: Session) -> list[str]:
    """Services and insurers of the practice, which no message may name (DOMAIN §12)."""
    payers = session.exec(select(Coverage.payer).distinct())
    visits = session.exec(select(AppointmentType.name).distinct())
    services = session.exec(select(Service.name).distinct())
    named = {" ".join((name or "").split()) for names in (payers, visits, services) for name in names}
    return sorted(name for name in named if name and name.casefold() not in _PLAIN)


def _letterhead(session: Session, location_id: int | None) -> Letterhead | None:
    mine = (
        col(Letterhead.location_id).is_(None)
        if location_id is None
        else Letterhead.location_id == location_id
    )
    return session.exec(select(Letterhead).where(mine)).first()


def _version(session: Session, template_id: int, number: int) -> TemplateVersion:
    return session.exec(
        select(TemplateVersion).where(
            TemplateVersion.template_id == template_id, TemplateVersion.number == number
        )
    ).one()


def _add_version(
    session: Session, who: Identity | None, kept: Template, subject: str, body: str
) -> TemplateVersion:
    version = TemplateVersion(
        template_id=kept.id or 0,
        number=kept.version,
        subject=subject,
        body=body,
        created_at=clock.now(),
        created_by=who.staff_id if who else None,
    )
    session.add(version)
    session.flush()
    return version


def _words(kept: Template, version: TemplateVersion) -> Words:
    return Words(
        kept.id or 0,
        version.id or 0,
        version.number,
        kept.name,
        kept.use,
        kept.channel,
        kept.purpose,
        version.subject,
        version.body,
    )
