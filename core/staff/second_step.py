"""The second step at sign-in: a code of an authenticator app (TOTP, RFC 6238), a passkey (core/staff/passkeys.py), or one
of ten recovery codes, each once.

The secret is sealed; of recovery codes only digests are kept. A code works once: its time step is
written down in the statement that takes it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from pyotp.totp import TOTP
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.errors import BadInput, NotFound
from core.permissions import Identity, Role
from core.secrets import make_key_file, open_sealed, seal
from core.settings import settings
from core.staff.models import Passkey, RecoveryCode, SecondStep, Staff
from core.staff.passkeys import has_passkey

STEP_SECONDS = 30
WANTED_OF = (Role.OWNER, Role.OFFICE_MANAGER)
RECOVERY_CODES = 10
WRONG_CODE = "This code is not right, or was used already. Take the newest one your app shows."
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """For an app, not kept before it is confirmed."""
    return pyotp.random_base32()


def address_for_app(secret: str, username: str, practice: str) -> str:
    """What the app reads from the picture (otpauth://…)."""
    return TOTP(secret).provisioning_uri(name=username, issuer_name=practice)


def turn_on(session: Session, who: Identity, *, secret: str, code: str) -> list[str]:
    """From the next sign-in on a code is asked; the code proves that the app has the secret. Returns the recovery codes,
    which are shown once. Raises BadInput for a wrong code."""
    step = _step_of(secret, code, clock.now())
    if step is None:
        raise BadInput(WRONG_CODE)
    make_key_file()
    _forget_app(session, who.staff_id)
    session.add(
        SecondStep(staff_id=who.staff_id, sealed_secret=seal(secret), since=clock.now(), last_step=step)
    )
    codes = new_recovery_codes(session, who.staff_id)
    _audit(session, who, "turned the second step on", who.staff_id)
    return codes


def new_recovery_codes(session: Session, staff_id: int) -> list[str]:
    """Ten codes, to be shown once; former ones open nothing any more."""
    session.execute(delete(RecoveryCode).where(col(RecoveryCode.staff_id) == staff_id))
    codes = ["-".join(_word() for _ in range(3)) for _ in range(RECOVERY_CODES)]
    for each in codes:
        session.add(RecoveryCode(staff_id=staff_id, digest=_digest(staff_id, each)))
    session.flush()
    return codes


def turn_off(session: Session, who: Identity, *, code: str) -> None:
    """One's own app, with a code or a recovery code; passkeys stay. Raises BadInput."""
    if not takes(session, who.staff_id, code):
        raise BadInput(WRONG_CODE)
    _forget_app(session, who.staff_id)
    if not has_passkey(session, who.staff_id):
        _forget(session, who.staff_id)
    _audit(session, who, "turned the second step off", who.staff_id)


def reset(session: Session, username: str) -> None:
    """At the machine itself, for somebody who has lost their phone and their recovery codes. Raises NotFound, BadInput."""
    staff = session.exec(select(Staff).where(Staff.username == username.strip().casefold())).first()
    if staff is None:
        raise NotFound(f"There is nobody with the user name {username}.")
    if not is_on(session, staff.id or 0):
        raise BadInput(f"{staff.username} has no second step.")
    _forget(session, staff.id or 0)
    _audit(session, None, "turned the second step off", staff.id or 0)


def is_on(session: Session, staff_id: int) -> bool:
    """Whether a second step is asked of this person: they have an app or a passkey."""
    return has_app(session, staff_id) or has_passkey(session, staff_id)


def has_app(session: Session, staff_id: int) -> bool:
    return session.get(SecondStep, staff_id) is not None


def is_wanted(role: str) -> bool:
    """Whether people of this role do not get in without a second step (HUDDLE_SECOND_STEP)."""
    of = settings().second_step
    return of == "everyone" or (of == "managers" and role in WANTED_OF)


@dataclass(frozen=True, slots=True)
class HalfIn:
    """An account whose password was right a moment ago. who: without a session yet."""

    who: Identity
    password_hash: str
    must_change_password: bool


def half_signed_in(session: Session, staff_id: int) -> HalfIn | None:
    """None when the account is not there any more, or disabled."""
    staff = session.exec(select(Staff).where(Staff.id == staff_id, col(Staff.disabled_at).is_(None))).first()
    if staff is None:
        return None
    who = Identity(
        0, staff_id, staff.username, staff.display_name or staff.username, staff.role,
        staff.location_id, staff.practice_id,
    )  # fmt: skip
    return HalfIn(who, staff.password_hash, staff.must_change_password)


def codes_left(session: Session, staff_id: int) -> int:
    """Recovery codes that were not used yet."""
    rows = session.exec(
        select(RecoveryCode.id).where(RecoveryCode.staff_id == staff_id, col(RecoveryCode.used_at).is_(None))
    )
    return len(rows.all())


def takes(session: Session, staff_id: int, code: str) -> bool:
    """Whether this code is right now; it is used up by that. One statement decides of two who give the same code."""
    kept = session.get(SecondStep, staff_id)
    step = _step_of(open_sealed(kept.sealed_secret), code, clock.now()) if kept else None
    if step is not None:
        used = update(SecondStep).where(
            col(SecondStep.staff_id) == staff_id, col(SecondStep.last_step) < step
        )
        return _one(session, used.values(last_step=step))
    spare = update(RecoveryCode).where(
        col(RecoveryCode.staff_id) == staff_id,
        col(RecoveryCode.digest) == _digest(staff_id, code),
        col(RecoveryCode.used_at).is_(None),
    )
    return _one(session, spare.values(used_at=clock.now()))


def _one(session: Session, statement: object) -> bool:
    done = session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[attr-defined]
    return done.rowcount == 1  # type: ignore[attr-defined]


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is: the present one or its neighbors (a phone's clock may be half a minute off)."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    present = int(now.timestamp()) // STEP_SECONDS
    app = TOTP(secret)
    for step in (present, present - 1, present + 1):
        if secrets.compare_digest(app.generate_otp(step), digits):
            return step
    return None


def _word() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


def _digest(staff_id: int, code: str) -> str:
    plain = "".join(character for character in code.casefold() if character.isalnum())
    return hashlib.sha256(
        f"recovery {staff_id} {plain}".encode()
    ).hexdigest()  # 74 bits: nobody tries them all


def _forget(session: Session, staff_id: int) -> None:
    session.execute(delete(RecoveryCode).where(col(RecoveryCode.staff_id) == staff_id))
    session.execute(delete(Passkey).where(col(Passkey.staff_id) == staff_id))
    _forget_app(session, staff_id)


def _forget_app(session: Session, staff_id: int) -> None:
    session.execute(delete(SecondStep).where(col(SecondStep.staff_id) == staff_id))
    session.flush()


def _audit(session: Session, who: Identity | None, action: str, staff_id: int) -> None:
    record(session, who=who, action=action, subject_kind="staff", subject_id=staff_id)
