"""What the tests of FHIR share: loading, and looking at what came of it."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from core.integrations.fhir.files import UNREADABLE
from core.jobs.fhir.result import FhirResult
from core.jobs.fhir.run import import_fhir
from core.jobs.practice_files.rows import table_of
from core.store.engine import reader
from tests.fhir.invented import Invented, Json, bundle, write

DENVER = "America/Denver"


def load(store: Engine, where: Path) -> FhirResult:
    return import_fhir(store, str(where), time_zone=DENVER)


def load_all(store: Engine, folder: Path, *more: dict[str, list[Json]]) -> FhirResult:
    """The invented practice, and what is put over it."""
    made = Invented()
    files = {**made.files(), **made.money()}
    for each in more:
        files |= each
    return load(store, write(folder, files))


def load_resources(store: Engine, folder: Path, *resources: Json) -> FhirResult:
    """These resources alone, as a bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "some.json").write_text(json.dumps(bundle(list(resources))))
    return load(store, folder / "some.json")


def rows_of(store: Engine, file: str) -> dict[str, dict[str, Any]]:
    """Rows of a practice file's table that are not gone, by external id."""
    table = table_of(file)
    with reader(store) as session:
        rows = session.execute(select(table).where(table.c.gone_at.is_(None)))
        return {row.external_id: dict(row._mapping) for row in rows}


def adds_up(result: FhirResult) -> None:
    for kind, counts in result.files.items():
        assert counts.balanced, (kind, counts)
        assert kind != UNREADABLE or counts.rows == counts.quarantined


def patient(own: str = "p1", **fields: Any) -> Json:
    return {"resourceType": "Patient", "id": own, "name": [{"family": "Engel", "given": ["Ada"]}], **fields}


def place(own: str = "l1") -> Json:
    return {"resourceType": "Location", "id": own, "name": "Northside"}


def visit(own: str = "e1", **fields: Any) -> Json:
    period = {"start": "2026-11-23T16:00:00Z", "end": "2026-11-23T16:20:00Z"}
    subject = {"reference": "Patient/p1"}
    return {
        "resourceType": "Encounter",
        "id": own,
        "status": "planned",
        "subject": subject,
        "period": period,
        **fields,
    }


def stamped(resource: Json, when: str) -> Json:
    """The same resource as it stood at an instant."""
    return {**resource, "meta": {"lastUpdated": when}}


def morning_of(store: Engine) -> list[dict[str, Any]]:
    from core.reports import as_file
    from core.reports.by_name import report_by_name

    with reader(store) as session:
        made = report_by_name(session, "morning", day=None, as_of="2026-11-23T08:00", location="")
        return as_file.as_json(made)["rows"]
