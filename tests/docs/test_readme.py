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
RUNNING = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def section(title: str, of: str = README) -> str:
    return of.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def table(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_setting_is_in_the_table_with_its_default() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in table(section("Settings", RUNNING))}
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
    told = {row[0].strip("`").removeprefix("huddle ") for row in table(section("Commands", RUNNING))}
    group = get_command(app)
    there = set()
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        there |= {f"{name} {sub}" for sub in inner} if inner else {name}
    assert told == there


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    made_later = {"data/key.txt", "data/demo"}
    named = set(re.findall(r"`((?:core|dashboard|data|tests|pages|docs)/[\w/.]+)`", text)) - made_later
    linked = set(re.findall(r"\]\(([\w./-]+)\)", text))
    missing = {path for path in named if not ((ROOT / path).exists() or (ROOT / f"{path}.py").exists())}
    missing |= {link for link in linked if not (document.parent / link).exists()}
    assert missing == set()


def test_the_readme_is_short_and_leads_on() -> None:
    assert len(README.splitlines()) <= 120
    assert all(f"(docs/{name}.md)" in README for name in ("using", "running", "architecture"))


def test_each_decision_has_a_number_of_its_own_and_says_what_else_there_was() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert len({path.name[:4] for path in files}) == len(files) >= 20
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert all(f"\n## {part}" in text for part in ("Context", "Chosen", "What else there was")), path.name


def test_the_readme_begins_with_the_two_commands() -> None:
    assert README.index("make run") < README.index("make test") < README.index("## Pages by role")


def test_ci_runs_the_readme_s_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text, lock.name
