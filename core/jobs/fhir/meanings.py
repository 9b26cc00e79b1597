"""What references stand for, remembered from load to load: identifiers, roles, names of payers, merged patients."""

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from core.connections.models import KnownReference
from core.integrations.fhir.refs import MERGED, Identifiers
from core.jobs.practice_files.rows import table_of

_TABLE: Table = KnownReference.__table__  # type: ignore[attr-defined]  # SQLModel sets it


def remembered(session: Session, connection_id: int, identifiers: Identifiers) -> None:
    """Fill in what earlier loads have learnt."""
    rows = session.execute(
        select(_TABLE.c.kind, _TABLE.c.named, _TABLE.c.means)
        .where(_TABLE.c.connection_id == connection_id)
        .execution_options(yield_per=10_000)
    )
    for kind, named, means in rows:
        identifiers.keep(kind, named, means)
    identifiers.fresh.clear()


def remember(session: Session, connection_id: int, identifiers: Identifiers) -> None:
    """Write down what is new."""
    if not identifiers.fresh:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(_TABLE)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "kind", "named"], set_={"means": statement.excluded.means}
        ),
        [
            {"connection_id": connection_id, "kind": kind, "named": named, "means": means}
            for (kind, named), means in identifiers.fresh.items()
        ],
    )
    identifiers.fresh.clear()


def merged(session: Session, connection_id: int, identifiers: Identifiers) -> dict[str, str]:
    """Patients who were merged into another one: external id → that of the last in the chain who is here."""
    links = identifiers.all_of(MERGED)
    if not links:
        return {}
    patient = table_of("patients").c
    here = set(
        session.execute(
            select(patient.external_id).where(
                patient.connection_id == connection_id,
                patient.gone_at.is_(None),
                patient.external_id.in_(sorted({*links, *links.values()})),
            )
        ).scalars()
    )
    found: dict[str, str] = {}
    for old in links:
        steps, at, last = {old}, old, ""
        while (at := links.get(at, "")) and at not in steps:
            steps.add(at)
            last = at if at in here else last
        if last and not at:  # a chain that comes back to itself says of nobody who stays
            found[old] = last
    return found
