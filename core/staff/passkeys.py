"""Passkeys (WebAuthn level 2): a device or a key signs a challenge of ours for one person at this address, never elsewhere.

A challenge is a signature of ours over what it is for, so none has to be kept; who takes an answer makes sure that what it
is for happens once.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.permissions import Identity
from core.secrets import sign
from core.staff.models import Passkey

NOT_RIGHT = "The passkey was not taken. Try again, or use another one."
MOST_PASSKEYS = 10
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Site:
    """Where the browser is: the name passkeys are bound to and the origin it must say, such as https://huddle.example."""

    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class KeptPasskey:
    """One passkey in the list of a person. Instants are aware UTC."""

    passkey_id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


def challenge(purpose: str) -> bytes:
    """What is to be signed for this purpose, the same each time it is asked."""
    return sign(f"passkey {purpose}".encode())


def to_add(session: Session, who: Identity, site: Site, *, practice: str, purpose: str) -> str:
    """What the browser is asked for a new passkey, as JSON."""
    return options_to_json(
        generate_registration_options(
            rp_id=site.name,
            rp_name=practice,
            user_id=f"huddle staff {who.staff_id}".encode(),
            user_name=who.username,
            user_display_name=who.display_name,
            challenge=challenge(purpose),
            exclude_credentials=_known(session, who.staff_id),
        )
    )


def add_passkey(
    session: Session, who: Identity, site: Site, *, answer: str, purpose: str, name: str = ""
) -> None:
    """Keep what a device made. Raises BadInput when it does not answer this challenge, for this address."""
    try:
        made = verify_registration_response(
            credential=answer,
            expected_challenge=challenge(purpose),
            expected_rp_id=site.name,
            expected_origin=site.origin,
        )
    except (WebAuthnException, ValueError) as error:
        raise BadInput(NOT_RIGHT) from error
    if len(passkeys_of(session, who.staff_id)) >= MOST_PASSKEYS:
        raise BadInput(f"You have {MOST_PASSKEYS} passkeys. Remove one that you no longer use.")
    credential_id = bytes_to_base64url(made.credential_id)
    if session.exec(select(Passkey.id).where(Passkey.credential_id == credential_id)).first() is not None:
        raise BadInput("This passkey is known already.")
    session.add(
        Passkey(
            staff_id=who.staff_id,
            credential_id=credential_id,
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            name=" ".join(name.split())[:LONGEST_NAME] or "Passkey",
            created_at=clock.now(),
        )
    )
    session.flush()
    record(session, who=who, action="added a passkey", subject_kind="staff", subject_id=who.staff_id)


def to_prove(session: Session, staff_id: int, site: Site, *, purpose: str) -> str:
    """What the browser is asked to sign with one of the person's passkeys, as JSON; "" when they have none."""
    known = _known(session, staff_id)
    if not known:
        return ""
    return options_to_json(
        generate_authentication_options(
            rp_id=site.name, challenge=challenge(purpose), allow_credentials=known
        )
    )


def takes_passkey(session: Session, staff_id: int, site: Site, *, answer: str, purpose: str) -> bool:
    """Whether a passkey of this person signed this challenge at this address."""
    try:
        given = parse_authentication_credential_json(answer)
        kept = session.exec(
            select(Passkey)
            .where(Passkey.staff_id == staff_id, Passkey.credential_id == bytes_to_base64url(given.raw_id))
            .with_for_update()
        ).first()
        if kept is None:
            return False
        verified = verify_authentication_response(
            credential=given,
            expected_challenge=challenge(purpose),
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=base64url_to_bytes(kept.public_key),
            credential_current_sign_count=kept.sign_count,
        )
    except (WebAuthnException, ValueError):
        return False
    kept.sign_count, kept.last_used_at = verified.new_sign_count, clock.now()
    session.add(kept)
    return True


def remove_passkey(session: Session, who: Identity, passkey_id: int) -> None:
    """One's own. Raises NotFound."""
    kept = session.get(Passkey, passkey_id)
    if kept is None or kept.staff_id != who.staff_id:
        raise NotFound("There is no such passkey among yours.")
    session.delete(kept)
    session.flush()
    record(session, who=who, action="removed a passkey", subject_kind="staff", subject_id=who.staff_id)


def passkeys_of(session: Session, staff_id: int) -> list[KeptPasskey]:
    """The oldest first."""
    rows = session.exec(select(Passkey).where(Passkey.staff_id == staff_id).order_by(col(Passkey.id)))
    return [KeptPasskey(row.id or 0, row.name, row.created_at, row.last_used_at) for row in rows]


def has_passkey(session: Session, staff_id: int) -> bool:
    return bool(
        session.exec(select(func.count()).select_from(Passkey).where(Passkey.staff_id == staff_id)).one()
    )


def _known(session: Session, staff_id: int) -> list[PublicKeyCredentialDescriptor]:
    ids = session.exec(select(Passkey.credential_id).where(Passkey.staff_id == staff_id))
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each)) for each in ids]
