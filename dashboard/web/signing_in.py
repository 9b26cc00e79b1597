"""From a name and a password to a session, step by step: each step is proved by what the one before signed.

password → code or passkey (whoever has one) → another password (when somebody else chose it) → an app or a passkey to be
set up (whoever must have one) → a session. Nothing but the last makes one.
"""

import hmac
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from sqlmodel import Session

from core import clock
from core.errors import BadInput, NotAllowed
from core.permissions import Identity
from core.secrets import make_key_file, sign
from core.staff import commands, reports
from core.staff.models import SignInAttempt, Staff
from core.staff.passkeys import NOT_RIGHT, Site, add_passkey, takes_passkey
from core.staff.second_step import (
    WRONG_CODE,
    HalfIn,
    half_signed_in,
    is_on,
    is_wanted,
    new_recovery_codes,
    takes,
    turn_on,
)
from core.staff.sign_in import admit, begin_attempt, turn_back, was_right
from core.store.engine import reader, transaction
from dashboard.web import passwords, sessions

AGAIN = "That took too long. Sign in again."
STEP_SECONDS = 300


class Stage(StrEnum):
    """What is asked next."""

    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - the name of a step
    SET_UP = "set up"


ORDER = tuple(Stage)


class Browser(NamedTuple):
    """Where somebody signs in from. device: the mark in the browser's cookie, "" when it has none."""

    address: str
    device: str
    site: Site


class Step(NamedTuple):
    """token: of the session, "" as long as a stage is left, begun then proves the ones before. stage and begun "": name
    or password was wrong. codes: recovery codes, to be shown now and never again."""

    token: str = ""
    stage: str = ""
    begun: str = ""
    codes: tuple[str, ...] = ()


class _Going(NamedTuple):
    """Whose password was right a moment ago, and what counted it."""

    stage: Stage
    who: Identity
    attempt: int
    password_hash: str


def new_device(browser: Browser) -> Browser:
    """With a mark, whether it had one or not."""
    return browser._replace(device=browser.device or secrets.token_urlsafe(32))


def by_password(username: str, password: str, browser: Browser, *, device: str) -> Step:
    """device: the mark as the browser sent it, "" for a new one. Raises TooManyAttempts; NotAllowed outside login times."""
    with transaction(sessions.engine()) as session:
        attempt = begin_attempt(session, username=username, address=browser.address, device=device).id or 0
    with reader(sessions.engine()) as session:
        account = reports.account(session, username)
    if not passwords.is_right(password, account.password_hash if account else None) or account is None:
        return Step()
    with reader(sessions.engine()) as session:
        half = half_signed_in(session, account.staff_id)
    if half is None:
        return Step()
    going = _Going(Stage.CODE, half.who, attempt, account.password_hash)
    return _after(going, browser, nothing_yet=True)


def by_code(begun: str, code: str, browser: Browser) -> Step:
    """A code of the app, or a recovery code. Raises BadInput, TooManyAttempts, NotAllowed."""
    going = _going(begun, Stage.CODE)

    def right(session: Session) -> None:
        if not takes(session, going.who.staff_id, code):
            raise BadInput(WRONG_CODE)

    return _after(going, browser, act=right)


def by_passkey(begun: str, answer: str, browser: Browser) -> Step:
    """What a passkey signed. Raises as by_code."""
    going = _going(begun, Stage.CODE)

    def right(session: Session) -> None:
        first = session.get(SignInAttempt, going.attempt, with_for_update=True)
        if first is None or first.succeeded:  # the same answer a second time
            raise NotAllowed(AGAIN)
        if not takes_passkey(session, going.who.staff_id, browser.site, answer=answer, purpose=begun):
            raise BadInput(NOT_RIGHT)

    return _after(going, browser, act=right)


def with_new_password(begun: str, new: str, again: str, browser: Browser) -> Step:
    """The person's own choice instead of somebody else's. Raises BadInput, NotAllowed."""
    going = _going(begun, Stage.PASSWORD)
    if new != again:
        raise BadInput("The two passwords are not the same. Type it twice, the same each time.")
    if passwords.is_right(new, going.password_hash):
        raise BadInput("This is the password that was given to you. Choose one of your own.")
    hashed = passwords.hash_password(new, username=going.who.username, display_name=going.who.display_name)

    def change(session: Session) -> None:
        staff = session.get_one(Staff, going.who.staff_id)
        commands.change_password(session, going.who, staff, password_hash=hashed)

    return _after(going._replace(password_hash=hashed), browser, act=change, seen=going.password_hash)


def with_app(begun: str, secret: str, code: str, browser: Browser) -> Step:
    """An app is set up. Raises BadInput, NotAllowed."""
    going, codes = _going(begun, Stage.SET_UP), list[str]()

    def set_up(session: Session) -> None:
        who = _without_one(session, going)
        codes.extend(turn_on(session, who, secret=secret, code=code))

    return _after(going, browser, act=set_up)._replace(codes=tuple(codes))


def with_passkey(begun: str, answer: str, browser: Browser) -> Step:
    """A passkey is set up. Raises BadInput, NotAllowed."""
    going, codes = _going(begun, Stage.SET_UP), list[str]()

    def set_up(session: Session) -> None:
        who = _without_one(session, going)
        add_passkey(session, who, browser.site, answer=answer, purpose=begun)
        codes.extend(new_recovery_codes(session, going.who.staff_id))

    return _after(going, browser, act=set_up)._replace(codes=tuple(codes))


def _without_one(session: Session, going: _Going) -> Identity:
    """Who sets their first one up; whoever has one has to show it. Raises NotAllowed."""
    if is_on(session, going.who.staff_id):
        raise NotAllowed(AGAIN)
    return going.who


def person_of(begun: str, stage: Stage) -> Identity:
    """Whose step this is. Raises NotAllowed when it took too long or is not theirs."""
    return _going(begun, stage).who


def _after(
    going: _Going,
    browser: Browser,
    *,
    act: Callable[[Session], None] | None = None,
    seen: str = "",
    nothing_yet: bool = False,
) -> Step:
    """Do what this stage does, then ask for the next one or let the person in: one transaction.

    seen: the password's hash before what is done changes it. nothing_yet: it was the password, no stage of its own.
    """
    tried = going.attempt if nothing_yet else _count(going, browser)
    make_key_file()
    with transaction(sessions.engine()) as session:
        if nothing_yet and is_on(session, going.who.staff_id):
            return _ask(Stage.CODE, going)  # before that, nothing is told and nobody is known
        half = half_signed_in(session, going.who.staff_id)
        if half is None or half.password_hash != (seen or going.password_hash):
            raise NotAllowed(AGAIN)
        if act is not None and going.stage == Stage.CODE:
            act(session)  # a wrong code is wrong at any hour, and a right answer is used up
            was_right(session, going.attempt, device=browser.device)
        sentence = turn_back(session, tried, going.who.staff_id, device=browser.device)
        if sentence is None:
            if act is not None and going.stage != Stage.CODE:
                act(session)
            left = _next(
                session, half_signed_in(session, going.who.staff_id), going.stage, nothing_yet=nothing_yet
            )
            if not nothing_yet or left is None:
                was_right(session, tried, device=browser.device)
                was_right(session, going.attempt, device=browser.device)
            if left is not None:
                return _ask(left, going)
            hashed = going.password_hash
            return Step(
                admit(session, tried, going.who.staff_id, device=browser.device, password_hash=hashed)
            )
    raise NotAllowed(sentence)  # after the transaction: what was written down of it stays


def _count(going: _Going, browser: Browser) -> int:
    """Each try at a stage is one at the account, until it is right."""
    with transaction(sessions.engine()) as session:
        tried = begin_attempt(
            session, username=going.who.username, address=browser.address, device=browser.device
        )
        return tried.id or 0


def _next(session: Session, half: HalfIn | None, done: Stage, *, nothing_yet: bool) -> Stage | None:
    """What is left of ORDER after a stage, of the password alone everything but the code. Raises NotAllowed."""
    if half is None:
        raise NotAllowed(AGAIN)
    left = ORDER[1:] if nothing_yet else ORDER[ORDER.index(done) + 1 :]
    if Stage.PASSWORD in left and half.must_change_password:
        return Stage.PASSWORD
    if Stage.SET_UP in left and is_wanted(half.who.role) and not is_on(session, half.who.staff_id):
        return Stage.SET_UP
    return None


def _ask(stage: Stage, going: _Going) -> Step:
    return Step(stage=stage, begun=_begun(stage, going.who.staff_id, going.attempt, going.password_hash))


def _begun(stage: Stage, staff_id: int, attempt: int, password_hash: str) -> str:
    """Signed, for five minutes: what comes before this stage was right. Worth nothing once the password is changed."""
    until = int(clock.now().timestamp()) + STEP_SECONDS
    return f"{staff_id}.{attempt}.{until}.{_mark(stage, staff_id, attempt, until, password_hash)}"


def _mark(stage: Stage, staff_id: int, attempt: int, until: int, password_hash: str) -> str:
    return sign(f"second step {stage} {staff_id} {attempt} {until} {password_hash}".encode()).hex()


def _going(begun: str, stage: Stage) -> _Going:
    """What `begun` proves. Raises NotAllowed when it took too long, was not ours, or the account changed."""
    given = begun.split(".")
    if len(given) != 4 or not all(each.isascii() and each.isdigit() and len(each) < 15 for each in given[:3]):
        raise NotAllowed(AGAIN)
    staff_id, attempt, until = (int(each) for each in given[:3])
    with reader(sessions.engine()) as session:
        person = half_signed_in(session, staff_id)
    if person is None or until < clock.now().timestamp():
        raise NotAllowed(AGAIN)
    mark = _mark(stage, staff_id, attempt, until, person.password_hash)
    if not hmac.compare_digest(given[3].encode(), mark.encode()):
        raise NotAllowed(AGAIN)
    return _Going(stage, person.who, attempt, person.password_hash)
