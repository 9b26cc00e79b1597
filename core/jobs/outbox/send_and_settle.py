"""Sending what is in the outbox: claim, send, settle | refuse | unknown (DESIGN §2.6, RELIABILITY 1–3).

The store knows of an attempt before it begins and of its outcome after: no transaction is open in between. A row left
behind by a killed process is unknown. It is looked up once the settle window is over, and sent again only when it
surely did not arrive, or where the other system recognises the key. One worker at a time has a row, however slow its
call is (holding.py); what one has to say that lost its row meanwhile counts only when it is that the thing is done.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, and_, or_
from sqlmodel import Session, col, select

from core import clock
from core.connections.commands import credentials, settings_of
from core.connections.models import Connection, ConnectionState
from core.errors import HuddleError
from core.jobs.crashpoints import crashpoint
from core.jobs.outbox.holding import Holding
from core.jobs.outbox.senders import SENDERS, open_client
from core.outbox import commands as outbox
from core.outbox.models import OutboxRow, OutboxState
from core.outbox.sender import (
    Cancel,
    Later,
    Outcome,
    Outgoing,
    Postpone,
    Refused,
    Sender,
    Settled,
    Unknown,
)
from core.store.engine import reader, transaction
from core.tasks.at_once import look_at_once

GIVE_UP_AFTER = timedelta(hours=24)
REPEAT_WITHIN = timedelta(hours=23)  # others forget a key after a day
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, LONGEST_PAUSE_SECONDS = 15.0, 1800.0, 60.0
LEFT_BEHIND = "Huddle was interrupted while sending this; it may have gone out."
CANNOT_ASK = "It may have gone out, and nobody can be asked. Ask the patient before you send it again."
TOO_OLD = "This may have happened more than 23 hours ago; look for yourself before you do it again."
_AT_REST = (ConnectionState.PAUSED, ConnectionState.DISCONNECTED)

_log = logging.getLogger(__name__)
LOOKED_UP_AT_A_TIME, LOOKED_UP_IN_A_PASS = 10, 200

_Outcomes = Sequence[tuple[Outgoing, Outcome]]


@dataclass(slots=True)
class OutboxPass:
    """What one pass over the outbox came to, in rows."""

    settled: int = 0
    refused: int = 0
    later: int = 0
    unknown: int = 0
    cancelled: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        name = type(outcome).__name__.lower()
        setattr(self, name, getattr(self, name) + 1)


@dataclass(slots=True)
class Lane:
    """One connection's way out: its client, and what the gateway asked for, are kept from one pass to the next."""

    engine: Engine
    connection_id: int
    senders: Mapping[str, Sender] = field(default_factory=lambda: SENDERS)
    stop: threading.Event = field(default_factory=threading.Event)
    client: Any = None
    opened_for: tuple[str, str] = ("", "")
    mine: dict[str, Sender] = field(default_factory=dict)  # the kinds that go by this connection
    not_before: float = 0.0  # monotonic: the gateway asked for a pause or cannot be reached
    next_send: float = 0.0

    def work(self) -> OutboxPass:
        """Look up what is in doubt, then send everything that is due. Raises HuddleError when it cannot begin."""
        did = OutboxPass()
        if time.monotonic() < self.not_before or not self._open():
            return did
        with Holding(self.engine) as holding:
            self._settle_doubts(did, holding)
            group = self._record([], did, claim=True)
            while group:
                holding.hold(group)
                group = self._record(self._send(group), did, claim=True)
        return did

    def _settle_doubts(self, did: OutboxPass, holding: Holding) -> None:
        for _ in range(LOOKED_UP_IN_A_PASS // LOOKED_UP_AT_A_TIME):
            if self.stop.is_set() or not (rows := self._take_doubtful()):
                return
            holding.hold(rows)
            for row in rows:
                self._record([(row, self._look_up(row))], did)

    def close(self) -> None:
        """Let go of the client."""
        if self.client is not None:
            self.client.close()
        self.client = None

    def _open(self) -> bool:
        with reader(self.engine) as session:
            connection = session.get(Connection, self.connection_id)
            if connection is None or connection.state in _AT_REST:
                return False
            wanted = (connection.settings, connection.sealed_secrets)
            if self.client is None or wanted != self.opened_for:
                self.close()
                self.client = open_client(connection.kind, settings_of(connection), credentials(connection))
                self.opened_for = wanted
            self.mine = {k: sender for k, sender in self.senders.items() if sender.goes_by == connection.kind}
        return bool(self.mine)

    def _record(self, outcomes: _Outcomes, did: OutboxPass, *, claim: bool = False) -> list[Outgoing]:
        """Write down what came of one group and take the next, in one transaction."""
        now = clock.now()
        claimed: list[OutboxRow] = []
        with transaction(self.engine) as session:
            changed = _write(session, outcomes, now)
            if claim and not self.stop.is_set() and time.monotonic() >= self.not_before:
                claimed, cancelled = self._claim(session, now)
                changed += cancelled
                did.cancelled += len(cancelled)
            _carry_over(session, self.mine, changed)
            look_at_once(session)
            group = [outbox.outgoing(row, self.mine[row.kind].clerk_key(session, row)) for row in claimed]
        for _, outcome in outcomes:
            did.add(outcome)
        if outcomes:
            crashpoint("outbox.committed")
        if group:
            crashpoint("outbox.claimed")
        return group

    def _claim(self, session: Session, now: datetime) -> tuple[list[OutboxRow], list[OutboxRow]]:
        return outbox.claim(
            session,
            now=now,
            limit=self._at_a_time(),
            kinds=self.mine,
            connection_id=self.connection_id,
            still_wanted=self._still_wanted,
        )

    def _take_doubtful(self) -> list[Outgoing]:
        with transaction(self.engine) as session:
            rows = outbox.take_doubtful(
                session,
                now=clock.now(),
                limit=LOOKED_UP_AT_A_TIME,
                kinds=self.mine,
                connection_id=self.connection_id,
            )
            return [outbox.outgoing(row) for row in rows]

    def _still_wanted(
        self, session: Session, rows: Sequence[OutboxRow], now: datetime
    ) -> Mapping[str, Cancel | Postpone]:
        verdicts: dict[str, Cancel | Postpone] = {}
        for kind, of_kind in _by_kind(rows).items():
            verdicts.update(self.mine[kind].still_wanted(session, of_kind, now))
        return verdicts

    def _at_a_time(self) -> int:
        most = min(sender.at_a_time for sender in self.mine.values())
        return max(1, min(most, int(self._per_second()))) if self._per_second() else most

    def _per_second(self) -> float:
        return float(getattr(self.client, "per_second", 0.0))

    def _send(self, group: Sequence[Outgoing]) -> _Outcomes:
        """One after the other, in step with the gateway's limit; after trouble the rest is given back unsent."""
        outcomes: list[tuple[Outgoing, Outcome]] = []
        for row in group:
            if self._must_leave(row):
                outcomes.append((row, Later("", begun=False)))
                continue
            outcome = self._send_one(row)
            crashpoint("outbox.sent")
            outcomes.append((row, outcome))
            if isinstance(outcome, Later) and outcome.gateway:
                self.not_before = time.monotonic() + min(_wait(outcome, row.attempts), LONGEST_PAUSE_SECONDS)
        crashpoint("outbox.replied")
        return outcomes

    def _must_leave(self, row: Outgoing) -> bool:
        """Whether a claimed row is not begun: told to stop, in trouble, or claimed so long ago that it looks lost."""
        if self.stop.wait(max(0.0, self.next_send - time.monotonic())):
            return True
        return clock.now() - row.claimed_at > outbox.lease() / 2 or time.monotonic() < self.not_before

    def _send_one(self, row: Outgoing) -> Outcome:
        if per_second := self._per_second():
            self.next_send = time.monotonic() + 1.0 / per_second
        try:
            return self.mine[row.kind].send(self.client, row)
        except Exception:  # whatever it was, the call may have been made
            _log.exception("sending %s %s failed in an unforeseen way", row.kind, row.key)
            return Unknown("Something unforeseen went wrong while sending this; it may have gone out.")

    def _look_up(self, row: Outgoing) -> Outcome:
        """Ask what became of a row in doubt; no transaction is open while asking."""
        sender = self.mine[row.kind]
        if sender.look_up is not None:
            try:
                found = sender.look_up(self.client, row)
            except HuddleError as error:
                found = Unknown(f"It may have gone out, and asking did not work: {error.sentence}")
        elif sender.repeats_safely(self.client):
            found = Later("It may not have arrived; sent again under the same key.", 0.0)
        else:
            found = Unknown(CANNOT_ASK)
        if isinstance(found, Later) and clock.now() - row.claimed_at > REPEAT_WITHIN:
            return Unknown(TOO_OLD)
        return found


def _write(session: Session, outcomes: _Outcomes, now: datetime) -> list[OutboxRow]:
    """The rows that changed. One that a webhook or the staff has finished meanwhile stays as it is."""
    if not outcomes:
        return []
    mine = outbox.still_mine(session, {row.key: row.fence for row, _ in outcomes})
    lost = [(row.key, outcome) for row, outcome in outcomes if row.key not in mine]
    kept = [(mine[row.key], outcome) for row, outcome in outcomes if row.key in mine]
    changed = [row for row, outcome in kept if _finish(session, row, outcome, now)]
    return changed + _done_after_all(session, lost)


def _done_after_all(session: Session, lost: Sequence[tuple[str, Outcome]]) -> list[OutboxRow]:
    """That it is done is true whoever has the row by now; so it is not sent again by whoever would have taken it next."""
    done = {key: outcome.result for key, outcome in lost if isinstance(outcome, Settled)}
    rows = outbox.held(session, done).values() if done else ()
    idle = [row for row in rows if row.state in {OutboxState.WAITING, OutboxState.UNKNOWN}]
    return [row for row in idle if outbox.settle(session, row, done[row.id])]


def _finish(session: Session, row: OutboxRow, outcome: Outcome, now: datetime) -> bool:
    match outcome:
        case Settled(result):
            return outbox.settle(session, row, result)
        case Refused(sentence, code):
            return outbox.refuse(session, row, sentence, code=code)
        case Unknown(sentence):
            return outbox.mark_unknown(session, row, sentence, settle_after=now + outbox.settle_window())
        case Later(begun=False):
            row.attempts -= 1
            return outbox.requeue(session, row, at=row.not_before, reason=row.reason)
    if now - row.created_at > GIVE_UP_AFTER:
        return outbox.refuse(session, row, f"Given up after a day: {outcome.sentence}")
    at = now + timedelta(seconds=_wait(outcome, row.attempts))
    return outbox.requeue(session, row, at=at, reason=outcome.sentence)


def _wait(outcome: Later, attempts: int) -> float:
    if outcome.seconds is not None:
        return outcome.seconds
    return min(FIRST_WAIT_SECONDS * 2 ** max(0, attempts - 1), LONGEST_WAIT_SECONDS)


def _by_kind(rows: Sequence[OutboxRow]) -> dict[str, list[OutboxRow]]:
    found: dict[str, list[OutboxRow]] = {}
    for row in rows:
        found.setdefault(row.kind, []).append(row)
    return found


def _carry_over(session: Session, senders: Mapping[str, Sender], rows: Sequence[OutboxRow]) -> None:
    for kind, of_kind in _by_kind(rows).items():
        if kind in senders:
            senders[kind].carry_over(session, of_kind)


def note_left_behind(engine: Engine, senders: Mapping[str, Sender] = SENDERS) -> int:
    """Rows that a process was sending when it died become unknown: how many. They are looked up, not sent again."""
    with reader(engine) as session:
        if session.exec(select(OutboxRow.id).where(outbox.left_behind(clock.now())).limit(1)).first() is None:
            return 0
    with transaction(engine) as session:
        left = outbox.take_left_behind(session, now=clock.now(), reason=LEFT_BEHIND)
        _carry_over(session, senders, left)
    return len(left)


def busy_connections(engine: Engine) -> list[int]:
    """Connections with something to send or to look up."""
    now = clock.now()
    state = col(OutboxRow.state)
    due = and_(state == OutboxState.WAITING, col(OutboxRow.not_before) <= now)
    doubtful = and_(state == OutboxState.UNKNOWN, col(OutboxRow.settle_after) <= now)
    with reader(engine) as session:
        found = session.exec(select(OutboxRow.connection_id).where(or_(due, doubtful)).distinct()).all()
    return sorted(connection_id for connection_id in found if connection_id is not None)


def work_outbox(engine: Engine, *, senders: Mapping[str, Sender] = SENDERS) -> dict[int, OutboxPass]:
    """One pass over everything that is due now, connection after connection: what the embedded worker does all day."""
    note_left_behind(engine, senders)
    done = {}
    for connection_id in busy_connections(engine):
        lane = Lane(engine, connection_id, senders)
        try:
            done[connection_id] = lane.work()
        finally:
            lane.close()
    return done
