"""Where Genesis cannot be called: payments and tasks as CSV files in a folder, for a person to import there.

One file a batch, whole from the first moment it is seen, and never a second time: a batch is written into the folder
`.huddle` first and then moved, and a move cannot happen twice. Huddle notes that it hands a batch over after it was
written and before it is moved, so after a crash either it lies in `.huddle` still (move it), or it was moved, whatever
became of it since.
"""

import csv
import hashlib
import io
import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from core.errors import BadInput, NotNow
from core.integrations.genesis.records import AppointmentOut, PaymentOut, TaskOut, TaskPage
from core.money import decimal_text

PAYMENT_COLUMNS = (
    "transaction_id",
    "patient_id",
    "last_name",
    "first_name",
    "posted_on",
    "amount",
    "order_id",
    "description",
)
TASK_COLUMNS = (
    "task_key",
    "status",
    "patient_id",
    "type",
    "text",
    "priority",
    "created",
    "due",
    "assignee",
    "amount",
    "reason",
)
APPOINTMENT_COLUMNS = (
    "key",
    "version",
    "patient_ref",
    "first_name",
    "last_name",
    "birth_date",
    "email",
    "mobile_phone",
    "location_ref",
    "provider_ref",
    "type_ref",
    "starts_at",
    "minutes",
    "status",
)
_FORMULA = re.compile(r"^[=+\-@\t\r]")


class GenesisDrop:
    """A folder that stands in for Genesis."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._desk = self.folder / ".huddle"

    def close(self) -> None:
        """Nothing is held open."""

    def check(self) -> str:
        """Whether files can be written there, in a sentence. Raises BadInput."""
        if not self.folder.is_dir():
            raise BadInput(f"There is no folder {self.folder}. Make it, or name another one.")
        try:
            self._desk.mkdir(exist_ok=True)
            probe = self._desk / "probe"
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            raise BadInput(f"Nothing can be written to {self.folder}: {error.strerror}.") from error
        return f"Payments and tasks will be written to {self.folder}, to be imported in Genesis by hand."

    # Payments: prepare, note it in the store, deliver.

    def prepare(self, batch: str, payments: Sequence[tuple[str, PaymentOut]]) -> None:
        """Write a batch where nobody imports it yet; again is the same. payments: key and record. Raises NotNow."""
        rows = [
            (
                key,
                each.patient_ref,
                each.last_name,
                each.first_name,
                each.posted_on.isoformat(),
                decimal_text(each.amount_cents),
                each.order_id,
                each.description,
            )
            for key, each in payments
        ]
        self._write(_payments_file(batch), PAYMENT_COLUMNS, rows)

    def deliver(self, batch: str) -> None:
        """Move a prepared batch to where it is imported; one that was moved before is left alone. Raises NotNow."""
        self._move(_payments_file(batch))

    def keep_only(self, batches: Collection[str]) -> None:
        """Take back batches that were prepared and never noted. Raises NotNow."""
        noted = {_payments_file(batch) for batch in batches}
        try:
            for path in self._desk.glob("payments-*"):
                if path.name not in noted:
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise _cannot(self.folder, error) from error

    # Tasks: a file each.

    def post_task(self, task: TaskOut) -> str:
        """Write a task once, however often it is asked for: its id is its key. Raises NotNow."""
        row = (
            task.key,
            "open",
            task.patient_ref or "",
            task.kind,
            task.text,
            task.priority,
            task.created_at.isoformat(timespec="seconds"),
            task.due_on.isoformat() if task.due_on else "",
            task.assignee,
            "" if task.amount_cents is None else decimal_text(task.amount_cents),
            "",
        )
        self._write_once(f"task-{_short(task.key)}-open.csv", TASK_COLUMNS, [row])
        return task.key

    def close_task(self, task_id: str, reason: str, *, clerk_key: str = "") -> None:
        """Write once that a task is over. Raises NotNow."""
        row = (task_id, "closed", *[""] * (len(TASK_COLUMNS) - 3), reason)
        self._write_once(f"task-{_short(task_id)}-closed.csv", TASK_COLUMNS, [row])

    def tasks(self, since: int | None = None, *, size: int = 0) -> Iterator[TaskPage]:
        """A folder says nothing of what became of a task: no page."""
        yield from ()

    # Appointments: a file for each change.

    def post_appointment(self, appointment: AppointmentOut) -> str:
        """Write an appointment as it stands now, once for each version of it: its id is its key. Raises NotNow."""
        row = [str(getattr(appointment, name)) for name in APPOINTMENT_COLUMNS]
        name = f"appointment-{_short(appointment.key)}-{appointment.version}.csv"
        self._write_once(name, APPOINTMENT_COLUMNS, [row])
        return appointment.ehr_ref

    # Files.

    def _write_once(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A receipt in `.huddle/written` says that the file was made; lies the file itself there still, it is moved."""
        written = self._desk / "written"
        try:
            written.mkdir(parents=True, exist_ok=True)
            if (written / name).exists():
                if (self._desk / name).exists():
                    self._move(name)
                return
        except OSError as error:
            raise _cannot(self.folder, error) from error
        self._write(name, columns, rows)
        try:
            (written / name).touch(exist_ok=False)
        except FileExistsError:
            return
        except OSError as error:
            raise _cannot(self.folder, error) from error
        self._move(name)

    def _write(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[_safe(cell) for cell in row] for row in rows])
        part = self._desk / f"{name}.part"
        try:
            self._desk.mkdir(exist_ok=True)
            with part.open("w", encoding="utf-8", newline="") as file:
                file.write(text.getvalue())
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self._desk / name)
        except OSError as error:
            raise _cannot(self.folder, error) from error

    def _move(self, name: str) -> None:
        try:
            os.replace(self._desk / name, self.folder / name)
        except FileNotFoundError:
            return  # moved before
        except OSError as error:
            raise _cannot(self.folder, error) from error


def _payments_file(batch: str) -> str:
    return f"payments-{batch}.csv"


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; amounts stay numbers."""
    number = re.fullmatch(r"-?\d+\.\d\d", cell)
    return f"'{cell}" if _FORMULA.match(cell) and not number else cell


def _cannot(folder: Path, error: OSError) -> NotNow:
    return NotNow(
        f"The folder {folder} cannot be written to: {error.strerror}. Nothing is lost; it is tried again."
    )
