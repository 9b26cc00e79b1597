"""Loading practice files: every file and column arrives, again is unchanged, bad rows wait with their reason."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import Session

from core.connections.models import Connection, QuarantinedRow, SyncRun
from core.errors import BadInput
from core.integrations.practice_files.columns import FILES
from core.jobs.practice_files.load import import_folder
from core.jobs.practice_files.result import FileCounts, ImportResult, QuarantineEntry
from core.jobs.practice_files.rows import MODELS, table_of
from core.practice.models import Practice
from core.store.engine import reader
from tests.a_practice import FILES as TEXTS
from tests.a_practice import parsed, with_cell, write_practice


def rows_of(engine: Engine, file: str) -> dict[str, dict[str, Any]]:
    """Rows of a practice file's table by external id; ids of other rows as their external ids, times in UTC."""
    with reader(engine) as session:
        found = session.execute(select(MODELS[file])).scalars().all()
        return {row.external_id: _in_words(session, file, row) for row in found}


def _in_words(session: Session, file: str, row: Any) -> dict[str, Any]:
    ours = {"id", "connection_id", "external_id", "version", "content_hash", "synced_at", "gone_at"}
    values = {name: getattr(row, name) for name in type(row).model_fields if name not in ours}
    for column in FILES[file].columns:
        if column.parent and values[column.target] is not None:
            values[column.target] = session.get_one(MODELS[column.parent], values[column.target]).external_id
    return values


def one_row(engine: Engine, model: Any, file: str) -> Any:
    with Session(engine.execution_options(reading=True), expire_on_commit=False) as session:
        return session.execute(select(model).where(model.resource == file)).scalar_one()


def rows_in_quarantine(engine: Engine) -> list[QuarantineEntry]:
    columns = [getattr(QuarantinedRow, name) for name in ("resource", "line", "column", "reason")]
    with reader(engine) as session:
        return [QuarantineEntry(*row) for row in session.execute(select(*columns))]


def load(engine: Engine, folder: Path, **changed: str | None) -> ImportResult:
    result = import_folder(engine, write_practice(folder, **changed))
    for counts in result.files.values():
        assert counts.balanced
    return result


def test_every_file_is_stored_and_loading_it_again_changes_nothing(store: Engine, tmp_path: Path) -> None:
    first = load(store, tmp_path)
    again = load(store, tmp_path)
    assert (first.errors, first.quarantine, first.unknown_columns) == ([], [], {})
    assert list(first.files) == list(FILES)
    for file, counts in first.files.items():
        assert counts == FileCounts(counts.rows, counts.rows, 0, 0), file
        assert again.files[file] == FileCounts(counts.rows, 0, counts.rows, 0), file


def test_every_column_of_every_file_is_stored(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path)
    for file in FILES.values():
        rows = rows_of(sqlite_store, file.name).values()
        empty = [c.name for c in file.columns[1:] if all(row[c.target] is None for row in rows)]
        assert empty == [], file.name


def test_what_a_patient_is(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path)
    patients = rows_of(sqlite_store, "patients")
    assert patients["P1"] | {"guarantor_id": None} == {
        "location_id": "L1", "first_name": "Zoë", "last_name": "Müller", "birth_date": date(1984, 2, 29),
        "email": "zoe@mail.example", "mobile_phone": "+13035550101", "mobile_last_four": "0101",
        "guarantor_ref": "P2", "guarantor_id": None, "active": True, "text_consent": True, "email_consent": None,
        "search_name": "zoe muller", "ehr_number": None,
    }  # fmt: skip
    assert (patients["P2"]["text_consent"], patients["P2"]["email_consent"]) == (False, False)


def test_what_a_visit_a_payment_and_a_coverage_are(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path)
    assert rows_of(sqlite_store, "appointments")["A1"] == {
        "patient_id": "P1", "location_id": "L1", "provider_id": "D1", "appointment_type_id": "T1",
        "starts_at": datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "minutes": 15, "status": "scheduled",
        "own_status": None, "encounters": None, "named_visit": None,
    }  # fmt: skip
    other = rows_of(sqlite_store, "appointments")["A2"]
    assert (other["starts_at"], other["status"]) == (datetime(2026, 11, 23, 14, 30, tzinfo=UTC), "no_show")
    payment = rows_of(sqlite_store, "payments")["Y1"]
    assert payment["happened_at"] == datetime(2026, 11, 2, 21, 5, 9, tzinfo=UTC)
    assert (payment["amount_cents"], payment["instalment_id"], payment["invoice_ref"]) == (14_900, "I1", "V1")
    assert rows_of(sqlite_store, "payments")["Y2"]["refund_ref"] == "Y1"
    coverage = rows_of(sqlite_store, "coverages")["C1"]
    assert (coverage["coinsurance_basis_points"], coverage["deductible_cents"]) == (1_250, 150_000)


def test_what_is_billed_how_often_and_which_part_of_a_payment_is_a_fee(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    load(sqlite_store, tmp_path)
    plan = rows_of(sqlite_store, "membership_plans")["M1"]
    assert (plan["billing_every"], plan["billing_unit"]) == (4, "week")
    assert rows_of(sqlite_store, "membership_benefits")["B1"]["per_week"] == 1
    assert rows_of(sqlite_store, "memberships")["E1"]["pool_id"] == "W1"
    payments = rows_of(sqlite_store, "payments")
    assert (payments["Y1"]["recurring_ref"], payments["Y1"]["surcharge_cents"]) == ("R1", 434)
    assert (payments["Y2"]["recurring_ref"], payments["Y2"]["surcharge_cents"]) == (None, 0)


def test_a_plan_that_does_not_say_is_billed_each_month_and_a_fee_is_never_more_than_the_payment(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    result = load(
        sqlite_store,
        tmp_path,
        membership_plans="membership_plan_id,name,period\nM1,Ten visits,package\n",
        payments=with_cell("payments", "surcharge", "150.00"),
    )
    plan = rows_of(sqlite_store, "membership_plans")["M1"]
    assert (plan["period"], plan["billing_every"], plan["billing_unit"]) == ("package", 1, "month")
    assert rows_of(sqlite_store, "payments")["Y1"]["surcharge_cents"] == 0
    assert result.notes == [
        "payments line 2: surcharge is more than the amount it is a part of; the row is stored without it."
    ]


def test_a_guarantor_may_stand_below_the_patient_in_the_file(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path)
    with reader(store) as session:
        ids = {row[0]: row[1:] for row in session.execute(
            select(*(table_of("patients").c[name] for name in ("external_id", "id", "guarantor_id")))
        )}  # fmt: skip
    assert ids["P1"][1] == ids["P2"][0]


def test_a_changed_row_updates_and_the_others_stay(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path)
    changed = load(store, tmp_path, patients=with_cell("patients", "last_name", "Møller"))
    assert changed.files["patients"] == FileCounts(2, 1, 1, 0)
    assert rows_of(store, "patients")["P1"]["last_name"] == "Møller"


def test_the_practice_is_named_after_its_first_location(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path)
    with reader(sqlite_store) as session:
        assert session.get_one(Practice, 1).name == "Maple Street"
        assert session.execute(select(func.count()).select_from(Connection)).scalar() == 1


BAD = [
    ("locations", "time_zone", "Mountain", "time_zone “Mountain” is not a time zone like America/Denver"),
    ("appointments", "patient_id", "P9", "patient_id P9 is not in patients"),
    ("appointments", "starts_at", "", "starts_at is empty"),
    ("appointments", "status", "gone", "status “gone” is not one of scheduled, confirmed, arrived, completed, cancelled, rescheduled, no_show"),
    ("coverages", "active_to", "2025-12-31", "active_to 2025-12-31 is before active_from 2026-01-01"),
    ("plans", "end_date", "2025-01-01", "end_date 2025-01-01 is before start_date 2026-01-01"),
    ("plans", "payer_id", "P9", "payer_id P9 is not in patients"),
    ("instalments", "amount", "two hundred", "amount “two hundred” is not an amount in dollars and cents, such as 149.00"),
    ("instalments", "plan_id", "N9", "plan_id N9 is not in plans"),
    ("instalments", "waived", "some", "waived “some” is not an amount in dollars and cents, such as 149.00"),
    ("membership_plans", "billing_unit", "moon", "billing_unit “moon” is not one of day, week, month"),
    ("membership_extras", "visits", "-1", "visits “-1” is not a whole number of 0 or more"),
    ("recurrings", "interval", "0", "interval 0 is not between 1 and 1000"),
    ("ledger", "amount", "-65.00", "amount is negative, which only an adjustment may be, not a charge"),
    ("payments", "amount", "-1.00", "amount “-1.00” is negative"),
    ("payments", "happened_at", "2026-11-02T25:00", "happened_at “2026-11-02T25:00” is not a date and time like 2026-11-21T09:30"),
    ("payments", "instalment_id", "I9", "instalment_id I9 is not in instalments"),
]  # fmt: skip


def test_bad_cells_cost_their_row_and_are_told_with_file_line_column_and_reason(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    texts, expected = dict(TEXTS), []
    for number, (file, column, cell, reason) in enumerate(BAD):
        expected.append(QuarantineEntry(file, 1 + len(parsed(texts[file])), column, reason))
        texts[file] += with_cell(file, column, cell, key=f"bad{number}")
    result = load(sqlite_store, tmp_path, **texts)
    # an address holds a line end, so the lines of locations.csv lie one further down
    assert sorted(result.quarantine) == sorted(
        entry._replace(line=entry.line + 1) if entry.file == "locations" else entry for entry in expected
    )
    kept = rows_in_quarantine(sqlite_store)
    assert sorted(kept) == sorted(result.quarantine)
    assert sum(counts.stored for counts in result.files.values()) == sum(
        len(parsed(text)) - 1 for text in TEXTS.values()
    )


def test_an_empty_key_costs_the_row(sqlite_store: Engine, tmp_path: Path) -> None:
    result = load(sqlite_store, tmp_path, services=with_cell("services", "service_id", " "))
    assert result.quarantine[0] == QuarantineEntry("services", 2, "service_id", "service_id is empty")


def test_ragged_rows_and_stray_quotes_cost_themselves_only(sqlite_store: Engine, tmp_path: Path) -> None:
    services = 'service_id,code,name,price\nS1,98941\nS2,1,Two,2.00,x\nS3,"1,Three,3.00\nS4,1,Four,4.00\n'
    result = load(sqlite_store, tmp_path, services=services)
    assert result.files["services"] == FileCounts(4, 1, 0, 3)
    assert [(e.line, e.reason) for e in result.quarantine if e.file == "services"] == [
        (2, "the line has 2 cells where the header has 4"),
        (3, "the line has 5 cells where the header has 4"),
        (4, "a quote is opened and not closed"),
    ]


def test_a_card_number_in_a_text_is_refused_and_never_kept(sqlite_store: Engine, tmp_path: Path) -> None:
    written = with_cell("ledger", "description", "card 4111 1111 1111 1111 exp 12/28")
    result = load(sqlite_store, tmp_path, ledger=written)
    assert "looks like a whole card number" in result.quarantine[0].reason
    with reader(sqlite_store) as session:
        raw = session.execute(select(QuarantinedRow.raw)).scalar_one()
    assert "4111 1111" not in raw
    assert "[card number ending 1111]" in raw


def test_no_cell_can_carry_a_card_number_into_the_result_or_the_quarantine(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    number = "4111111111111111"
    texts = {"instalments": with_cell("instalments", "amount", number),
             "cards": with_cell("cards", "card_id", number),
             "ledger": with_cell("ledger", "posted_on", number),
             "plans": with_cell("plans", "payer_id", number),
             "services": TEXTS["services"] + f"{number}\n"}  # fmt: skip
    result = load(sqlite_store, tmp_path, **texts)
    assert {entry.file for entry in result.quarantine} >= set(texts)
    with reader(sqlite_store) as session:
        kept = session.execute(select(QuarantinedRow.raw, QuarantinedRow.reason, QuarantinedRow.external_id))
        assert number not in result.as_text() + str(result.as_json()) + str(list(kept))


def test_a_bad_phone_or_expiry_keeps_the_row_and_is_noted(sqlite_store: Engine, tmp_path: Path) -> None:
    patients = with_cell("patients", "mobile_phone", "ask mother")
    result = load(sqlite_store, tmp_path, patients=patients, cards=with_cell("cards", "expiry", "soon"))
    assert rows_of(sqlite_store, "patients")["P1"]["mobile_phone"] is None
    card = rows_of(sqlite_store, "cards")["K1"]
    assert (card["expires_on"], card["expiry_text"]) == (None, "soon")
    assert result.notes == [
        "patients line 2: mobile_phone is not a phone number; the row is stored without it.",
        "cards line 2: expiry cannot be read as MM/YY; the card is stored with its expiry unknown.",
    ]


def test_of_a_key_given_twice_the_later_line_counts_every_time(sqlite_store: Engine, tmp_path: Path) -> None:
    twice = "service_id,code,name,price\nS1,1,Old,1.00\nS2,2,Two,2.00\nS1,1,New,3.00\n"
    first = load(sqlite_store, tmp_path, services=twice)
    assert first.files["services"] == FileCounts(3, 2, 1, 0)
    assert rows_of(sqlite_store, "services")["S1"]["name"] == "New"
    assert load(sqlite_store, tmp_path, services=twice).files["services"] == FileCounts(3, 0, 3, 0)
    assert "services line 2: service_id stands on a later line again; the later line counts." in first.notes


def test_a_column_that_is_missing_leaves_what_is_held(store: Engine, tmp_path: Path) -> None:
    load(store, tmp_path)
    load(store, tmp_path, patients="patient_id,first_name,last_name,active\nP1,Zoe,Muller,no\nP3,New,One,\n")
    patients = rows_of(store, "patients")
    assert (patients["P1"]["first_name"], patients["P1"]["email"]) == ("Zoe", "zoe@mail.example")
    assert (patients["P1"]["active"], patients["P3"]["active"], patients["P3"]["email"]) == (
        False,
        True,
        None,
    )


def test_a_visit_with_an_unknown_provider_is_still_on_the_list(sqlite_store: Engine, tmp_path: Path) -> None:
    result = load(sqlite_store, tmp_path, appointments=with_cell("appointments", "provider_id", "D9"))
    assert rows_of(sqlite_store, "appointments")["A1"]["provider_id"] is None
    assert result.notes == [
        "appointments line 2: provider_id is not in providers; the row is stored without it."
    ]


def test_runs_are_recorded_per_file(sqlite_store: Engine, tmp_path: Path) -> None:
    load(sqlite_store, tmp_path, services="service_id,code,name,price\nS1,1,,1.00\nS2,2,Two,2.00\n")
    run = one_row(sqlite_store, SyncRun, "services")
    assert (run.state, run.rows_in, run.stored, run.unchanged, run.quarantined) == ("done", 2, 1, 0, 1)


def test_the_json_is_the_contract(sqlite_store: Engine, tmp_path: Path) -> None:
    written = load(
        sqlite_store, tmp_path, services=TEXTS["services"] + "S2,1,,x\nS3,1,Three,x\nTotal,,,\n"
    ).as_json()
    assert written["files"]["services"] == {
        "rows": 4, "stored": 2, "unchanged": 0, "quarantined": 1, "set_aside": 1, "gone": 0,
    }  # fmt: skip
    assert written["quarantine"] == [
        {"file": "services", "line": 3, "column": "name", "reason": "name is empty"}
    ]
    assert written["set_aside"] == [
        {"file": "services", "line": 5, "reason": "is a total or a footer of the report, not a row"}
    ]
    assert written["unknown_cells"] == {"services.price": 1}
    assert written["notes"] == [
        "services line 4: price “x” is not an amount in dollars and cents, such as 149.00; it is kept as unknown."
    ]


def test_progress_is_told_per_file(sqlite_store: Engine, tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    import_folder(
        sqlite_store, write_practice(tmp_path), progress=lambda file, rows: told.append((file, rows))
    )
    assert told[:3] == [("locations", 1), ("providers", 1), ("patients", 2)]


def test_a_folder_that_cannot_be_used_is_one_sentence(sqlite_store: Engine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a_file").write_text("x")
    for name, sentence in (
        ("nowhere", "There is no folder"),
        ("a_file", "is a file. Give the folder"),
        ("empty", "holds no practice file"),
    ):
        with pytest.raises(BadInput, match=sentence):
            import_folder(sqlite_store, tmp_path / name)
