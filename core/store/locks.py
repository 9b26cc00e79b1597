"""Doing things of one name one after the other: SQLite has one writer in any case, PostgreSQL is asked for a lock."""

import hashlib

from sqlalchemy import text
from sqlmodel import Session


def one_at_a_time(session: Session, *names: str) -> None:
    """Until the commit nobody else gets past this with one of these names; what they committed before is seen after it."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for number in sorted(_number(name) for name in names):  # in one order, so that nobody waits in a circle
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
