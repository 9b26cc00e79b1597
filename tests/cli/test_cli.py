"""The command as cron and a shell see it: exit codes, one line on stderr, one JSON document on stdout."""

import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest

from core.settings import settings
from dashboard.cli import OUT, main
from tests.conftest import fresh_sqlite
from tests.ehr_shapes import JANE, write_export
from tests.sandbox.running import run_sandbox

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, huddle.db: each test may run alone, or on a worker that runs none of the others."""
    folder = tmp_path_factory.mktemp("cli")
    Path(fresh_sqlite(folder).removeprefix("sqlite:///")).rename(folder / "huddle.db")
    return folder


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def huddle(folder: Path, *words: str, stdin: str = "") -> Done:
    """One command in this process: starting Python for each would cost seconds. See the last test for a real process."""
    changes = {
        "HUDDLE_STORE": f"sqlite:///{folder / 'huddle.db'}",
        "HUDDLE_KEY_FILE": str(folder / "key.txt"),
    }
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.dict(os.environ, changes),
        mock.patch.object(sys, "argv", ["huddle", *words]),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        settings.cache_clear()
        OUT.json = False
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
    settings.cache_clear()
    return Done(code, out.getvalue(), err.getvalue())


def said_once(done: Done, code: int) -> str:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def test_the_samples_load_once_and_are_unchanged_the_second_time(folder: Path) -> None:
    first = json.loads(huddle(folder, "import", str(SAMPLES), "--json").stdout)
    again = json.loads(huddle(folder, "--json", "import", str(SAMPLES)).stdout)
    assert first["files"].keys() == again["files"].keys()
    assert len(first["files"]) == 17
    for counts in (*first["files"].values(), *again["files"].values()):
        assert counts["rows"] == counts["stored"] + counts["unchanged"] + counts["quarantined"] > 0
    assert {counts["stored"] for counts in again["files"].values()} == {0}
    assert first["quarantine"] == again["quarantine"] == []


def test_the_morning_of_the_samples_has_the_keys_of_the_contract_and_every_group_of_flags(
    folder: Path,
) -> None:
    huddle(folder, "import", str(SAMPLES))
    words = ("report", "morning", "--date", "2026-11-23", "--as-of", "2026-11-23T07:30", "--format", "json")
    made = json.loads(huddle(folder, *words).stdout)
    assert made.keys() >= {"report", "as_of", "location", "sources", "rows"}
    kinds = {flag["kind"] for row in made["rows"] for flag in row["flags"]}
    assert kinds >= {
        "CARD_EXPIRED", "CARD_EXPIRING", "CARD_INVALID", "CARD_UNKNOWN", "NO_CARD", "MISSING_PAYMENT", "RETRY_SCHEDULED",
        "ACCEPTED_NOT_POSTED", "POSTED_TWICE", "BEHIND", "DUE_TODAY", "SETTLEMENT", "OVER_SCHEDULED", "NOT_SCHEDULED",
        "UNDER_BOOKED", "USED_UP", "PROVISIONAL", "BOOKED_WHILE_FROZEN", "OUTSIDE_TERM", "INSURANCE_INACTIVE",
        "INSURANCE_STALE", "INSURANCE_NOT_CHECKED", "INSURANCE_UNKNOWN", "VISITS_LOW", "VISITS_EXHAUSTED",
        "AUTHORISATION_MISSING", "AUTHORISATION_EXPIRED", "AUTHORISATION_UNITS_SHORT", "BALANCE_DUE",
    }  # fmt: skip
    for name in ("patients", "cards", "arrears"):
        assert json.loads(huddle(folder, "report", name, "--as-of", "2026-11-23T07:30", "--json").stdout)[
            "rows"
        ]


def test_the_memberships_of_the_samples_in_every_form(folder: Path) -> None:
    huddle(folder, "import", str(SAMPLES))
    words = ("report", "memberships", "--as-of", "2026-11-23T07:30")
    made = json.loads(huddle(folder, *words, "--json").stdout)
    states = {row["state"] for row in made["rows"]}
    assert states >= {
        "OVER_SCHEDULED",
        "NOT_SCHEDULED",
        "UNDER_BOOKED",
        "USED_UP",
        "PROVISIONAL",
        "OUTSIDE_TERM",
    }
    for row in made["rows"]:
        assert row["committed"] == row["used"] + row["booked"]
        assert len(row["excess_appointment_ids"]) == row["over"]
    spreadsheet = huddle(folder, *words, "--format", "csv").stdout.splitlines()
    assert len(spreadsheet) == len(made["rows"]) + 1
    table = huddle(folder, *words).stdout.splitlines()
    assert table[0].split() == [
        "membership",
        "id",
        "patient",
        "state",
        "class",
        "allowed",
        "done",
        "booked",
        "over",
        "why",
    ]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("report", "weather"), 2, "there is no report"),
        (("report", "morning", "--date", "23.11.2026"), 2, "is not a date"),
        (("report", "morning", "--location", "L99"), 1, "There is no location"),
        (("import", "/nowhere/at/all"), 1, "/nowhere/at/all"),
        (("sync", "Nobody"), 1, "Nobody"),
        (("connect", "fax"), 1, "fax"),
        (("nonsense",), 2, "No such command"),
        (("--store", "mysql://x/y", "doctor"), 1, "not in mysql"),
    ],
)
def test_what_goes_wrong_is_one_clear_line(
    folder: Path, words: tuple[str, ...], code: int, sentence: str
) -> None:
    assert sentence in said_once(huddle(folder, *words), code)


def test_a_picture_named_csv_is_said_and_the_rest_is_loaded(folder: Path, tmp_path: Path) -> None:
    for path in SAMPLES.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "coverages.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    done = huddle(tmp_path, "import", str(tmp_path))
    assert "coverages.csv" in said_once(done, 1)
    assert "patients: 64 rows in = 64 stored" in done.stdout


def test_fortis_is_connected_synced_and_refused_in_words(folder: Path, tmp_path: Path) -> None:
    with run_sandbox(tmp_path) as sandbox:
        public = (
            f"base_url={sandbox.base_url}",
            f"user_id= {sandbox.keys['user_id']} ",
            f"location_id={sandbox.location_id}",
        )
        secret = f"user_api_key={sandbox.keys['user_api_key']}\ndeveloper_id={sandbox.keys['developer_id']}\n"
        refused = huddle(
            tmp_path, "connect", "fortis", *public, "--secrets-stdin", stdin=secret.replace("=", "=x")
        )
        assert "key" in said_once(refused, 1).lower()
        said_once(huddle(tmp_path, "connect", "fortis", *public, "--secrets-stdin", stdin=secret), 0)
        runs = json.loads(huddle(tmp_path, "sync", "--json").stdout)["runs"]
        assert runs
        for run in runs:
            assert run["rows_in"] == run["stored"] + run["unchanged"] + run["quarantined"]
    assert "cannot be reached" in said_once(huddle(tmp_path, "sync"), 1)
    doctor = huddle(tmp_path, "doctor")
    assert doctor.returncode == 1
    assert sandbox.keys["user_api_key"] not in doctor.stdout + doctor.stderr


def test_staff_are_added_with_a_password_from_stdin(folder: Path) -> None:
    done = huddle(
        folder,
        "user",
        "add",
        "ana",
        "--role",
        "front desk",
        "--password-stdin",
        stdin="a-long-good-morning\n",
    )
    assert said_once(done, 0) == ""
    listed = json.loads(huddle(folder, "user", "list", "--json").stdout)
    assert listed["users"] == [{"user": "ana", "name": "ana", "role": "front desk", "disabled": False}]
    again = huddle(
        folder, "user", "add", "ana", "--role", "owner", "--password-stdin", stdin="a-long-good-morning\n"
    )
    assert "ana" in said_once(again, 1)


def test_the_installed_command_answers_and_fails_the_same_way(folder: Path) -> None:
    environment = {**os.environ, "HUDDLE_STORE": f"sqlite:///{folder / 'huddle.db'}"}
    command = [sys.executable, "-m", "dashboard.cli", "--json", "report", "morning", "--location", "L99"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("huddle: There is no location “L99”.")
    assert len(done.stderr.splitlines()) == 1


def document(done: Done) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_ehr_export_is_imported_and_everything_exported_again(tmp_path: Path) -> None:
    write_export(tmp_path / "jane", JANE)
    words = [
        "import",
        str(tmp_path / "jane"),
        "--answer",
        "time_zone=America/Denver",
        "--answer",
        "as_of=2026-11-18T08:00",
        "--json",
    ]
    tried = document(huddle(tmp_path, *words, "--dry-run", "--as", "jane"))
    done = document(huddle(tmp_path, *words))
    assert (tried["dry_run"], done["dry_run"]) == (True, False)
    assert (tried["profile"], tried["files"]) == (done["profile"], done["files"])
    assert done["profile"] == "jane"
    patients = next(counts for name, counts in done["files"].items() if "Patients" in name)
    assert patients == {"rows": 3, "stored": 3, "unchanged": 0, "quarantined": 0, "set_aside": 0, "gone": 0}
    assert [one["reason"] for one in done["set_aside"]] == [
        "an empty slot (never_booked), not a visit",
        "zero amount, nothing owed",
    ]
    assert {"file", "line", "column", "reason"} == set(done["quarantine"][0])
    said_once(huddle(tmp_path, "export", str(tmp_path / "out")), 0)
    assert (tmp_path / "out" / "patients.csv").read_text().startswith("patient_id,")


def test_a_zip_and_one_file_of_practice_files_are_imported_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "files.zip", "w") as archive:
        for path in SAMPLES.glob("*.csv"):
            archive.write(path, f"practice/{path.name}")
    done = document(huddle(tmp_path, "import", str(tmp_path / "files.zip"), "--json"))
    assert done["files"]["patients"]["stored"] == done["files"]["patients"]["rows"] > 0
    again = document(huddle(tmp_path, "import", str(SAMPLES / "patients.csv"), "--json"))
    assert again["files"] == {
        "patients": done["files"]["patients"] | {"stored": 0, "unchanged": again["files"]["patients"]["rows"]}
    }


def test_an_unknown_profile_and_a_missing_path_are_said_in_one_line(tmp_path: Path) -> None:
    assert "There is no profile" in said_once(huddle(tmp_path, "import", str(SAMPLES), "--as", "janet"), 1)
    assert "no file or folder" in said_once(huddle(tmp_path, "import", str(tmp_path / "nowhere")), 1)


def test_an_export_is_loaded_by_a_process_that_finds_the_store_there(tmp_path: Path) -> None:
    """The second process migrates nothing: it knows the tables all the same."""
    write_export(tmp_path / "jane", JANE)
    environment = {**os.environ, "HUDDLE_STORE": f"sqlite:///{tmp_path / 'huddle.db'}"}
    words = ["import", str(tmp_path / "jane"), "--answer", "time_zone=America/Denver", "--json"]
    for stored in (3, 0):
        done = subprocess.run(
            [sys.executable, "-m", "dashboard.cli", *words],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        files = json.loads(done.stdout)["files"]
        assert next(counts for name, counts in files.items() if "Patients" in name)["stored"] == stored
