"""Slowing down guesses. An attempt is written down before the password is compared, so a burst cannot slip by.

RELIABILITY 21: at most 10 wrong in 15 minutes an account and 100 an address, then a wait. A browser that has
signed in to the account before is counted by itself: nobody elsewhere can keep its owner out.
"""

import hashlib
from datetime import timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from core import clock
from core.audit.commands import record
from core.errors import TooManyAttempts
from core.staff.commands import start_session
from core.staff.login_times import refusal
from core.staff.models import SignInAttempt, Staff
from core.staff.reports import fold

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
    if mark and _known(session, name, mark):
        _allow(session, col(SignInAttempt.device) == mark, WRONG_PER_ACCOUNT)
    else:
        _allow(session, col(SignInAttempt.username) == name, WRONG_PER_ACCOUNT)
        _allow(session, col(SignInAttempt.address) == address, WRONG_PER_ADDRESS)
    attempt = SignInAttempt(at=clock.now(), username=name, address=address, device=mark)
    session.add(attempt)
    session.flush()
    return attempt


def admit(session: Session, attempt_id: int, staff_id: int, *, device: str) -> str:
    """The password was right: remember the browser and start a session; returns its token. Raises NotAllowed."""
    staff = session.get_one(Staff, staff_id)
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


def _known(session: Session, name: str, mark: str) -> bool:
    return (
        session.exec(
            select(SignInAttempt.id).where(
                SignInAttempt.username == name,
                SignInAttempt.device == mark,
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
