"""The session cookie: its name, its flags, and who is behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session
from starlette.requests import HTTPConnection
from starlette.responses import Response

from core import clock
from core.permissions import Identity
from core.settings import settings
from core.staff import commands, reports
from core.staff.authority import confirm
from core.staff.sign_in import DEVICE_REMEMBERED
from core.staff.step_up import require_proof
from core.store.engine import open_store, reader, transaction
from core.tasks.at_once import look_at_once

DEVICE_COOKIE = "device"
DEVICE_SECONDS = int(DEVICE_REMEMBERED.total_seconds())
ACTIVITY_EVERY = timedelta(seconds=15)  # the idle clock needs no finer steps, and writes are dear


def engine() -> Engine:
    """The store of this process."""
    return open_store(settings().store)


def over_tls(scope: Any) -> bool:
    """Whether the visitor came over TLS. Behind a proxy the server trusts, its X-Forwarded-Proto is in the scheme."""
    return scope.get("scheme") in {"https", "wss"}


def cookie_name(scope: Any, name: str = "sid") -> str:
    """__Host-sid over TLS: a browser then refuses one planted by another host or without Secure."""
    return f"__Host-{name}" if over_tls(scope) else name


def token_of(connection: HTTPConnection) -> str:
    """The session token of the cookie, "" when there is none."""
    return connection.cookies.get(cookie_name(connection.scope), "")


def who(token: str) -> Identity | None:
    """Who holds this token now, or None."""
    if not token:
        return None
    with reader(engine()) as session:
        found = reports.look_up(session, token)
        over = None if found else reports.out_of_hours(session, token=token)
    _end(over)
    return found


def who_has_session(session_id: int) -> Identity | None:
    """The same for a session the gate has let in: asked at every rerun of an open tab."""
    with reader(engine()) as session:
        found = reports.look_up_id(session, session_id)
        over = None if found else reports.out_of_hours(session, session_id=session_id)
    _end(over)
    return found


def why_over(*, token: str = "", session_id: int | None = None) -> str:
    """What to tell the holder of a session that the login times ended; "" when something else did, or nothing."""
    if not token and session_id is None:
        return ""
    with reader(engine()) as session:
        over = reports.out_of_hours(session, token=token, session_id=session_id)
    return over.sentence if over else ""


def _end(over: reports.OutOfHours | None) -> None:
    """Outside the login times a session does not only pause: in the morning one signs in again."""
    if over is not None and over.open:
        with transaction(engine()) as session:
            commands.end_out_of_hours(session, over.session_id)


def note_activity(identity: Identity) -> None:
    """A person, not a timer, did something: start the idle clock again."""
    if clock.now() - identity.seen_at >= ACTIVITY_EVERY:
        with transaction(engine()) as session:
            commands.note_activity(session, identity.session_id)


@contextmanager
def acting(who: Identity, *, proved: bool = False) -> Iterator[Session]:
    """One writing transaction on behalf of a person, who is asked about again in it (core/staff/authority.py).

    proved: only for who said lately who they are (ProveAgain). Raises NotAllowed when they are signed out by now, or their role or location has changed.
    """
    with transaction(engine()) as session:
        confirm(session, who)
        if proved:
            require_proof(session, who)
        yield session
        look_at_once(session)


def set_cookie(response: Response, scope: Any, name: str, value: str, *, seconds: int | None) -> None:
    """HttpOnly, SameSite=Lax, Secure over TLS, whole site. seconds None: until the browser closes."""
    response.set_cookie(
        cookie_name(scope, name),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=over_tls(scope),
    )


def clear_cookie(response: Response, scope: Any) -> None:
    """Take the session cookie out of the browser; the store forgets the session by itself."""
    set_cookie(response, scope, "sid", "", seconds=0)
