"""What deploy/ ships besides proxies: units that systemd accepts, an image's recipe that finds its files, a dashboard of
figures that there are."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient
from typer.testing import CliRunner

from core.settings import ROOT, Settings, settings
from dashboard.cli import app
from dashboard.web.metrics import Metrics
from tests.deploy.fronts import DEPLOY
from tests.find_proxies import found

UNITS = DEPLOY / "systemd"
HUDDLE = "/opt/huddle/.venv/bin/huddle"
MOST_EXPOSED = 20  # in tenths, of 100: systemd calls below 2 “OK”


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they are, with a program that is there in place of ours."""
    program = shutil.which("true")
    assert program
    for unit in UNITS.iterdir():
        (tmp_path / unit.name).write_text(unit.read_text().replace(HUDDLE, program))
    shutil.copy(tmp_path / "huddle@.service", tmp_path / "huddle@8501.service")
    shutil.copy(tmp_path / "huddle-worker@.service", tmp_path / "huddle-worker@1.service")
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = found("systemd-analyze")
    assert path, "No systemd-analyze: `python -m tests.find_proxies` installs it."
    return subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_systemd_accepts_every_unit_without_a_word(units: Path) -> None:
    of_all = [str(path) for path in units.iterdir() if "@." not in path.name]
    assert len(of_all) == 5
    answer = analyze("verify", *of_all)
    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


def test_systemd_names_a_unit_that_is_wrong(units: Path) -> None:
    unit = units / "huddle@8501.service"
    unit.write_text(unit.read_text().replace("Restart=always", "Restart=perhaps"))
    assert "perhaps" in analyze("verify", str(unit)).stderr


@pytest.mark.parametrize("name", ["huddle@8501.service", "huddle-worker@1.service", "huddle-backup.service"])
def test_a_process_of_ours_may_touch_little_of_the_machine(units: Path, name: str) -> None:
    answer = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(units / name))
    assert answer.returncode == 0, answer.stdout[-300:]


def test_what_units_and_image_start_is_a_command_of_ours() -> None:
    started = [
        line.split(HUDDLE)[1].split()
        for unit in UNITS.glob("*.service")
        for line in unit.read_text().splitlines()
        if line.startswith("ExecStart=")
    ]
    started.append(json.loads(re.findall(r"^CMD (\[.*\])$", recipe(), re.M)[-1])[1:])
    assert sorted(line[0] for line in started) == ["backup", "serve", "serve", "worker"]
    for command, *options in started:
        said = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
        assert all(option in said for option in options if option.startswith("--"))


def test_every_setting_of_the_environment_file_is_one_of_ours() -> None:
    names = re.findall(r"^HUDDLE_(\w+)=", (DEPLOY / "huddle.env").read_text(), re.M)
    assert len(names) >= 5
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_the_image_copies_what_is_there_and_never_a_key() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", recipe(), re.M)
    assert all((ROOT / path).exists() for line in copied for path in line.split())
    assert "docs/using.md" in copied  # the page /help
    left_out = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"data/key*", "data/backup-key*", ".env", "**/*.db*", "**/*.huddle-backup"} <= set(left_out)


def test_every_figure_of_the_grafana_dashboard_is_one_that_huddle_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUDDLE_METRICS_TOKEN", "a token")
    settings.cache_clear()
    with TestClient(Starlette(routes=[Route("/metrics", Metrics)])) as client:
        told = client.get("/metrics", headers={"authorization": "Bearer a token"}).text
    settings.cache_clear()
    known = set(re.findall(r"^# TYPE (\w+) ", told, re.M))
    panels = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"\b(?:huddle|process)_\w+", target["expr"])
    }
    assert len(asked) >= 8
    assert asked <= known
    assert {
        name for name in known if name.startswith("huddle_") and not name.endswith("_created")
    } - asked <= {"huddle_worker_up"}


def recipe() -> str:
    return (DEPLOY / "Containerfile").read_text()
