"""The one-press way out of e-mails and texts, by the link each message carries (DOMAIN §12)."""

from typing import NamedTuple

from sqlmodel import Session, select

from core.messages.commands import stop_digest
from core.messages.consent import BY_LINK, start_address, stop_address, suppressions
from core.messages.models import Channel, Message


class Mailbox(NamedTuple):
    """Whose e-mails an unsubscribe address stops. location_id: of the practice that wrote."""

    address: str
    location_id: int | None
    stopped: bool


def stop_by_link(session: Session, token: str) -> Mailbox | None:
    """Somebody pressed the unsubscribe link of an e-mail: the mailbox it went to gets no more. None: no such link."""
    message = _of_token(session, token)
    if message is None:
        return None
    stop_address(session, Channel.EMAIL, message.to_address, BY_LINK)
    return Mailbox(message.to_address, message.location_id, True)


def keep_by_link(session: Session, token: str) -> Mailbox | None:
    """They pressed by mistake and want the e-mails after all. None: no such link."""
    message = _of_token(session, token)
    if message is None:
        return None
    start_address(session, Channel.EMAIL, message.to_address, how="undone at the unsubscribe link")
    return Mailbox(message.to_address, message.location_id, False)


def mailbox_of_link(session: Session, token: str) -> Mailbox | None:
    """For the page behind the unsubscribe link. None: no such link."""
    message = _of_token(session, token)
    if message is None:
        return None
    stopped = message.to_address in suppressions(session, Channel.EMAIL, [message.to_address])
    return Mailbox(message.to_address, message.location_id, stopped)


def _of_token(session: Session, token: str) -> Message | None:
    if not token or len(token) > 100:
        return None
    return session.exec(select(Message).where(Message.stop_token == stop_digest(token))).first()
