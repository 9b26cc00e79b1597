"""An EHR's own export, loaded: every line told, nothing that is never stored in the store, the same again unchanged."""

import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from core import clock
from core.connections.models import QuarantinedRow, SyncRun
from core.errors import BadInput
from core.integrations.ehr_exports.profile import built_in
from core.jobs.ehr_exports.load import import_export
from core.jobs.ehr_exports.result import ExportResult
from core.jobs.practice_files.rows import table_of
from core.practice.models import Practice
from core.store.engine import reader, transaction
from tests.ehr_books import write_book
from tests.ehr_shapes import DRCHRONO, JANE, PRACTICE_FUSION, SQUARE, STRIPE, write_export

NOW = datetime(2026, 11, 18, 20, tzinfo=UTC)
DENVER = {"time_zone": "America/Denver"}


def load(engine: Engine, path: Path, answers: Mapping[str, Any] = DENVER, **how: Any) -> ExportResult:
    with clock.frozen(NOW):
        result = import_export(engine, path, answers=answers, **how)
    for counts in result.files.values():
        assert counts.rows == counts.stored + counts.unchanged + counts.quarantined + counts.set_aside
    return result


def rows(engine: Engine, file: str) -> dict[str, dict[str, Any]]:
    """Rows of a practice file's table by external id, with patients and places by theirs."""
    with reader(engine) as session:
        table, people = table_of(file), table_of("patients").c
        ids = {row[0]: row[1] for row in session.execute(select(people.id, people.external_id))}
        found = {row["external_id"]: dict(row) for row in session.execute(select(table)).mappings()}
    return {key: row | {"patient_id": ids.get(row.get("patient_id"))} for key, row in found.items()}


def counts(result: ExportResult) -> dict[str, tuple[int, int, int, int, int]]:
    return {
        name.split("_")[1] if "_" in name else name: (
            c.rows,
            c.stored,
            c.unchanged,
            c.quarantined,
            c.set_aside,
        )
        for name, c in result.files.items()
    }


def test_a_jane_export_is_loaded_line_by_line(store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path, JANE)
    result = load(store, folder)
    assert (result.profile, counts(result)) == (
        "jane", {"Patients": (3, 3, 0, 0, 0), "Appointments": (5, 2, 0, 2, 1), "Sales": (5, 4, 0, 0, 1)},
    )  # fmt: skip
    again = load(store, folder)
    assert counts(again) == {
        "Patients": (3, 0, 3, 0, 0),
        "Appointments": (5, 0, 2, 2, 1),
        "Sales": (5, 0, 4, 0, 1),
    }


def test_what_a_jane_export_says(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, write_export(tmp_path, JANE))
    visits, ledger, people = (rows(sqlite_store, file) for file in ("appointments", "ledger", "patients"))
    assert {key: row["status"] for key, row in visits.items()} == {"9001": "completed", "9002": "scheduled"}
    assert visits["9001"]["starts_at"] == datetime(2026, 11, 16, 16, tzinfo=UTC)
    assert {key: (row["kind"], row["part"], row["amount_cents"]) for key, row in ledger.items()} == {
        "77-1:charge": ("charge", "patient", 106_500),
        "77-1:payment": ("payment", "patient", 6_500),
        "78-1:charge": ("charge", "patient", 2_500),  # the payer is another patient
        "78-2:charge": ("charge", "insurer", 4_000),
        "77-1-refund:adjustment": ("adjustment", "patient", 6_500),
        "77-1-refund:refund": ("refund", "patient", 6_500),
    }
    assert str(ledger["77-1:charge"]["posted_on"]) == "2026-11-16"
    assert str(ledger["77-1:payment"]["posted_on"]) == "2026-11-17"
    assert [person["active"] for person in people.values()] == [True, True, False]
    assert people["hill-1"]["text_consent"] is None


def test_a_line_that_cannot_be_used_is_told_in_the_words_of_its_own_file(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    result = load(sqlite_store, write_export(tmp_path, JANE))
    told = [(one["line"], one["column"], one["reason"]) for one in result.quarantine]
    assert told == [
        (6, "state", "the word “reserved” has no meaning in this profile yet"),
        (7, "patient_guid", "hill-77 is not in patients"),
    ]
    assert [(one["line"], one["reason"]) for one in result.set_aside] == [
        (5, "an empty slot (never_booked), not a visit"),
        (6, "zero amount, nothing owed"),
    ]
    assert "state.reserved" in result.questions


def test_an_answer_gives_an_unknown_word_its_meaning(sqlite_store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path, JANE)
    load(sqlite_store, folder)
    mended = load(sqlite_store, folder, DENVER | {"state.reserved": "confirmed"})
    assert rows(sqlite_store, "appointments")["9004"]["status"] == "confirmed"
    assert mended.questions == {}
    with reader(sqlite_store) as session:
        waiting = session.execute(
            select(QuarantinedRow.external_id).where(QuarantinedRow.resolved_at.is_(None))  # type: ignore[union-attr]
        ).scalars()
        assert list(waiting) == ["9005"]
    with pytest.raises(BadInput, match="no answer"):
        load(sqlite_store, folder, DENVER | {"state.reserved": "perhaps"})


def test_a_row_that_waited_for_its_patient_is_stored_once_the_patient_is_there(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    folder = write_export(tmp_path, JANE)
    load(sqlite_store, folder)
    (late,) = folder.glob("*_Patients_*")
    late.write_text(late.read_text() + "hill-77,77,Late,,Comer,,,,,Active\n")
    result = load(sqlite_store, folder)
    assert rows(sqlite_store, "appointments")["9005"]["patient_id"] == "hill-77"
    assert counts(result)["Appointments"] == (5, 0, 3, 1, 1) or counts(result)["Appointments"] == (
        5,
        1,
        2,
        1,
        1,
    )


def test_the_same_records_as_a_workbook_and_as_csv_are_one(sqlite_store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path, JANE)
    (path,) = folder.glob("*_Appointments_*")
    header = [
        "id",
        "location_name",
        "start_at",
        "end_at",
        "patient_guid",
        "treatment_name",
        "staff_member_name",
        "state",
    ]
    row = [
        "9001",
        "Hill Clinic",
        "2026-11-16 09:00:00 -0700",
        "2026-11-16 09:20:00 -0700",
        "hill-1",
        "Adjustment",
        "Dr. Uma Prior",
        "arrived",
    ]
    write_book(path.with_suffix(".xlsx"), {"Export": [header, row]})
    result = load(sqlite_store, folder)
    by_kind = {Path(name).suffix: c for name, c in result.files.items() if "Appointments" in name}
    assert (by_kind[".xlsx"].stored, by_kind[".csv"].stored, by_kind[".csv"].unchanged) == (1, 1, 1)


def test_drchrono_halves_are_joined_and_the_rest_says_what_it_misses(store: Engine, tmp_path: Path) -> None:
    result = load(store, write_export(tmp_path, DRCHRONO), {})
    told = {(one["file"], one["line"]): one["reason"] for one in result.quarantine}
    visit = rows(store, "appointments")["800001"]
    assert (visit["patient_id"], visit["minutes"], visit["status"]) == ("100", 15, "completed")
    assert visit["starts_at"] == datetime(2026, 11, 16, 16, tzinfo=UTC)  # the doctor's zone
    assert "no claim has the same doctor" in told["appointments_1.csv", 4]
    assert "no row of appointments" in told["claims_1.csv", 5]
    assert "“Wellness hold” has no meaning" in told["claims_1.csv", 3]
    assert "“XYZ” has no meaning" in told["payments_patient_1.csv", 4]
    coverage = rows(store, "coverages")["100:primary"]
    assert (coverage["payer"], coverage["copay_cents"], coverage["visit_limit"]) == ("Mesa Mutual", 2_500, 20)
    assert (coverage["authorisation_units"], coverage["authorisation_used"]) == (24, 13)
    assert rows(store, "patients")["100"]["text_consent"] is False


def test_what_an_insured_patient_owes_is_what_drchrono_says(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, write_export(tmp_path, DRCHRONO), {})
    owed = {"patient": 0, "insurer": 0}
    for row in rows(sqlite_store, "ledger").values():
        owed[row["part"]] += row["amount_cents"] * (1 if row["kind"] in ("charge", "refund") else -1)
    # the balance of the claim, and ten dollars given back
    assert owed == {
        "patient": 500 + 1_000,
        "insurer": 0,
    }


def test_practice_fusion_is_read_with_its_guids_in_any_case(sqlite_store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path, PRACTICE_FUSION)
    result = load(sqlite_store, folder)
    visits = rows(sqlite_store, "appointments")
    assert [(row["patient_id"], row["status"]) for row in visits.values()] == [
        ("cccc0000-0000-4000-8000-000000000001", "completed")
    ]
    coverage = rows(sqlite_store, "coverages")["eeee0000-0000-4000-8000-000000000001"]
    assert (coverage["rank"], coverage["copay_cents"], coverage["coinsurance_basis_points"]) == (
        1,
        2_500,
        2_000,
    )
    assert (coverage["eligible"], str(coverage["checked_on"])) == (True, "2026-11-02")
    assert rows(sqlite_store, "ledger") == {}  # its charges come without their payments
    assert "AppointmentStatus.Pending arrival" in result.questions
    load(sqlite_store, folder, DENVER | {"superbill_lines": "charges"})
    assert [row["amount_cents"] for row in rows(sqlite_store, "ledger").values()] == [6_500]


def test_payments_of_square_and_stripe_find_their_patients(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, write_export(tmp_path / "ehr", JANE))
    square = load(sqlite_store, write_export(tmp_path / "square", SQUARE))
    stripe = load(sqlite_store, write_export(tmp_path / "stripe", STRIPE))
    paid = {
        key: (row["patient_id"], row["amount_cents"], row["status"], row["refund_ref"])
        for key, row in rows(sqlite_store, "payments").items()
    }
    assert paid == {
        "Q1": ("hill-1", 6_500, "approved", None),
        "Q2:refund": ("hill-1", 2_000, "approved", "Q2"),
        "ch_1": ("hill-1", 139_900, "approved", None),
        "ch_2": ("hill-1", 5_000, "approved", None),
        "ch_2:refund": ("hill-1", 2_000, "approved", "ch_2"),
        "ch_3": ("hill-1", 5_000, "declined", None),
    }
    assert rows(sqlite_store, "payments")["Q1"]["happened_at"] == datetime(2026, 11, 16, 16, 20, tzinfo=UTC)
    assert (square.profile, stripe.profile) == ("square", "stripe")
    assert ["US dollars" in one["reason"] for one in stripe.quarantine] == [True, False]


def test_nothing_that_is_never_stored_is_in_any_byte_of_the_store(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    for name, files in {"j": JANE, "d": DRCHRONO, "p": PRACTICE_FUSION, "s": SQUARE, "t": STRIPE}.items():
        load(sqlite_store, write_export(tmp_path / name, files))
    path = Path(sqlite_store.url.database or "")
    held = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
    assert b"Okonkwo" in held
    for secret in (
        "secretly noted", "over two lines", "hidden", "Hidden Physician", "000-12-9999", "000129999", "000-98-1111",
    ):  # fmt: skip
        assert secret.encode() not in held, secret


def test_a_dry_run_says_the_same_and_keeps_nothing(store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path, JANE)
    rehearsed = load(store, folder, dry_run=True)
    with reader(store) as session:
        assert session.execute(select(func.count()).select_from(SyncRun)).scalar_one() == 0
    assert rows(store, "patients") == {}
    real = load(store, folder)
    assert rehearsed.rehearsed
    assert (rehearsed.files, rehearsed.quarantine) == (real.files, real.quarantine)


def test_a_zip_and_its_folder_come_to_the_same(sqlite_store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path / "tree", DRCHRONO)
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in folder.rglob("*.csv"):
            archive.write(path, path.relative_to(folder))
    first = load(sqlite_store, tmp_path / "export.zip", {})
    again = load(sqlite_store, folder, {})
    assert sum(c.stored for c in first.files.values()) == sum(c.unchanged for c in again.files.values()) > 0
    assert sum(c.stored for c in again.files.values()) == 0


def test_without_a_zone_anywhere_it_is_asked_for(sqlite_store: Engine, tmp_path: Path) -> None:
    folder = write_export(tmp_path, PRACTICE_FUSION)
    with pytest.raises(BadInput, match="time_zone="):
        load(sqlite_store, folder, {})
    with pytest.raises(BadInput, match="Moon/Base"):
        load(sqlite_store, folder, {"time_zone": "Moon/Base"})
    assert rows(sqlite_store, "patients") == {}


def test_the_zone_said_at_the_set_up_is_not_asked_for_again(sqlite_store: Engine, tmp_path: Path) -> None:
    with transaction(sqlite_store) as session:
        session.merge(Practice(id=1, name="Hill", time_zone="America/Denver"))
    result = load(sqlite_store, write_export(tmp_path, PRACTICE_FUSION), {})
    (visit,) = rows(sqlite_store, "appointments").values()
    assert visit["starts_at"] == datetime(2026, 11, 16, 16, tzinfo=UTC)
    assert any("as said at the set-up" in note for note in result.notes)


def test_files_of_nobody_we_know_are_refused_with_what_to_do(sqlite_store: Engine, tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text("sku,shelf\n1,2\n")
    with pytest.raises(BadInput, match=r"stock\.csv are of no system"):
        load(sqlite_store, tmp_path)
    with pytest.raises(BadInput, match="no export of Jane"):
        load(sqlite_store, tmp_path, profile=built_in()["jane"])


def test_a_date_column_that_can_be_read_both_ways_waits_for_an_answer(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    (tmp_path / "Invoices-1.csv").write_text(
        "Invoice Number,Issue Date,Patient ID,Items,Total,Outstanding,Status\n1,03/09/2026,5,Visit,65.00,65.00,Open\n"
    )
    (tmp_path / "Patients-1.csv").write_text("Patient ID,First Name,Last Name\n5,Ada,Byron\n")
    result = load(sqlite_store, tmp_path)
    assert "dates" in result.questions
    assert rows(sqlite_store, "ledger") == {}
    load(sqlite_store, tmp_path, DENVER | {"dates": "day first"})
    assert str(rows(sqlite_store, "ledger")["1:charge"]["posted_on"]) == "2026-09-03"


def test_two_people_under_one_id_are_both_turned_away(sqlite_store: Engine, tmp_path: Path) -> None:
    (tmp_path / "Patients-1.csv").write_text(
        "Patient ID,First Name,Last Name,Date of Birth\n5,Ada,Byron,1990-01-01\n5,Grace,Hopper,1991-02-02\n6,Mary,Shelley,\n"
    )
    result = load(sqlite_store, tmp_path)
    assert list(rows(sqlite_store, "patients")) == ["6"]
    assert [one["line"] for one in result.quarantine] == [2, 3]


def test_long_ids_that_pass_the_luhn_check_are_ids(sqlite_store: Engine, tmp_path: Path) -> None:
    (tmp_path / "Patients-1.csv").write_text(
        'Patient ID,First Name,Last Name\n"=""1558354464010667075""",Ines,Brandvold\n4111111111111111,Vi,Sa\n'
    )
    load(sqlite_store, tmp_path)
    assert set(rows(sqlite_store, "patients")) == {"1558354464010667075", "4111111111111111"}


def test_batches_of_one_table_settle_their_dates_together(sqlite_store: Engine, tmp_path: Path) -> None:
    header = "id,chart_id,first_name,last_name,date_of_birth\n"
    (tmp_path / "demographics_1.csv").write_text(header + "1,A,Ada,Byron,03/09/1984\n")
    (tmp_path / "demographics_2.csv").write_text(header + "2,B,Bea,Cole,18/07/2012\n")
    load(sqlite_store, tmp_path)
    assert [str(row["birth_date"]) for row in rows(sqlite_store, "patients").values()] == [
        "1984-09-03",
        "2012-07-18",
    ]


def test_a_birth_date_of_1900_is_kept_as_the_desk_typed_it(sqlite_store: Engine, tmp_path: Path) -> None:
    (tmp_path / "Patients-1.csv").write_text(
        "Patient ID,First Name,Last Name,Date of Birth\n5,Test,Patient,01/01/1900\n6,Mary,Shelley,30/08/1997\n"
    )
    load(sqlite_store, tmp_path)
    assert str(rows(sqlite_store, "patients")["5"]["birth_date"]) == "1900-01-01"
