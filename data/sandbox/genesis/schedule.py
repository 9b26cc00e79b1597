"""Genesis' schedule as far as online bookings go: appointments posted under a key, kept in the same EHR's export.

A key answers its appointment; an older version of it changes nothing. A person without a PATIENT_ID becomes a patient.
With no room left at that time with that provider (Day Conflicts) it is refused only where a test asks for that.
"""

import csv
import io
import os
from pathlib import Path

from data.sandbox.practice.columns import COLUMNS
from data.sandbox.state import State

_COLUMNS = "number, key, version, patient_id, provider_id, type_id, starts_at, minutes, status"


def keep(state: State, said: dict[str, str]) -> str:
    """The appointment's id, new or known. Raises ValueError with what is wrong with it."""
    version = int(said["Version"])
    with state.transaction() as db:
        known = db.execute(
            f"SELECT {_COLUMNS} FROM genesis_appointments WHERE key = ?",  # noqa: S608 (constants)
            (said["Appointment_Key"],),
        ).fetchone()
        if known is not None and known[2] >= version:
            return _id(known[0])
        patient_id = said["PATIENT_ID"] or (known[3] if known else "") or _new_patient(state, said)
        values = (
            version,
            patient_id,
            said["Provider_ID"],
            said["AppointmentType"],
            said["AppointmentTime"][:16],
            said["Minutes"],
            said["Status"],
        )
        if known is None:
            number = db.execute(
                "INSERT INTO genesis_appointments (key, version, patient_id, provider_id, type_id, starts_at,"
                " minutes, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (said["Appointment_Key"], *values),
            ).lastrowid
        else:
            number = known[0]
            db.execute(
                "UPDATE genesis_appointments SET version = ?, patient_id = ?, provider_id = ?, type_id = ?,"
                " starts_at = ?, minutes = ?, status = ? WHERE number = ?",
                (*values, number),
            )
    row = dict(zip(COLUMNS["appointments"], (_id(number or 0), *values[1:]), strict=True))
    _write(state.folder / "ehr" / "appointments.csv", "appointments", row)
    return _id(number or 0)


def all_of(state: State) -> list[dict[str, str]]:
    """Every appointment that was posted, oldest first."""
    rows = state.select(f"SELECT {_COLUMNS} FROM genesis_appointments ORDER BY number")  # noqa: S608 (constants)
    return [dict(zip(_COLUMNS.split(", "), map(str, row), strict=True)) for row in rows]


def _id(number: int) -> str:
    return f"GB{number:05d}"


def _new_patient(state: State, said: dict[str, str]) -> str:
    path = state.folder / "ehr" / "patients.csv"
    number = state.remembered("genesis patients", 0) + 1
    state.remember("genesis patients", number)
    row = dict.fromkeys(COLUMNS["patients"], "") | {
        "patient_id": f"GP{number:04d}",
        "location_id": said["Location_ID"],
        "first_name": said["FirstName"],
        "last_name": said["LastName"],
        "birth_date": said["DateOfBirth"],
        "email": said["Email"],
        "mobile_phone": said["CellPhone"],
        "active": "true",
    }
    _write(path, "patients", row)
    return row["patient_id"]


def _write(path: Path, name: str, row: dict[str, str]) -> None:
    """The export with this row, new or changed: whole from the first moment it is seen."""
    if not path.is_file():
        return
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    key = COLUMNS[name][0]
    rows = [each for each in rows if each[key] != row[key]] + [row]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS[name], lineterminator="\n", extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    part = path.with_suffix(".part")
    part.write_text(text.getvalue(), encoding="utf-8")
    os.replace(part, path)
