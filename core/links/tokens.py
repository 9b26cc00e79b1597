"""What stands in the addresses we send: random, signed, expiring. The store knows only its SHA-256."""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, select

from core import clock
from core.links.models import Link, LinkToken
from core.links.rules import CARD_LINK_DAYS, PAY_LINK_DAYS, LinkKind
from core.secrets import sign, signed_by_us

RANDOM_BYTES = 20
SIGNATURE_BYTES = 12
_LONGEST = 64


def new_token(session: Session, link: Link, *, channel: str = "") -> str:
    """A token for one address of a link, good until the link ends or its days are over. Shown once, never stored.

    Raises WrongKey when this store has no key file.
    """
    random = secrets.token_bytes(RANDOM_BYTES)
    token = base64.urlsafe_b64encode(random + _signature(link.kind, random)).decode().rstrip("=")
    now = clock.now()
    session.add(
        LinkToken(
            link_id=link.id or 0,
            token_hash=token_hash(token),
            channel=channel,
            made_at=now,
            expires_at=link.expires_at or now + lasts(link.kind),
        )
    )
    session.flush()
    return token


def lasts(kind: str) -> timedelta:
    """How long a link of a kind can be used."""
    return timedelta(days=CARD_LINK_DAYS if kind == LinkKind.CARD else PAY_LINK_DAYS)


def is_ours(token: str, kind: str) -> bool:
    """Whether we signed this token for this kind of page: a guess is turned away before the store is asked."""
    if len(token) > _LONGEST:
        return False
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return False
    random, signature = raw[:RANDOM_BYTES], raw[RANDOM_BYTES:]
    return len(raw) == RANDOM_BYTES + SIGNATURE_BYTES and signed_by_us(_signed(kind, random), signature)


def token_row(session: Session, token: str) -> LinkToken | None:
    """The row of a token, None when there is none."""
    return session.exec(select(LinkToken).where(LinkToken.token_hash == token_hash(token))).first()


def good_until(row: LinkToken, link: Link) -> datetime:
    """When this address stops working, UTC: the link may have been shortened since."""
    return min(row.expires_at, link.expires_at) if link.expires_at else row.expires_at


def token_hash(token: str) -> str:
    """The only form the store knows."""
    return hashlib.sha256(token.encode()).hexdigest()


def _signature(kind: str, random: bytes) -> bytes:
    return sign(_signed(kind, random), SIGNATURE_BYTES)


def _signed(kind: str, random: bytes) -> bytes:
    purpose = b"card link:" if kind == LinkKind.CARD else b"pay link:"
    return purpose + random
