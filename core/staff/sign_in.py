"""Slowing down guesses. An attempt is written down before the password is compared, so a burst cannot slip by.

RELIABILITY 21: at most 10 wrong in 15 minutes an account and 100 an address, then a wait. A browser that has signed in
to the account before is counted by itself, and so is the account at an address it has signed in from before: nobody
elsewhere can keep its owner out, and people behind one address do not wait for each other's mistakes.
"""

import hashlib
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.errors import NotAllowed, TooManyAttempts
from core.staff.authority import hold
from core.staff.commands import start_session
from core.staff.login_times import refusal
from core.staff.models import SignInAttempt, Staff
from core.staff.reports import fold
from core.store.locks import one_at_a_time

WINDOW = timedelta(minutes=15)
WRONG_PER_ACCOUNT = 10
WRONG_PER_ADDRESS = 100
DEVICE_REMEMBERED = timedelta(days=30)  # housekeeping keeps attempts as long


def begin_attempt(session: Session, *, username: str, address: str, device: str = "") -> SignInAttempt:
    """Count one attempt as wrong until `admit` says otherwise.

    device: the random mark in the browser's cookie, "" when it has none. Raises TooManyAttempts with
    retry_after in seconds; a refused attempt is not counted, so waiting always helps.
    """
    name, mark = _tag(session, username), _device(device)
    one_at_a_time(session, f"sign in as {name}", f"sign in from {address}")
    by_name = col(SignInAttempt.username) == name
    if mark and _known(session, name, col(SignInAttempt.device) == mark):
        _allow(session, by_name & (col(SignInAttempt.device) == mark), WRONG_PER_ACCOUNT)
    elif address and _known(session, name, col(SignInAttempt.address) == address):
        _allow(session, by_name & (col(SignInAttempt.address) == address), WRONG_PER_ACCOUNT)
    else:
        _allow(session, col(SignInAttempt.username) == name, WRONG_PER_ACCOUNT)
        _allow(session, col(SignInAttempt.address) == address, WRONG_PER_ADDRESS)
    attempt = SignInAttempt(at=clock.now(), username=name, address=address, device=mark)
    session.add(attempt)
    session.flush()
    return attempt


def admit(
    session: Session, attempt_id: int, staff_id: int, *, device: str, password_hash: str | None = None
) -> str:
    """The password was right: remember the browser and start a session; returns its token.

    password_hash: what the password was compared with. Raises NotAllowed when the account was disabled, or its password
    changed, while it was compared.
    """
    staff = session.get_one(Staff, staff_id)
    hold(session, staff)
    if password_hash not in {None, staff.password_hash}:
        raise NotAllowed("The password of this account was changed a moment ago. Sign in with the new one.")
    token = start_session(session, staff)
    was_right(session, attempt_id, device=device)
    record(session, who=None, action="signed in", subject_kind="staff", subject_id=staff_id)
    return token


def turn_back(session: Session, attempt_id: int, staff_id: int, *, device: str) -> str | None:
    """The password was right, but it is not a time this person may work: why, in a sentence. None: `admit` them."""
    sentence = refusal(session, staff_id, now=clock.now())
    if sentence is not None:
        was_right(session, attempt_id, device=device)
        action = "turned back: outside login times"
        record(session, who=None, action=action, subject_kind="staff", subject_id=staff_id)
    return sentence


def was_right(session: Session, attempt_id: int, *, device: str = "") -> None:
    """The password of this attempt was right: it no longer counts."""
    attempt = session.get_one(SignInAttempt, attempt_id)
    attempt.succeeded, attempt.device = True, _device(device)
    session.add(attempt)


def _allow(session: Session, whose: ColumnElement[bool], most: int) -> None:
    wrong = session.exec(
        select(SignInAttempt.at)
        .where(whose, col(SignInAttempt.succeeded).is_(False), col(SignInAttempt.at) > clock.now() - WINDOW)
        .order_by(col(SignInAttempt.at).desc())
        .limit(most)
    ).all()
    if len(wrong) == most:
        raise TooManyAttempts((wrong[-1] + WINDOW - clock.now()).total_seconds())


def _known(session: Session, name: str, where: ColumnElement[bool]) -> bool:
    return (
        session.exec(
            select(SignInAttempt.id).where(
                SignInAttempt.username == name,
                where,
                col(SignInAttempt.succeeded),
                SignInAttempt.at > clock.now() - DEVICE_REMEMBERED,
            )
        ).first()
        is not None
    )


def _tag(session: Session, username: str) -> str:
    """The user name; for one we do not know only its hash, since people type passwords into the wrong box."""
    name = fold(username)
    if session.exec(select(Staff.id).where(Staff.username == name)).first() is not None:
        return name
    return "unknown:" + hashlib.sha256(name.encode()).hexdigest()[:24]


def _device(device: str) -> str:
    return hashlib.sha256(device.encode()).hexdigest() if device else ""
