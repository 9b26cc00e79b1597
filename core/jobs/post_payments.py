"""Posting accepted payments to the EHR's ledger, once each: gather, claim, send with its key, write down what came of it.

The store knows of an attempt before it begins. A row left behind by a killed process is unknown; once the settle window
is over it is looked up by its key, and sent again only when it surely did not arrive. One process at a time.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core import clock
from core.connections.commands import connection_of, credentials, genesis_client, settings_of
from core.connections.models import Connection, ConnectionState, SyncCursor
from core.connections.runs import place_of
from core.errors import HuddleError, NotFound
from core.integrations.genesis.client import Genesis
from core.integrations.genesis.drop_folder import GenesisDrop
from core.integrations.genesis.records import EntryPage
from core.jobs.crashpoints import crashpoint
from core.jobs.lease import Busy, Held, hold
from core.outbox.sender import Later, Outcome, Settled, outcome_of
from core.postings import claiming
from core.postings.gathering import gather
from core.postings.look import look
from core.postings.models import PostedEntry, PostingSwitch
from core.store.engine import reader, transaction
from core.store.upsert import upsert
from core.store.version import data_version

AT_A_TIME = 20  # marked as being sent by one commit; all of these are looked up after a crash
IN_A_FILE = 500
AT_MOST = 5_000  # in one pass
OVERLAP_SECONDS = 300  # of the ledger read back each time: their clock may differ
_AT_REST = (ConnectionState.PAUSED, ConnectionState.DISCONNECTED)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class PostingPass:
    """What one pass came to, in rows."""

    new: int = 0
    posted: int = 0
    refused: int = 0
    unknown: int = 0
    later: int = 0

    def count(self, outcomes: Mapping[int, Outcome]) -> None:
        for outcome in outcomes.values():
            name = {"Settled": "posted"}.get(type(outcome).__name__, type(outcome).__name__.lower())
            setattr(self, name, getattr(self, name) + 1)


def post_payments(engine: Engine, *, wire: Mapping[str, Any] | None = None) -> dict[int, PostingPass]:
    """One pass over every connection where posting is on: what the worker's clock calls. Never raises for one of them.

    wire: options of http.Reader, for replays.
    """
    with reader(engine) as session:
        found = session.exec(
            select(PostingSwitch.connection_id)
            .join(Connection, col(Connection.id) == col(PostingSwitch.connection_id))
            .where(col(PostingSwitch.is_on), col(Connection.state).not_in(_AT_REST))
        ).all()
    done = {}
    for connection_id in found:
        try:
            done[connection_id] = post_by(engine, connection_id, wire=wire)
        except Busy:
            _log.info("another process posts payments right now")
        except HuddleError as error:
            _say(engine, connection_id, error.sentence)
    return done


def post_by(engine: Engine, connection_id: int, *, wire: Mapping[str, Any] | None = None) -> PostingPass:
    """Post everything that is due by one connection. Raises Busy, WrongKey, BadInput; NotFound when posting is off."""
    with reader(engine) as session:
        switch = session.get(PostingSwitch, connection_id)
        if switch is None or not switch.is_on:
            raise NotFound("Posting is not turned on here.")
        connection = connection_of(session, connection_id)
        client = genesis_client(settings_of(connection), credentials(connection), **(wire or {}))
    try:
        with hold(
            engine, f"post payments {connection_id}", busy="Payments are being posted right now."
        ) as lease:
            work = _Work(engine, lease, connection_id)
            work.gather()
            if isinstance(client, GenesisDrop):
                work.write_files(client)
            else:
                work.look_up(client)
                work.send(client)
                work.read_back(client)
            return work.did
    finally:
        client.close()


class _Work:
    """One pass by one connection, under its lease."""

    def __init__(self, engine: Engine, lease: Held, connection_id: int) -> None:
        self.engine, self.lease, self.connection_id = engine, lease, connection_id
        self.did = PostingPass()

    def gather(self) -> None:
        """New rows, when anything changed since the last time."""
        with reader(self.engine) as session:
            switch, version = session.get_one(PostingSwitch, self.connection_id), data_version(session)
            if switch.looked_at == version:
                return
            looked = look(session, switch.practice_id, start=switch.date_start, now=clock.now())
        with transaction(self.engine) as session:
            self.lease.confirm(session)
            switch = session.get_one(PostingSwitch, self.connection_id)
            switch.looked_at = version
            session.add(switch)
            self.did.new = gather(session, switch, looked, now=clock.now())

    def look_up(self, client: Genesis) -> None:
        """What a killed process left is in doubt; what is in doubt long enough is asked about."""
        with transaction(self.engine) as session:
            self.lease.confirm(session)
            claiming.left_behind(session, self.connection_id, now=clock.now())
        with reader(self.engine) as session:
            rows = claiming.doubtful(session, self.connection_id, now=clock.now(), limit=AT_MOST)
        for start in range(0, len(rows), AT_A_TIME):
            outcomes: dict[int, Outcome] = {}
            for row_id, key in rows[start : start + AT_A_TIME]:
                try:
                    found = client.posting_of(key)
                except HuddleError as error:
                    self._write(outcomes)
                    _say(self.engine, self.connection_id, error.sentence)
                    return
                outcomes[row_id] = (
                    Settled({"entry": found.entry_id}) if found else Later("It had not arrived.", 0.0)
                )
            self._write(outcomes)

    def send(self, client: Genesis) -> None:
        """Everything that is due, group after group; after trouble the rest is given back unsent."""
        for _ in range(AT_MOST // AT_A_TIME):
            group, taken = self._claim()
            if not taken:
                return
            crashpoint("posting.claimed")
            outcomes: dict[int, Outcome] = {}
            trouble = ""
            for each in group:
                outcomes[each.id] = (
                    self._send_one(client, each) if not trouble else Later("", 0.0, begun=False)
                )
                crashpoint("posting.sent")
                outcome = outcomes[each.id]
                if isinstance(outcome, Later) and outcome.gateway:
                    trouble = outcome.sentence
            self._write(outcomes)
            crashpoint("posting.recorded")
            if trouble:
                _say(self.engine, self.connection_id, trouble)
                return

    def _send_one(self, client: Genesis, each: claiming.Claimed) -> Outcome:
        try:
            return Settled({"entry": client.post_payment(each.record, key=each.key)})
        except HuddleError as error:
            return outcome_of(error)

    def _claim(self) -> tuple[list[claiming.Claimed], int]:
        """Rows to send, and how many were looked at: some may only have been let go."""
        now = clock.now()
        with transaction(self.engine) as session:
            self.lease.confirm(session)
            connection = connection_of(session, self.connection_id)
            clerk = claiming.clerk_of(session, connection, None, now=now)
            _note(session, self.connection_id, clerk.trouble)
            rows = claiming.due(
                session, self.connection_id, now=now, limit=AT_A_TIME, by_hand_only=bool(clerk.trouble)
            )
            pairs = claiming.ready(session, connection, rows, now=now)
            claiming.claim(session, [row for row, _ in pairs], now=now)
            return [claiming.Claimed(row.id or 0, row.key, record) for row, record in pairs], len(rows)

    def _write(self, outcomes: Mapping[int, Outcome]) -> None:
        if not outcomes:
            return
        with transaction(self.engine) as session:
            self.lease.confirm(session)  # whoever has taken over has looked these rows up by their keys
            claiming.record_outcomes(session, outcomes, now=clock.now())
        self.did.count(outcomes)

    def read_back(self, client: Genesis) -> None:
        """The ledger as Genesis shows it, from where it was read to."""
        with reader(self.engine) as session:
            place = _place(session, self.connection_id)
        since = None if place is None else max(0, int(place) - OVERLAP_SECONDS)
        for page in client.ledger(since):
            self._keep(page)

    def _keep(self, page: EntryPage) -> None:
        with transaction(self.engine) as session:
            self.lease.confirm(session)
            rows = [
                {
                    "external_id": entry.entry_id,
                    "version": entry.changed_at,
                    "key": entry.key,
                    "patient_ref": entry.patient_ref,
                    "order_id": entry.order_id,
                    "kind": entry.kind,
                    "amount_cents": entry.amount_cents,
                    "posted_on": entry.posted_on,
                }
                for entry in page.entries
            ]
            upsert(session, PostedEntry, self.connection_id, rows)
            place = place_of(session, self.connection_id, "ledger")
            place.cursor = str(max(int(place.cursor or 0), page.high or 0))
            place.synced_at = clock.now()
            session.add(place)

    def write_files(self, client: GenesisDrop) -> None:
        """The same by files: write it, note it, hand it over (core/integrations/genesis/drop_folder.py says why in this order)."""
        with transaction(self.engine) as session:
            self.lease.confirm(session)
            batches = claiming.left_behind(session, self.connection_id, now=clock.now())
        client.keep_only(batches)
        for batch in batches:
            self._deliver(client, batch)
        for _ in range(AT_MOST // IN_A_FILE):
            now = clock.now()
            with transaction(self.engine) as session:
                self.lease.confirm(session)
                connection = connection_of(session, self.connection_id)
                rows = claiming.due(session, self.connection_id, now=now, limit=IN_A_FILE, by_hand_only=False)
                if not rows:
                    return
                pairs = claiming.ready(session, connection, rows, now=now)
                if not pairs:
                    continue
                batch = f"{now:%Y%m%d-%H%M%S}-{pairs[0][0].id}"
                client.prepare(batch, [(row.key, record) for row, record in pairs])
                crashpoint("posting.written")
                claiming.claim(session, [row for row, _ in pairs], now=now, batch=batch)
            crashpoint("posting.claimed")
            self._deliver(client, batch)

    def _deliver(self, client: GenesisDrop, batch: str) -> None:
        client.deliver(batch)
        crashpoint("posting.delivered")
        with transaction(self.engine) as session:
            self.did.posted += claiming.delivered(session, self.connection_id, batch, now=clock.now())


def _place(session: Session, connection_id: int) -> str | None:
    found = select(SyncCursor.cursor).where(
        SyncCursor.connection_id == connection_id, SyncCursor.resource == "ledger"
    )
    return session.exec(found).first() or None


def _say(engine: Engine, connection_id: int, sentence: str) -> None:
    with transaction(engine) as session:
        _note(session, connection_id, sentence)


def _note(session: Session, connection_id: int, sentence: str) -> None:
    switch = session.get_one(PostingSwitch, connection_id)
    if switch.trouble != sentence:
        switch.trouble = sentence
        session.add(switch)
