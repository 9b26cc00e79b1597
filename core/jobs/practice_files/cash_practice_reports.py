"""Storing Cash Practice's report files: people, cards, auto-debits and payments, as a sync would, without a key.

They belong to a connection of their own. Where Cash Practice itself is connected its reports are left out: it tells the
same, and fresher.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection as OpenStore
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core import clock
from core.cards.models import Card
from core.connections.models import REPORTS_ONLY, Connection, ConnectionState, Kind
from core.connections.quarantine import quarantine, resolve
from core.connections.runs import add_counts, fail_run, finish_run, start_run
from core.errors import BadInput
from core.integrations.cash_practice.records import money_of
from core.integrations.cash_practice.report_files import REPORTS
from core.integrations.practice_files import cells
from core.integrations.practice_files.records import OpenFile, Parsed
from core.integrations.records import Rejected, SetAside
from core.jobs.practice_files.folder import StillChanging, digest_of, refuse_unfinished, stamp_of
from core.jobs.practice_files.result import FileCounts, ImportResult, in_run
from core.jobs.practice_files.seen import remember, same_as_before
from core.jobs.records import references
from core.matching.commands import link_contacts
from core.patients.models import ProcessorContact
from core.payments.models import Payment, Recurring
from core.practice.models import Location, Practice
from core.store.engine import transaction
from core.store.upsert import Counts, upsert

CONNECTION_NAME = "Cash Practice reports"
CHUNK = 5_000
Row = dict[str, Any]


class _Report(NamedTuple):
    """One report being loaded. version: when the file was last changed, Unix seconds: an older export never wins."""

    engine: Engine | OpenStore
    connection_id: int
    name: str
    path: Path
    zone: str
    version: int


def load_reports(
    engine: Engine | OpenStore,
    found: Mapping[str, Path],
    result: ImportResult,
    *,
    watching: bool,
    progress: Callable[[str, int], None] | None = None,
) -> None:
    """Load the reports of a folder into `result`. watching: the same bytes as last time are counted, not read."""
    if not found:
        return
    with transaction(engine) as session:
        if (connected := _connected(session)) is not None:
            names = ", ".join(path.name for path in found.values())
            result.remarks.append(
                f"{names}: left out, as {connected} is connected and tells the same itself."
            )
            return
        connection_id = reports_connection(session)
        zone = session.exec(select(Location.time_zone).order_by(col(Location.id)).limit(1)).first()
    for name, path in ((name, found[name]) for name in REPORTS if name in found):
        if zone is None:
            result.errors.append(f"{path.name}: load locations.csv first, so that its times can be told.")
            continue
        _load(engine, connection_id, zone, name, path, result, watching=watching)
        if progress is not None:
            progress(name, result.files[name].rows)


def reports_connection(session: Session) -> int:
    """The connection that report files belong to, made when it is not there. It never syncs by itself."""
    if session.get(Practice, 1) is None:
        session.add(Practice(id=1))
        session.flush()
    found = session.exec(select(Connection).where(Connection.name == CONNECTION_NAME)).first()
    if found is None:
        state = ConnectionState.PAUSED
        found = Connection(
            kind=Kind.CASH_PRACTICE,
            name=CONNECTION_NAME,
            settings=REPORTS_ONLY,
            state=state,
            created_at=clock.now(),
        )
        session.add(found)
        session.flush()
    return found.id or 0


def _connected(session: Session) -> str | None:
    """The name of a Cash Practice that is connected with its key."""
    return session.exec(
        select(Connection.name).where(
            Connection.kind == Kind.CASH_PRACTICE,
            Connection.settings != REPORTS_ONLY,
            Connection.state != ConnectionState.DISCONNECTED,
        )
    ).first()


def _load(
    engine: Engine | OpenStore,
    connection_id: int,
    zone: str,
    name: str,
    path: Path,
    result: ImportResult,
    *,
    watching: bool,
) -> None:
    result.add(name, FileCounts(), [])
    with transaction(engine) as session:
        run_id = start_run(session, connection_id, name, full=not watching)
    try:
        stamp = stamp_of(path)
        if watching:
            refuse_unfinished(path)
        digest = digest_of(path)
        with transaction(engine) as session:
            same = same_as_before(session, connection_id, name, digest) if watching else None
            if same is not None:
                add_counts(session, run_id, **in_run(same))
                result.add(name, same, [])
        if same is None:
            report = _Report(engine, connection_id, name, path, zone, stamp.changed_ns // 1_000_000_000)
            _read(report, run_id, result)
        with transaction(engine) as session:
            remember(session, connection_id, name, digest, result.files[name])
            _refer(session, connection_id)
            finish_run(session, run_id)
    except BadInput as unusable:
        said = result.remarks if isinstance(unusable, StillChanging) else result.errors
        said.append(unusable.sentence)
        with transaction(engine) as session:
            fail_run(session, run_id, unusable.sentence)
    except BaseException:
        with transaction(engine) as session:
            fail_run(session, run_id, "The import was cut off in the middle; importing again completes it.")
        raise


def _read(report: _Report, run_id: int, result: ImportResult) -> None:
    opened = OpenFile(report.path, REPORTS[report.name])
    if opened.unknown:
        result.unknown_columns[report.name] = opened.unknown
    records = opened.records()
    while chunk := list(islice(records, CHUNK)):
        parsed = [row for row in chunk if isinstance(row, Parsed)]
        rejected = [row for row in chunk if isinstance(row, Rejected)]
        aside = [row for row in chunk if isinstance(row, SetAside)]
        with transaction(report.engine) as session:
            counts = _STORE[report.name](session, report, parsed)
            resolve(session, report.connection_id, report.name, [row.external_id for row in parsed])
            quarantine(session, report.connection_id, report.name, rejected)
            unchanged = len(chunk) - counts.stored - len(rejected) - len(aside)  # a repeated row too
            total = FileCounts(len(chunk), counts.stored, unchanged, len(rejected), len(aside))
            add_counts(session, run_id, **in_run(total))
        result.add(report.name, total, rejected, aside)
        result.tell(report.name, parsed)


def _posted(session: Session, report: _Report, parsed: Sequence[Parsed]) -> Counts:
    _people(session, report, parsed)
    _cards(session, report, [row for row in parsed if row.values["sch_id"]], by_date=True)
    rows = [
        {
            "external_id": row.external_id,
            "version": report.version,
            "contact_ref": row.values["customer_id"],
            "card_ref": _card_ref(row.values),
            "recurring_ref": row.values["sch_id"],
            "happened_at": clock.local_instant(row.values["happened_at"], report.zone),
            "amount_cents": row.values["amount_cents"],
            **money_of(row.values["status"], None, row.values["details"], row.values["refund_of"]),
            "order_id": row.external_id,
            "method": "bank" if row.values["bank_last_four"] else "card" if row.values["last_four"] else None,
        }
        for row in parsed
    ]
    return upsert(session, Payment, report.connection_id, rows)


def _auto_debits(session: Session, report: _Report, parsed: Sequence[Parsed]) -> Counts:
    _people(session, report, parsed)
    _cards(session, report, parsed)
    rows = [
        {
            "external_id": row.external_id,
            "version": report.version,
            "contact_ref": row.values["customer_id"],
            "card_ref": _card_ref(row.values),
            "pays_for": row.values["pays_for"],
            "amount_cents": row.values["amount_cents"],
            "interval": row.values["every"][0],
            "interval_unit": row.values["every"][1],
            "next_run_on": row.values["next_run_on"],
            "status": _standing(row.values),
        }
        for row in parsed
    ]
    return upsert(session, Recurring, report.connection_id, rows)


def _standing(values: Mapping[str, Any]) -> str:
    reminder = values["kind"] == "reminder" and values["status"] == "active"
    return "reminder" if reminder else values["status"]


def _expired(session: Session, report: _Report, parsed: Sequence[Parsed]) -> Counts:
    for row in parsed:
        row.values["customer_id"] = row.external_id
    _people(session, report, parsed)
    return _cards(session, report, parsed, default=True)


_STORE: dict[str, Callable[[Session, _Report, Sequence[Parsed]], Counts]] = {
    "posted_payments": _posted,
    "auto_debits": _auto_debits,
    "expired_default_credit_cards": _expired,
}


def _people(session: Session, report: _Report, parsed: Sequence[Parsed]) -> None:
    """The customers the rows name. A report that does not tell the EHR's id takes none away."""
    rows: list[Row] = []
    for row in parsed:
        first, last = row.values["person"]
        rows.append(
            {
                "external_id": row.values["customer_id"],
                "first_name": first,
                "last_name": last,
                "ehr_id": row.values["tps_id"],
                "version": report.version,
            }
        )
    told = [row for row in rows if row["ehr_id"]]
    upsert(session, ProcessorContact, report.connection_id, told)
    silent = [row for row in rows if not row["ehr_id"]]
    upsert(session, ProcessorContact, report.connection_id, silent, keep=frozenset({"ehr_id"}))


def _cards(
    session: Session,
    report: _Report,
    parsed: Sequence[Parsed],
    *,
    default: bool = False,
    by_date: bool = False,
) -> Counts:
    """What the rows were paid with. default: the report lists default cards. by_date: an old payment tells of an old card."""
    rows: list[Row] = []
    for row in parsed:
        values = row.values
        ref = _card_ref(values)
        if ref is None:
            continue
        is_card = bool(values["last_four"])
        expires_on = cells.expires_on(values["expiry_text"]) if is_card and values["expiry_text"] else None
        when: datetime | None = values["happened_at"] if by_date else None
        rows.append(
            {
                "external_id": ref,
                "version": int(clock.local_instant(when, report.zone).timestamp())
                if when
                else report.version,
                "contact_ref": values["customer_id"],
                "kind": "card" if is_card else "bank",
                "brand": values.get("brand"),
                "last_four": values["last_four"] or values["bank_last_four"],
                "expires_on": expires_on,
                "expiry_text": (values["expiry_text"] or "missing")
                if is_card and expires_on is None
                else None,
                "is_default": default,
            }
        )
    counts = upsert(session, Card, report.connection_id, rows, keep=frozenset({"brand", "is_default"}))
    if not default:
        return counts
    told = _note_defaults(session, report.connection_id, {row["external_id"]: row["brand"] for row in rows})
    stored = min(len(rows), counts.stored + told)
    return Counts(stored, len(rows) - stored)


def _note_defaults(session: Session, connection_id: int, brands: Mapping[str, str | None]) -> int:
    """What only the report of default cards tells: that a card is the default, and its brand. How many changed."""
    mine = select(Card).where(Card.connection_id == connection_id, col(Card.external_id).in_(list(brands)))
    changed = 0
    for card in session.exec(mine.execution_options(populate_existing=True)):
        brand = brands[card.external_id] or card.brand
        if not card.is_default or card.brand != brand:
            card.is_default, card.brand = True, brand
            session.add(card)
            changed += 1
    session.flush()
    return changed


def _card_ref(values: Mapping[str, Any]) -> str | None:
    """Reports give a card no id: the customer and its last four are as good as one."""
    digits = values["last_four"] or values.get("bank_last_four")
    return f"{values['customer_id']}-{digits}" if digits else None


def _refer(session: Session, connection_id: int) -> None:
    """Whose it all is, and which plan or membership an auto-debit pays for."""
    link_contacts(session, connection_id)
    references.refer_cards(session, connection_id)
    references.refer_recurrings(session, connection_id)
    references.refer_payments(session, connection_id)
