"""What Genesis keeps of the practice: its patients (from the EHR's own export), the ledger, tasks, and settings.

What is posted is a row of the ledger here and a line of ledger.csv, the export of the same EHR. Nothing in that file
is ever changed or taken out by this part.
"""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from data.sandbox.practice.columns import COLUMNS
from data.sandbox.state import State

SETTINGS = "genesis"
# honours_keys: a Transaction_ID or Task_Key that is known answers what is there; false = it is done again
USUAL = {"honours_keys": True}
CONFIGURATION = "genesis configuration"
_ENTRY = "number, key, patient_id, order_id, kind, amount, posted_on, description, clerk, changed"
_TASK = (
    "number, key, patient_id, type, text, priority, created, due, assignee, amount, status, closed_by, closed_at,"
    " closed_reason, changed"
)


class Entry(NamedTuple):
    number: int
    key: str
    patient_id: str
    order_id: str
    kind: str
    amount: str  # dollars, below 0 for a refund
    posted_on: str
    description: str
    clerk: str
    changed: int

    @property
    def entry_id(self) -> str:
        return f"GL{self.number:06d}"


class Task(NamedTuple):
    number: int
    key: str
    patient_id: str
    type: str
    text: str
    priority: str
    created: int
    due: str
    assignee: str
    amount: str
    status: str
    closed_by: str
    closed_at: int | None
    closed_reason: str
    changed: int


def change(state: State, wish: Any) -> None:
    """POST /control {"genesis": {...}}. Raises ValueError for what is no setting."""
    if (
        not isinstance(wish, dict)
        or set(wish) - set(USUAL)
        or not all(isinstance(value, bool) for value in wish.values())
    ):
        raise ValueError(f"genesis takes an object of {', '.join(USUAL)}, true or false")
    state.remember(SETTINGS, settings(state) | wish)


def settings(state: State) -> dict[str, bool]:
    return USUAL | state.remembered(SETTINGS, {})


# The ledger.


def post(
    state: State,
    *,
    key: str,
    patient_id: str,
    order_id: str,
    amount: Decimal,
    posted_on: date,
    description: str,
    clerk: str,
) -> Entry:
    """A new entry, also in the export."""
    kind = "payment" if amount > 0 else "refund"
    with state.transaction() as db:
        number = db.execute(
            "INSERT INTO genesis_entries (key, patient_id, order_id, kind, amount, posted_on, description, clerk,"
            " changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                patient_id,
                order_id,
                kind,
                str(amount),
                posted_on.isoformat(),
                description,
                clerk,
                _now(state),
            ),
        ).lastrowid
    entry = entries(state, "number = ?", [number])[0]
    _export(state, entry)
    return entry


def entries(state: State, where: str, values: list[Any], *, most: int = 100_000) -> list[Entry]:
    """Ledger entries by a condition (its values bound), oldest change first."""
    sql = f"SELECT {_ENTRY} FROM genesis_entries WHERE {where} ORDER BY changed, number LIMIT ?"  # noqa: S608 (constants)
    return [Entry(*row) for row in state.select(sql, [*values, most])]


def _export(state: State, entry: Entry) -> None:
    path = state.folder / "ehr" / "ledger.csv"
    if not path.is_file():
        return
    row = dict.fromkeys(COLUMNS["ledger"], "") | {
        "entry_id": entry.entry_id,
        "patient_id": entry.patient_id,
        "posted_on": entry.posted_on,
        "kind": entry.kind,
        "part": "patient",
        "amount": entry.amount.lstrip("-"),
        "order_id": entry.order_id,
        "description": entry.description,
    }
    line = io.StringIO()
    csv.DictWriter(line, COLUMNS["ledger"], lineterminator="\n").writerow(row)
    with path.open("a", newline="", encoding="utf-8") as file:
        file.write(line.getvalue())  # one write of one line


# Tasks.


def add_task(state: State, fields: dict[str, str]) -> Task:
    with state.transaction() as db:
        names = "key, patient_id, type, text, priority, created, due, assignee, amount, status, changed"
        number = db.execute(
            f"INSERT INTO genesis_tasks ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)",  # noqa: S608 (constants)
            (
                fields["Task_Key"],
                fields.get("PATIENT_ID", ""),
                fields.get("Type", ""),
                fields["Text"],
                fields.get("Priority", ""),
                int(fields.get("Created") or _now(state)),
                fields.get("Due", ""),
                fields.get("Assignee", ""),
                fields.get("Amount", ""),
                _now(state),
            ),
        ).lastrowid
    return tasks(state, "number = ?", [number])[0]


def close_task(state: State, number: int, *, by: str, reason: str) -> Task | None:
    """Close it; what is closed stays as it is. None when there is no such task."""
    with state.transaction() as db:
        db.execute(
            "UPDATE genesis_tasks SET status = 'closed', closed_by = ?, closed_at = ?, closed_reason = ?, changed = ?"
            " WHERE number = ? AND status = 'open'",
            (by, _now(state), reason, _now(state), number),
        )
    return next(iter(tasks(state, "number = ?", [number])), None)


def reopen_task(state: State, number: int) -> None:
    with state.transaction() as db:
        db.execute(
            "UPDATE genesis_tasks SET status = 'open', closed_by = '', closed_at = NULL, closed_reason = '',"
            " changed = ? WHERE number = ?",
            (_now(state), number),
        )


def tasks(state: State, where: str, values: list[Any], *, most: int = 100_000) -> list[Task]:
    """Tasks by a condition (its values bound), oldest change first."""
    sql = f"SELECT {_TASK} FROM genesis_tasks WHERE {where} ORDER BY changed, number LIMIT ?"  # noqa: S608 (constants)
    return [Task(*row) for row in state.select(sql, [*values, most])]


# The practice's own people and visits, read from the export.


def patient(state: State, patient_id: str) -> dict[str, str] | None:
    """A patient's line of the export; None when there is none. Without any export every id is somebody's."""
    path = state.folder / "ehr" / "patients.csv"
    if not path.is_file():
        return {"patient_id": patient_id, "first_name": "", "last_name": ""}
    return _by_id(path, path.stat().st_mtime_ns).get(patient_id)


_people: dict[tuple[Path, int], dict[str, dict[str, str]]] = {}


def _by_id(path: Path, changed: int) -> dict[str, dict[str, str]]:
    if (path, changed) not in _people:
        _people.clear()
        _people[path, changed] = {row["patient_id"]: row for row in _rows(path)}
    return _people[path, changed]


def balance(state: State, patient_id: str) -> Decimal:
    """What the patient's part of the ledger comes to, in dollars."""
    owed = Decimal(0)
    for row in _rows(state.folder / "ehr" / "ledger.csv"):
        if row["patient_id"] == patient_id and row["part"] == "patient":
            raises = row["kind"] in ("charge", "refund")
            owed += Decimal(row["amount"] or 0) * (1 if raises else -1)
    return owed


def next_appointment(state: State, patient_id: str) -> str:
    """When the patient is booked next, as the export writes it; "" when not at all."""
    now = state.now().strftime("%Y-%m-%dT%H:%M")
    starts = [
        row["starts_at"]
        for row in _rows(state.folder / "ehr" / "appointments.csv")
        if row["patient_id"] == patient_id
        and row["status"] in ("scheduled", "confirmed")
        and row["starts_at"] >= now
    ]
    return min(starts, default="")


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _now(state: State) -> int:
    return int(state.now().timestamp())


def instant(seconds: int | None) -> str:
    """For people: 3 Dec 14:05 UTC."""
    if seconds is None:
        return ""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%b %H:%M} UTC"
