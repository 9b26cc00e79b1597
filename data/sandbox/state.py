# ruff: noqa: S608 (the tables and columns named in SQL are constants of this module; values are bound)
"""The sandbox's memory: its own SQLite file, one table a resource, each record kept as the JSON it is answered with
(in two halves: see blanks.py).

Only what is searched often stands in columns of its own. The clock, the keys and the counter that ids are
made from are kept here too, so that a killed sandbox goes on where it was.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from core import clock
from data.sandbox import tables
from data.sandbox.blanks import Blanks
from data.sandbox.faults import Faults

Record = dict[str, Any]

RESOURCES = (
    "locations",
    "product_transactions",
    "contacts",
    "tokens",
    "recurrings",
    "declined_recurring_transactions",
    "transactions",
    "quick_invoices",
    "paylinks",
    "tickets",
    "webhooks",
    "batches",
)
COLUMNS = ("created_ts", "modified_ts", "contact_id", "token_id", "recurring_id", "location_id", "api_id")
_SOUGHT = ("created_ts", "modified_ts", "contact_id", "token_id", "recurring_id", "api_id", "link_id")
# The caller's own key of a record, unique in its location; kept in the column api_id.
OWN_KEYS = {
    "contacts": "contact_api_id",
    "tokens": "token_api_id",
    "recurrings": "recurring_api_id",
    "transactions": "transaction_api_id",
    "quick_invoices": "quick_invoice_api_id",
    "paylinks": "paylink_api_id",
}
# What a transaction pays: sought by these, kept in its JSON (see blanks.py).
PAID_BY = ("quick_invoice_id", "paylink_id")


def silent() -> None:
    """Nobody makes calls now; they wait."""


class State:
    """Everything the sandbox knows. Safe to use from many threads: one of them at a time."""

    def __init__(self, folder: Path, *, seed: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.faults = Faults()
        self.told: Callable[[State, str, str, Record], None] | None = (
            None  # hears of every change, see webhooks.tell
        )
        self.ring: Callable[[], None] = silent  # wakes who makes the sandbox's own calls
        self.smtp_port = 0  # where the mail server listens, once it does
        self.wanted_smtp_port = 0  # where it should, when it never did: 0 is any free port
        self.root_url = ""  # where it is reached; known with the first request
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(folder / "sandbox.db", isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=10000;"
        )
        self._db.executescript(_schema())
        self._blanks = Blanks(self._db)
        if self.remembered("seed") is None:
            self.remember("seed", seed)
        # What the processor signs in with: its three headers.
        self.login = {
            name: self.key(name.replace("-", "_")) for name in ("user-id", "user-api-key", "developer-id")
        }

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of a change or nothing; the outermost block commits."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._db
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                    self._blanks.forget()
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    # What is remembered by name: the seed, the clock, declines to come.

    def remembered(self, name: str, otherwise: Any = None) -> Any:
        with self._lock:
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else otherwise

    def remember(self, name: str, value: Any) -> None:
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def key(self, name: str) -> str:
        """A login of the sandbox (user id, api key, ...): 24 hex made from the seed. Nothing real opens with it."""
        return hashlib.sha256(f"{self.remembered('seed')}:{name}".encode()).hexdigest()[:24]

    def new_id(self) -> str:
        """The next 24-hex id; the same seed and the same calls give the same ids."""
        with self.transaction():
            count = self.remembered("ids", 0) + 1
            self.remember("ids", count)
        return "31f" + hashlib.sha256(f"{self.remembered('seed')}:{count}".encode()).hexdigest()[:21]

    # The clock.

    def now(self) -> datetime:
        """The sandbox's present instant, UTC: the real one moved by what POST /control asked for, or held still."""
        frozen = self.remembered("frozen_at")
        if frozen is not None:
            return datetime.fromtimestamp(frozen, UTC)
        return datetime.fromtimestamp(clock.now().timestamp() + self.remembered("clock_offset", 0), UTC)

    def set_now(self, instant: datetime, *, frozen: bool = False) -> None:
        self.remember("frozen_at", int(instant.timestamp()) if frozen else None)
        self.remember("clock_offset", instant.timestamp() - clock.now().timestamp())

    def today(self, location_id: str | None) -> date:
        """Today on the wall of a location (UTC when it has no zone)."""
        location = self.get("locations", location_id) if location_id else None
        return clock.today((location or {}).get("tz") or "UTC", self.now())

    # Records.

    def get(self, resource: str, record_id: str | None) -> Record | None:
        with self._lock:
            row = self._db.execute(
                f"SELECT said, blank FROM {resource} WHERE id = ?", (record_id,)
            ).fetchone()
            return json.loads(self._blanks.whole(*row)) if row else None

    def find(self, resource: str, **equal: Any) -> list[Record]:
        """Records whose columns hold these values, oldest first."""
        where = " AND ".join(f"{column} = ?" for column in equal) or "1"
        return [json.loads(text) for text in self.texts(resource, f"{where} ORDER BY rowid", equal.values())]

    def paying(self, column: str, record_id: str) -> list[Record]:
        """The transactions that pay a quick invoice or a paylink (a column of PAID_BY), oldest first."""
        where = f"json_extract(said, '$.{column}') = ? ORDER BY created_ts, rowid"
        return [json.loads(text) for text in self.texts("transactions", where, [record_id])]

    def texts(self, resource: str, where: str, values: Iterable[Any]) -> list[str]:
        """The JSON texts of records, by what follows WHERE (its values bound)."""
        sql = f"SELECT said, blank FROM {resource} WHERE {where}"
        with self._lock:
            return [self._blanks.whole(*row) for row in self._db.execute(sql, tuple(values)).fetchall()]

    def select(self, sql: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, tuple(values)).fetchall()

    def insert(self, resource: str, record: Record, *, link_id: str | None = None) -> Record:
        """Keep a complete record; `link_id` is the transaction that a refund gives back."""
        with self.transaction():
            self.insert_many(resource, [(record, link_id)])
            self._tell(resource, "CREATE", record)
        return record

    def _tell(self, resource: str, verb: str, record: Record) -> None:
        if self.told is not None:
            self.told(self, resource, verb, record)

    def insert_many(self, resource: str, rows: Iterable[tuple[Record, str | None]]) -> None:
        marks = ", ".join("?" * (len(COLUMNS) + 4))
        with self.transaction() as db:
            db.executemany(
                f"INSERT INTO {resource} (id, {', '.join(COLUMNS)}, link_id, said, blank) VALUES ({marks})",
                (
                    (*_columns(resource, record), link_id, *self._blanks.split(record))
                    for record, link_id in rows
                ),
            )

    def update(self, resource: str, record_id: str, **changes: Any) -> Record:
        """Change fields of a record and move its modified_ts to now, never back. KeyError for an unknown id."""
        with self.transaction() as db:
            record = self.get(resource, record_id)
            if record is None:
                raise KeyError(record_id)
            record |= {
                "modified_ts": max(int(self.now().timestamp()), record.get("modified_ts") or 0)
            } | changes
            sets = ", ".join(f"{column} = ?" for column in COLUMNS)
            values = (*_columns(resource, record)[1:], *self._blanks.split(record), record_id)
            db.execute(f"UPDATE {resource} SET {sets}, said = ?, blank = ? WHERE id = ?", values)
            self._tell(resource, "UPDATE", record)
        return record

    def delete(self, resource: str, record_id: str) -> bool:
        with self.transaction() as db:
            record = self.get(resource, record_id)
            db.execute(f"DELETE FROM {resource} WHERE id = ?", (record_id,))
            if record is not None:
                self._tell(resource, "DELETE", record)
        return record is not None


def _columns(resource: str, record: Record) -> tuple[Any, ...]:
    """The id and the searched columns of a record, in the order of COLUMNS."""
    known = record | {"api_id": record.get(OWN_KEYS.get(resource, ""))}
    return (record["id"], *(known.get(column) for column in COLUMNS))


def _schema() -> str:
    statements = ["CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT)"]
    for resource in RESOURCES:
        columns = ", ".join(
            f"{name} {'INTEGER' if name.endswith('_ts') else 'TEXT'}" for name in (*COLUMNS, "link_id")
        )
        statements.append(
            f"CREATE TABLE IF NOT EXISTS {resource} (id TEXT PRIMARY KEY, {columns}, said TEXT, blank INTEGER)"
        )
        statements += [
            f"CREATE INDEX IF NOT EXISTS {resource}_{column} ON {resource} ({column}) WHERE {column} IS NOT NULL"
            for column in _SOUGHT
        ]
    statements += [
        f"CREATE INDEX IF NOT EXISTS transactions_{column} ON transactions (json_extract(said, '$.{column}')) "
        f"WHERE json_extract(said, '$.{column}') IS NOT NULL"
        for column in PAID_BY
    ]
    statements += tables.schema()
    return "BEGIN;\n" + ";\n".join(statements) + ";\nCOMMIT;"
