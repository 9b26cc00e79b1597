"""What the README says of settings, pages, commands and files is what the code does."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from core.permissions import ROLES, Permission, Role
from core.settings import Settings
from dashboard.access import PAGES
from dashboard.cli import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def table(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_setting_is_in_the_table_with_its_default() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in table(section("Settings"))}
    assert set(told) == {f"HUDDLE_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default = told[f"HUDDLE_{name.upper()}"]
        shown = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        assert default == "(none)" if not shown else shown.replace(str(ROOT) + "/", "").endswith(default), (
            name
        )


def test_every_page_is_in_the_table_with_who_may_see_it() -> None:
    roles = (Role.OWNER, Role.OFFICE_MANAGER, Role.FRONT_DESK, Role.PROVIDER)
    told = {row[0]: row[2:] for row in table(section("Pages by role"))}
    assert told == {
        page.title: ["yes" if page.permission in ROLES[role] else "no" for role in roles] for page in PAGES
    }


def test_a_provider_sees_no_amounts_as_the_readme_says() -> None:
    assert Permission.SEE_MONEY not in ROLES[Role.PROVIDER]


def test_every_command_is_in_the_table() -> None:
    told = {row[0].strip("`").removeprefix("huddle ") for row in table(section("Commands"))}
    group = get_command(app)
    there = set()
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        there |= {f"{name} {sub}" for sub in inner} if inner else {name}
    assert told == there


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:core|dashboard|data|tests)/[\w/.]+)`", README)))
)
def test_every_file_the_readme_names_is_there(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / f"{path}.py").exists() or path in {"data/key.txt", "data/demo"}


def test_the_readme_begins_with_the_two_commands() -> None:
    assert README.index("make run") < README.index("make test") < README.index("## Pages by role")


def test_ci_runs_the_readme_s_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text, lock.name
