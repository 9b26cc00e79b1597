"""What is the same for every patient of a report."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session

from core import clock
from core.connections.models import INVOICES_ONLY, PROCESSORS, Connection, ConnectionState, SyncCursor
from core.memberships.weeks import SUNDAY
from core.practice.models import Location
from core.settings import settings
from core.store.base import table_of


@dataclass(frozen=True, slots=True)
class Setting:
    """as_of: the instant asked at (aware UTC). today is local to time_zone.

    cards_known: some source of cards is there and not too old. ledger_known: the practice's ledger reaches us.
    everyone_needs_card: the practice's policy (DOMAIN §2). first_weekday: 0 Monday … 6 Sunday.
    invoices_only: connections whose EHR tells no payments, so that
    what is owed is at most what stands there.
    """

    as_of: datetime
    today: date
    time_zone: str
    everyone_needs_card: bool
    cards_known: bool
    processors: bool
    ledger_known: bool
    first_weekday: int = SUNDAY
    invoices_only: frozenset[int] = frozenset()

    def at_most(self, connection_id: int | None) -> bool:
        """Whether what a patient of this EHR owes is at most what stands there."""
        return connection_id in self.invoices_only

    def posts(self, connection_id: int | None) -> bool:
        """Whether payments of a patient of this EHR would show in the ledger that reaches us."""
        return self.ledger_known and not self.at_most(connection_id)


# of Fortis, Cash Practice, its report of auto-debits, and practice files
CARD_RESOURCES = ("tokens", "billing", "auto_debits", "cards")


CARDS_TOO_OLD = timedelta(hours=72)  # older than this and nobody can say what is on file (DOMAIN, head)


def setting_of(session: Session, place: Location, as_of: datetime) -> Setting:
    """What is the same for all patients of a location at an instant (aware UTC)."""
    cursor, connection = table_of(SyncCursor), table_of(Connection)
    every = session.execute(
        select(cursor.c.resource, cursor.c.synced_at, connection.c.kind, connection.c.id, connection.c.state)
        .join_from(cursor, connection, cursor.c.connection_id == connection.c.id)
        .where(cursor.c.synced_at.is_not(None))
    ).all()
    cursors = [row[:3] for row in every if row.state != ConnectionState.DISCONNECTED]
    # what was read after `as_of` is fresher still: a report about the past does not forget what is on file
    fresh = as_of - CARDS_TOO_OLD
    return Setting(
        as_of=as_of,
        today=clock.local_date(as_of, place.time_zone),
        time_zone=place.time_zone,
        everyone_needs_card=settings().card_policy == "everyone",
        cards_known=any(resource in CARD_RESOURCES and synced >= fresh for resource, synced, _ in cursors),
        processors=any(kind in PROCESSORS for _, _, kind in cursors),
        ledger_known=any(resource == "ledger" for resource, _, _ in cursors),
        invoices_only=frozenset(row.id for row in every if row.kind in INVOICES_ONLY),
        first_weekday=settings().first_weekday,
    )
