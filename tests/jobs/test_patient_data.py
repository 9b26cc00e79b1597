"""Everything of one patient: what names them and what hangs off that, nothing of anybody else, and no key."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core import clock
from core.audit.models import AuditEntry
from core.errors import BadInput, NotFound
from core.jobs.practice_files.load import import_folder
from core.jobs.records.patient_data import as_json, patient_data, patient_numbered
from core.messages.models import ConsentEvent
from core.patients.models import Patient
from core.settings import settings
from core.store.engine import reader, transaction
from dashboard.cli import main
from tests.a_practice import write_practice


@pytest.fixture
def practice(sqlite_store: Engine, tmp_path: Path) -> Engine:
    import_folder(sqlite_store, write_practice(tmp_path / "files"))
    with transaction(sqlite_store) as session:
        for patient in session.exec(select(Patient)).all():
            for purpose in ("billing", "recall"):
                at = clock.now() - timedelta(days=1)
                session.add(ConsentEvent(patient_id=patient.id or 0, channel="text", purpose=purpose, given=True, at=at, source="desk"))  # fmt: skip
    return sqlite_store


def test_all_of_one_patient_and_nothing_of_another(practice: Engine) -> None:
    with reader(practice) as session:
        patients = session.exec(select(Patient).order_by(Patient.id)).all()
        assert len(patients) > 1
        for patient in patients:
            data = patient_data(session, patient_numbered(session, patient.external_id))
            assert [row["external_id"] for row in data["patient"]] == [patient.external_id]
            assert len(data["consent_event"]) == 2
            named = {row["patient_id"] for rows in data.values() for row in rows if "patient_id" in row}
            assert named == {patient.id}
            others = {one.last_name for one in patients} - {patient.last_name}
            assert not any(f'"last_name": "{name}"' in as_json(data) for name in others)
        assert not any("sealed" in word or "token" in word for word in data["patient"][0])


def test_the_command_writes_a_file_of_its_own_and_the_audit_knows(
    practice: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUDDLE_STORE", practice.url.render_as_string(hide_password=False))
    settings.cache_clear()
    with reader(practice) as session:
        number = session.exec(select(Patient.external_id).order_by(Patient.id)).first()
    target = tmp_path / "all.json"
    assert main(["patient-data", str(number), str(target)]) == 0
    assert json.loads(target.read_text())["patient"][0]["external_id"] == number
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert main(["patient-data", str(number), str(target)]) == 1, "it never writes over anything"
    settings.cache_clear()
    with reader(practice) as session:
        told = session.exec(select(AuditEntry.action).where(AuditEntry.action == "exported all of a patient"))
        assert len(told.all()) == 1, "what was not written is not told"


def test_a_number_of_nobody_or_of_two_is_said(practice: Engine) -> None:
    with transaction(practice) as session:
        with pytest.raises(NotFound, match="No patient has the id"):
            patient_numbered(session, "nobody")
        first = session.exec(select(Patient).order_by(Patient.id)).first()
        assert first is not None
        session.connection().exec_driver_sql(
            "INSERT INTO connection (practice_id, kind, name, settings, sealed_secrets, state, created_at)"
            " VALUES (1, 'fhir', 'other', '{}', '', 'connected', 0)"
        )
        session.add(Patient(connection_id=2, external_id=first.external_id))
        session.flush()
        with pytest.raises(BadInput, match="different sources"):
            patient_numbered(session, first.external_id)
