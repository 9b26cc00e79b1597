"""The patient's own address of a booking: its key, signed. Made anew whenever it is needed, and never stored."""

import base64

from sqlmodel import Session, select

from core.booking.models import Booking
from core.errors import NotFound
from core.secrets import sign, signed_by_us
from core.settings import settings

KEY_BYTES, SIGNATURE_BYTES = 16, 12
_LONGEST = 64
_PURPOSE = b"booking:"
NO_SUCH = "This link does not work. Perhaps a part of it was cut off."


def token_of(booking: Booking) -> str:
    """What the address of a booking ends with. Raises WrongKey when this store has no key file."""
    raw = bytes.fromhex(booking.key)
    return base64.urlsafe_b64encode(raw + sign(_PURPOSE + raw, SIGNATURE_BYTES)).decode().rstrip("=")


def visit_url(booking: Booking) -> str:
    """The whole address for a message; "" while Huddle has no public address."""
    public = settings().public_url.rstrip("/")
    return f"{public}/book/visit/{token_of(booking)}" if public else ""


def key_in(token: str) -> str:
    """The booking's key in a token that we signed, "" in any other: a guess is turned away before the store is asked."""
    if len(token) > _LONGEST:
        return ""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return ""
    key, signature = raw[:KEY_BYTES], raw[KEY_BYTES:]
    ours = len(raw) == KEY_BYTES + SIGNATURE_BYTES and signed_by_us(_PURPOSE + key, signature)
    return key.hex() if ours else ""


def booking_of(session: Session, token: str, *, alone: bool = False) -> Booking:
    """The booking behind an address. alone: nobody else changes it until the transaction ends. Raises NotFound."""
    key = key_in(token)
    query = select(Booking).where(Booking.key == key)
    if alone:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.exec(query).first() if key else None
    if found is None:
        raise NotFound(NO_SUCH)
    return found
