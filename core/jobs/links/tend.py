"""What links need by themselves: expiring, and reminders by rule (day 3, day 7, before due), stopped with the reason."""

import logging
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core import clock
from core.errors import BadInput, HuddleError
from core.findings.owed import charges_left, owed
from core.invoices.models import Invoice, InvoiceLine
from core.links.commands import expire_links, require_usable
from core.links.history import add_step, follow, stop_reminders
from core.links.models import Link, LinkStep
from core.links.pay_links import PAID_AT_THE_DESK, no_longer_asked
from core.links.rules import LinkKind, LinkState, Remindable, Step, Stop, reminder
from core.links.sending import USES, carry, fields_of, recipient_of
from core.messages.commands import remind
from core.messages.default_templates import Use
from core.messages.models import Channel, Purpose
from core.messages.recipients import reach
from core.messages.rules import why_left_out
from core.messages.templates import template_for
from core.patients.models import Patient
from core.patients.reports import patient_of, place_of
from core.store.engine import reader, transaction

_log = logging.getLogger(__name__)


def tend_links(engine: Engine) -> int:
    """Mark links whose time is over, and remind of those that wait: how many reminders were put on their way."""
    while True:
        with transaction(engine) as session:
            if not expire_links(session):
                break
    return sum(_remind(engine, link_id) for link_id in _waiting(engine))


def _waiting(engine: Engine) -> list[int]:
    """Links that were sent and that nobody stopped reminding of; only those with a rule that could have come."""
    with reader(engine) as session:
        rows = session.exec(
            select(Link.id)
            .where(
                col(Link.state).in_([LinkState.SENT, LinkState.OPENED, LinkState.PART_PAID]),
                col(Link.sent_at).is_not(None),
                Link.reminders_stopped == "",
            )
            .order_by(col(Link.id))
        ).all()
        return [link_id for link_id in rows if link_id is not None and _due(session, link_id) is not None]


def _due(session: Session, link_id: int) -> str | Stop | None:
    """Which reminder is due, or why there will be none any more, or None; the stops that cost more come later."""
    link = session.get_one(Link, link_id)
    zone = place_of(session, session.get_one(Patient, link.patient_id)).time_zone
    found = reminder(_remindable(session, link, zone), clock.today(zone))
    return found if found is None or isinstance(found, Stop) else found.label


def _remindable(session: Session, link: Link, zone: str) -> Remindable:
    steps = session.exec(
        select(LinkStep.ref, LinkStep.at).where(LinkStep.link_id == link.id, LinkStep.kind == Step.REMINDED)
    ).all()
    last = max((at for _, at in steps), default=None)
    return Remindable(
        state=LinkState(link.state),
        sent_on=clock.local_date(link.sent_at, zone) if link.sent_at else None,
        due_on=link.due_on,
        reminded=frozenset(ref for ref, _ in steps),
        last_reminded_on=clock.local_date(last, zone) if last else None,
        stop=link.reminders_stopped,
    )


def _remind(engine: Engine, link_id: int) -> int:
    """Remind of one link, in a transaction of its own. A person who may not be written to now is asked again tomorrow."""
    try:
        with transaction(engine) as session:
            return _remind_in(session, link_id)
    except HuddleError as error:
        _log.info("link %s was not reminded of: %s", link_id, error.sentence)
        return 0


def _remind_in(session: Session, link_id: int) -> int:
    link = session.exec(select(Link).where(Link.id == link_id).with_for_update()).one()
    due = _due(session, link_id)
    if due is None:
        return 0
    stop = due if isinstance(due, Stop) else _why_stop(session, link, clock.now())
    if stop is not None:
        stop_reminders(session, link, stop.reason)
        follow(session, link)
        return 0
    assert isinstance(due, str)
    channel = _channel(session, link)
    if isinstance(channel, Stop):
        stop_reminders(session, link, channel.reason)
        follow(session, link)
        return 0
    require_usable(link)
    use = USES[LinkKind.CARD] if link.kind == LinkKind.CARD else Use.REMINDER
    message = remind(
        session,
        recipient_of(session, link),
        words=template_for(session, use, channel),
        fields=fields_of(session, link),
        link=carry(session, link, channel),
    )
    words = f"By {'text' if channel == Channel.TEXT else 'e-mail'}, {due}"
    add_step(session, link, Step.REMINDED, ref=due, words=words)
    follow(session, link)
    return 1 if message.id else 0


def _why_stop(session: Session, link: Link, as_of: datetime) -> Stop | None:
    """Why nobody may be reminded of what the link asks for: disputed, or paid some other way meanwhile."""
    if link.kind == LinkKind.PAY:
        why = no_longer_asked(session, link, as_of)
        if why is None:
            return None
        if why.for_now:
            # on its way, promised, tried again by itself: asked tomorrow once more
            raise BadInput(why.sentence)
        return Stop(why.sentence)
    if link.kind == LinkKind.INVOICE and _services_paid(session, link, as_of):
        return Stop(PAID_AT_THE_DESK)
    return None


def _services_paid(session: Session, link: Link, as_of: datetime) -> bool:
    """Whether the account shows every service of an invoice as paid. Services not posted yet say nothing."""
    lines = session.exec(
        select(InvoiceLine.ledger_entry_id)
        .join(Invoice, col(Invoice.id) == InvoiceLine.invoice_id)
        .where(Invoice.link_id == link.id)
    ).all()
    if not lines or None in lines:
        return False
    found = owed(session, patient_of(session, None, link.patient_id), as_of)
    left, _ = charges_left(found.judged.facts, found.setting, frozenset())
    return not {entry.id for entry, _ in left} & set(lines)


def _channel(session: Session, link: Link) -> Channel | Stop:
    """The way it was sent last, else text, else e-mail: the first on which this person may be written to."""
    last = session.exec(
        select(LinkStep.ref)
        .where(LinkStep.link_id == link.id, LinkStep.kind == Step.SENT)
        .order_by(col(LinkStep.at).desc())
    ).first()
    order = [Channel.EMAIL, Channel.TEXT] if (last or "").startswith(Channel.EMAIL) else list(Channel)
    patient = session.get_one(Patient, recipient_of(session, link))
    reasons = []
    for channel in order:
        known = reach(session, [patient], channel, Purpose.BILLING, now=clock.now())[0]
        reason = why_left_out(known, channel, Purpose.BILLING)
        if not reason:
            return channel
        reasons.append(reason)
    return Stop(reasons[0])
