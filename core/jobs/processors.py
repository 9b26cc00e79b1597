"""What differs between processors in a sync: how each is opened for reading, and what follows once its lists are read."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlmodel import Session, select

from core import clock
from core.connections import clerk_permission
from core.connections.commands import cash_practice_client, connection_of, fortis_client
from core.connections.models import Kind
from core.errors import NotAllowed
from core.integrations.records import Page
from core.jobs.links.refresh import refresh_links
from core.jobs.records.clerks import match_clerks
from core.staff.models import Staff
from core.store.engine import reader

AFTERWARDS: dict[str, str] = {Kind.FORTIS: "links", Kind.CASH_PRACTICE: "clerks"}


class Listing(Protocol):
    """A client that hands over a resource page by page, the oldest change first."""

    def pages(self, resource: str, *, since: int | None = None) -> Iterator[Page]: ...
    def count(self, resource: str) -> int: ...
    def close(self) -> None: ...


def open_reading(
    engine: Engine,
    connection_id: int,
    kind: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    wire: Mapping[str, Any],
) -> Any:
    """A client for reading a processor. Raises NotAllowed when who it acts as may not, BadInput, WrongKey."""
    if kind == Kind.FORTIS:
        return fortis_client(settings, secrets, **wire)
    with reader(engine) as session:
        key = _key_of(session, connection_id, settings.get("acts_as", ""))
    return cash_practice_client(settings, secrets, clerk_key=key, **wire)


def _key_of(session: Session, connection_id: int, username: str) -> str:
    """The clerk key of the person a scheduled sync acts as; "" = the API key alone, which may read."""
    if not username:
        return ""
    connection = connection_of(session, connection_id)
    query = select(Staff).where(Staff.username == username, Staff.practice_id == connection.practice_id)
    person = session.exec(query).first()
    if person is None or person.disabled_at is not None:
        raise NotAllowed(
            f"{connection.name} acts as “{username}”, who has no account here. Choose somebody else."
        )
    return clerk_permission.clerk_key_for(session, person.id or 0, connection, now=clock.now())


def after_lists(engine: Engine, connection_id: int, kind: str, client: Any) -> None:
    """What rests on everything that was read. Raises TransportError; what was read before it is kept."""
    if kind == Kind.FORTIS:
        refresh_links(engine, client, connection_id)
    else:
        match_clerks(engine, client, connection_id)
