"""`huddle import-fhir` as cron and people type it."""

import json
from pathlib import Path

from tests.cli.test_cli import huddle, said_once
from tests.fhir.invented import Invented, write
from tests.fhir.server import TOKEN, serving


def test_the_command_counts_as_the_import_of_files_does_and_the_morning_follows(tmp_path: Path) -> None:
    files = {**Invented().files(), "Coverage": [{"resourceType": "Coverage", "id": "c", "status": "?"}]}
    words = ("import-fhir", str(write(tmp_path / "export", files)), "--time-zone", "America/Denver", "--json")
    first, again = json.loads(huddle(tmp_path, *words).stdout), json.loads(huddle(tmp_path, *words).stdout)
    assert first["files"]["Encounter"] == {
        "rows": 60,
        "stored": 60,
        "unchanged": 0,
        "quarantined": 0,
        "set_aside": 0,
        "gone": 0,
    }
    assert again["files"]["Encounter"] == {
        "rows": 60,
        "stored": 0,
        "unchanged": 60,
        "quarantined": 0,
        "set_aside": 0,
        "gone": 0,
    }
    assert first["ignored"] == {"Observation": 10}
    (bad,) = first["quarantine"]
    assert (bad["file"], bad["line"], bad["column"]) == ("Coverage.ndjson", 1, "status")
    shown = json.loads(huddle(tmp_path, "report", "morning", "--date", "2026-11-23", "--json").stdout)
    assert len(shown["rows"]) == 24


def test_a_path_that_is_not_there_is_one_plain_line(tmp_path: Path) -> None:
    assert said_once(huddle(tmp_path, "import-fhir", str(tmp_path / "no")), 1).startswith(
        "huddle: There is no file"
    )
    assert "not among the hosts" in said_once(huddle(tmp_path, "import-fhir", "https://ehr.example/fhir"), 1)


def test_a_server_is_connected_with_its_token_and_synced_by_name(tmp_path: Path) -> None:
    with serving(*Invented().patients) as served:
        words = (
            "connect",
            "fhir",
            f"base_url={served.base_url}",
            "time_zone=america/denver",
            "--secrets-stdin",
        )
        assert "20 patients" in huddle(tmp_path, *words, stdin=f"token= {TOKEN}\u200b\n").stdout
        said = huddle(tmp_path, "sync", "fhir").stdout
    assert "fhir · Patient: 20 rows in = 20 stored + 0 unchanged + 0 quarantined" in said
