"""A live FHIR server: read page by page, later only what changed, and never led anywhere else."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from core import clock
from core.connections.commands import check, connect
from core.connections.reports import quarantined, runs, sources
from core.errors import BadInput, Refused, UnreadableAnswer, WrongCredentials
from core.integrations.fhir.server import FhirServer
from core.jobs.fhir.run import import_fhir
from core.jobs.one_sync import RunResult
from core.jobs.practice_files.result import FileCounts
from core.jobs.sync import sync_connection
from core.store.engine import reader, transaction
from tests.fhir.invented import Invented, everything, write
from tests.fhir.loading import DENVER, patient, place, rows_of, stamped, visit
from tests.fhir.server import TOKEN, Served, serving

LONG_AGO, LATER = "2026-11-01T08:00:00Z", "2026-11-20T08:00:00Z"
QUICK = {"sleep": lambda _seconds: None}


def connected(store: Engine, served: Served) -> int:
    settings = {"base_url": served.base_url, "time_zone": DENVER}
    with transaction(store) as session:
        made = connect(session, kind="fhir", name="EHR", settings=settings, secrets={"token": TOKEN})
        return made.id or 0


def synced(store: Engine, connection_id: int, *, full: bool = False) -> dict[str, RunResult]:
    return {run.resource: run for run in sync_connection(store, connection_id, full=full, wire=QUICK)}


def test_a_server_is_read_page_by_page_and_again_changes_nothing(store: Engine) -> None:
    with serving(*everything(Invented())) as served:
        connection_id = connected(store, served)
        first, again = synced(store, connection_id, full=True), synced(store, connection_id, full=True)
    assert [run.error for run in (*first.values(), *again.values())] == [""] * 20
    assert (first["Encounter"].rows_in, first["Encounter"].stored) == (60, 60)
    assert all((run.stored, run.quarantined) == (0, 0) for run in again.values())
    assert sum("/Encounter" in call for call in served.calls) == 2 * 9  # 60 visits, 7 a page


def test_later_syncs_ask_only_for_what_changed(sqlite_store: Engine) -> None:
    with serving(place(), stamped(patient(), LONG_AGO), stamped(patient("p2"), LATER)) as served:
        connection_id = connected(sqlite_store, served)
        synced(sqlite_store, connection_id)
        served.calls.clear()
        run = synced(sqlite_store, connection_id)["Patient"]
    assert (run.rows_in, run.unchanged) == (1, 1)
    (asked,) = [call for call in served.calls if "/Patient" in call]
    assert "_lastUpdated=ge2026-11-20T07%3A55%3A00Z" in asked


def test_what_a_whole_read_no_longer_finds_is_gone_and_a_partial_one_says_nothing(
    sqlite_store: Engine,
) -> None:
    with serving(place(), *(stamped(patient(f"p{n}"), LONG_AGO) for n in range(9))) as served:
        connection_id = connected(sqlite_store, served)
        synced(sqlite_store, connection_id)
        served.resources = [each for each in served.resources if each["id"] != "p3"]
        synced(sqlite_store, connection_id)
        assert len(rows_of(sqlite_store, "patients")) == 9
        synced(sqlite_store, connection_id, full=True)
    assert set(rows_of(sqlite_store, "patients")) == {f"p{n}" for n in range(9) if n != 3}


def test_a_server_that_hands_out_nothing_takes_no_patient_away(sqlite_store: Engine) -> None:
    with serving(place(), *(patient(f"p{n}") for n in range(9))) as served:
        connection_id = connected(sqlite_store, served)
        synced(sqlite_store, connection_id, full=True)
        served.lost = True
        run = synced(sqlite_store, connection_id, full=True)["Patient"]
        assert (run.rows_in, run.error) == (0, "")
        served.resources = [place()]
        synced(sqlite_store, connection_id, full=True)
    assert len(rows_of(sqlite_store, "patients")) == 9


def test_a_next_page_at_another_address_is_not_followed(sqlite_store: Engine) -> None:
    with serving(patient("x")) as elsewhere, serving(*(patient(f"p{n}") for n in range(9))) as served:
        served.next_at = elsewhere.base_url
        run = synced(sqlite_store, connected(sqlite_store, served))["Patient"]
    assert elsewhere.calls == []
    assert "next page lies at another address; Huddle does not follow" in run.error
    assert run.stored == 7  # what came before it stays


def test_no_spelling_of_another_address_is_followed() -> None:
    for next_at in ("https://127.0.0.1", "http://user@127.0.0.1", "//evil.example/fhir", "ftp://x", "http://[", "http://127.0.0.1:0"):  # fmt: skip
        with serving(*(patient(f"p{n}") for n in range(9)), next_at=next_at) as served:
            client = FhirServer(base_url=served.base_url, token=TOKEN, allowed_hosts="")
            with pytest.raises(Refused, match="does not follow"):
                list(client.pages("Patient"))
            client.close()
        assert len(served.calls) == 1


def test_pages_that_lead_in_a_circle_end(sqlite_store: Engine) -> None:
    with serving(*(patient(f"p{n}") for n in range(9)), circle=True) as served:
        run = synced(sqlite_store, connected(sqlite_store, served))["Patient"]
    assert "lead in a circle" in run.error


def test_a_busy_server_is_asked_again_and_garbage_is_told(sqlite_store: Engine) -> None:
    with serving(place(), patient()) as served:
        connection_id = connected(sqlite_store, served)
        served.faults = [(429, {"Retry-After": "1"}, ""), (503, {}, ""), (200, {}, "<html>")]
        assert synced(sqlite_store, connection_id)["Patient"].stored == 1
        served.faults = [(200, {}, json_of_no_bundle)] * 40
        (run,) = synced(sqlite_store, connection_id).values()
    assert "does not answer as a FHIR server does" in run.error
    with reader(sqlite_store) as session:
        assert [each.state for each in runs(session)] == ["failed", "done", "done"]
        (source,) = sources(session, now=clock.now())
    assert source.sentence.endswith("as a FHIR server does (no CapabilityStatement).")


json_of_no_bundle = '{"resourceType": "OperationOutcome"}'


def test_a_bad_resource_of_a_server_waits_with_its_reason(sqlite_store: Engine) -> None:
    with serving(place(), patient(), visit(status="maybe"), visit("e2")) as served:
        run = synced(sqlite_store, connected(sqlite_store, served))["Encounter"]
    assert (run.rows_in, run.stored, run.quarantined) == (2, 1, 1)
    with reader(sqlite_store) as session:
        (row,) = quarantined(session)
    assert (row.resource, row.external_id, row.column) == ("Encounter", "e1", "status")
    assert row.reason == "the server: status is none of FHIR's words for an encounter"


def test_a_wrong_token_says_so_and_is_found_nowhere(sqlite_store: Engine) -> None:
    with serving(patient()) as served:
        with pytest.raises(WrongCredentials, match="refused the keys"):
            check("fhir", {"base_url": served.base_url}, {"token": "wrong-token"})
        found = check("fhir", {"base_url": served.base_url}, {"token": TOKEN})
        served.version = "3.0.2"
        with pytest.raises(UnreadableAnswer, match=r"speaks FHIR “3\.0\.2”; Huddle reads R4"):
            check("fhir", {"base_url": served.base_url}, {"token": TOKEN})
    assert found.startswith(
        "A FHIR server (version 4.0.1) answers and holds 1 patient. It offers no Organization, Location,"
    )


def test_what_a_connection_may_be() -> None:
    with pytest.raises(BadInput, match="either base_url"):
        check("fhir", {}, {})
    with pytest.raises(BadInput, match="either base_url"):
        check("fhir", {"base_url": "http://127.0.0.1:1", "folder": "x"}, {})
    with pytest.raises(BadInput, match="not among the hosts"):
        check("fhir", {"base_url": "https://ehr.example/fhir"}, {})
    with pytest.raises(BadInput, match="time_zone “Mars” is not a time zone"):
        check("fhir", {"base_url": "http://127.0.0.1:1", "time_zone": "Mars"}, {})


def test_an_import_of_a_server_is_read_under_its_connection(sqlite_store: Engine) -> None:
    with serving(place(), patient()) as served:
        connected(sqlite_store, served)
        found = import_fhir(sqlite_store, f"{served.base_url}/")
    assert found.files["Patient"] == FileCounts(1, 1, 0, 0)
    assert any("offers no Organization, Practitioner" in note for note in found.notes)


def test_a_watched_folder_is_read_when_it_changes(sqlite_store: Engine, tmp_path: Path) -> None:
    tmp_path = tmp_path / "export"
    made = Invented()
    write(tmp_path, made.files())
    settings = {"folder": str(tmp_path), "time_zone": DENVER}
    assert check("fhir", settings, {}).endswith("holds 5 files to read.")
    with transaction(sqlite_store) as session:
        connection_id = connect(session, kind="fhir", name="EHR", settings=settings, secrets={}).id or 0
    assert synced(sqlite_store, connection_id)["Encounter"].stored == 60
    assert synced(sqlite_store, connection_id)["Encounter"].unchanged == 60
    write(tmp_path, {"Encounter": [*made.encounters[:59], {**made.encounters[59], "status": "cancelled"}]})
    assert synced(sqlite_store, connection_id)["Encounter"].stored == 1
    (tmp_path / "Encounter.ndjson").write_text("{")
    assert synced(sqlite_store, connection_id)["unreadable"].quarantined == 1
    tmp_path.rename(tmp_path.with_name("away"))
    assert synced(sqlite_store, connection_id)["folder"].error.startswith("There is no file or folder")
    tmp_path.with_name("away").rename(tmp_path)
    (tmp_path / "Encounter.ndjson").unlink()
    synced(sqlite_store, connection_id)
    with reader(sqlite_store) as session:
        (source,) = sources(session, now=clock.now())
    assert (source.sentence, source.stale) == ("EHR: synced just now.", False)
