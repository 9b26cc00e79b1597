"""A small practice told in FHIR, and what became of its visits."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from core.jobs.fhir.result import FhirResult
from core.jobs.practice_files.rows import table_of
from core.store.engine import reader
from tests.fhir.loading import adds_up, load, patient, place

DOCTOR = {"resourceType": "Practitioner", "id": "d1", "identifier": [{"system": "npi", "value": "77"}],
          "name": [{"family": "Abe", "given": ["Al"], "prefix": ["Dr."]}]}  # fmt: skip


def to(kind: str, own: str, **more: Any) -> dict[str, Any]:
    return {"actor": {"reference": f"{kind}/{own}"}, "status": "accepted", **more}


def booked(own: str = "a1", *actors: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {"resourceType": "Appointment", "id": own, "status": "booked", "start": "2026-11-23T16:00:00Z",
            "participant": list(actors) or [to("Patient", "p1"), to("Practitioner", "d1")], **changed}  # fmt: skip


def met(status: str, own: str = "e1", whose: str = "p1", **changed: Any) -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": own, "status": status, "subject": {"reference": f"Patient/{whose}"},
            "period": {"start": "2026-11-23T16:05:00Z"}, "appointment": [{"reference": "Appointment/a1"}], **changed}  # fmt: skip


def lines(engine: Engine, folder: Path, *resources: Any, name: str = "some.ndjson") -> FhirResult:
    """Load resources, one a line."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(json.dumps(each) for each in resources))
    found = load(engine, folder)
    adds_up(found)
    return found


def visits(engine: Engine) -> dict[str, tuple[str, str]]:
    """Whose each visit is, and how it stands."""
    visit, whose = table_of("appointments").c, table_of("patients").c
    with reader(engine) as session:
        rows = session.execute(
            select(visit.external_id, whose.external_id, visit.status)
            .join_from(table_of("appointments"), table_of("patients"), visit.patient_id == whose.id)
            .where(visit.gone_at.is_(None))
        )
        return {row[0]: (row[1], row[2]) for row in rows}


START = (place(), DOCTOR, patient("p1"), patient("p2", name=[{"family": "Two", "given": ["Bob"]}]))
