"""Every connection as the integrations page shows it: state, freshness, the last sync and what is not in order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from core.connections.commands import SECRETS, connection_of, credentials, settings_of
from core.connections.models import (
    REPORTS_ONLY,
    SENDING_ONLY,
    Connection,
    ConnectionState,
    Kind,
    Lease,
    QuarantinedRow,
    SyncRun,
)
from core.connections.reports import sources
from core.connections.resources import RESOURCES_OF
from core.secrets import mask

_LOOK_BACK = 60  # runs: more than any one sync has


@dataclass(frozen=True, slots=True)
class SyncNow:
    """A sync going on. rows: read so far. done of expected lists; expected None: not known the first time."""

    resource: str
    rows: int
    done: int
    expected: int | None


@dataclass(frozen=True, slots=True)
class LastSync:
    """The latest sync that ended. rows_in = stored + unchanged + quarantined. error: "" when all was read."""

    began_at: datetime
    rows_in: int
    stored: int
    unchanged: int
    quarantined: int
    error: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One connection. synced_at: of its oldest resource, UTC; None: never read to the end, or it only sends.

    watches: it is read by itself (not only sending, not files loaded by hand). quarantined: rows that wait to be mended.
    """

    id: int
    name: str
    kind: str
    state: str
    only_sends: bool
    watches: bool
    synced_at: datetime | None
    stale: bool
    quarantined: int
    now: SyncNow | None
    last: LastSync | None


def tiles(session: Session, *, now: datetime) -> list[Tile]:
    """Every connection in the order they were set up, disconnected ones last."""
    fresh = {source.id: source for source in sources(session, now=now)}
    bad = _quarantined(session)
    busy = _busy(session, now)
    found = session.exec(select(Connection).order_by(col(Connection.id))).all()
    made: list[Tile] = []
    for connection in sorted(found, key=lambda one: one.state == ConnectionState.DISCONNECTED):
        key = connection.id or 0
        source = fresh.get(key)
        runs = latest_runs(session, key)
        only_sends = connection.kind in SENDING_ONLY
        made.append(
            Tile(
                id=key,
                name=connection.name,
                kind=connection.kind,
                state=connection.state,
                only_sends=only_sends,
                watches=not only_sends and _watches(connection),
                synced_at=source.synced_at if source else None,
                stale=bool(source and source.stale and connection.state != ConnectionState.PAUSED),
                quarantined=bad.get(key, 0),
                now=_sync_now(session, connection, runs) if key in busy else None,
                last=None if key in busy else _last(runs),
            )
        )
    return made


def latest_runs(session: Session, connection_id: int) -> list[SyncRun]:
    """The runs of the latest sync, each resource once, in the order they were read."""
    latest = session.exec(
        select(SyncRun)
        .where(SyncRun.connection_id == connection_id)
        .order_by(col(SyncRun.id).desc())
        .limit(_LOOK_BACK)
    ).all()
    first = session.exec(
        select(SyncRun.resource).where(SyncRun.connection_id == connection_id).order_by(col(SyncRun.id))
    ).first()
    found: dict[str, SyncRun] = {}
    for run in latest:
        if run.resource in found:
            break
        found[run.resource] = run
        if run.resource == first:
            break
    return list(reversed(found.values()))


def known_fields(session: Session, connection_id: int) -> tuple[dict[str, str], dict[str, str]]:
    """What is set, and the secrets as a screen may show them: the last four characters. Raises NotFound, WrongKey."""
    found = connection_of(session, connection_id)
    secrets = credentials(found)
    masked = {
        name: mask(secrets[name]) if secrets.get(name) else "" for name in SECRETS.get(Kind(found.kind), ())
    }
    return settings_of(found), masked


def _watches(connection: Connection) -> bool:
    if connection.settings == REPORTS_ONLY:
        return False  # imported report files: nothing to ask anybody for
    return connection.kind != Kind.PRACTICE_FILES or bool(json.loads(connection.settings).get("folder"))


def _quarantined(session: Session) -> dict[int, int]:
    rows = session.exec(
        select(QuarantinedRow.connection_id, func.count())
        .where(col(QuarantinedRow.resolved_at).is_(None))
        .group_by(col(QuarantinedRow.connection_id))
    )
    return dict(rows.all())


def _busy(session: Session, now: datetime) -> set[int]:
    """Connections whose sync is held by a living process."""
    held = session.exec(
        select(Lease.name).where(col(Lease.name).startswith("sync "), col(Lease.until) > now)
    ).all()
    return {int(number) for number in (name.removeprefix("sync ") for name in held) if number.isdecimal()}


def _sync_now(session: Session, connection: Connection, runs: Sequence[SyncRun]) -> SyncNow:
    before = select(func.count(func.distinct(SyncRun.resource))).where(
        SyncRun.connection_id == connection.id, col(SyncRun.id) < (runs[0].id if runs else 0)
    )
    known = session.exec(before).one() or len(RESOURCES_OF.get(connection.kind, ()))
    return SyncNow(
        resource=runs[-1].resource if runs else "",
        rows=sum(run.rows_in for run in runs),
        done=sum(run.state != "running" for run in runs),
        expected=max(known, len(runs)) if known else None,
    )


def _last(runs: Sequence[SyncRun]) -> LastSync | None:
    if not runs:
        return None
    return LastSync(
        began_at=runs[0].started_at,
        rows_in=sum(run.rows_in for run in runs),
        stored=sum(run.stored for run in runs),
        unchanged=sum(run.unchanged for run in runs),
        quarantined=sum(run.quarantined for run in runs),
        error=next((run.error for run in reversed(runs) if run.state == "failed"), ""),
    )
