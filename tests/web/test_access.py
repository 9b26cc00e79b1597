"""Every page has a row in PAGES, and every row a page."""

import re

import pytest

from core.permissions import ROLES, Permission
from dashboard.access import FOLDER, PAGES, Page


def test_a_page_without_a_row_fails_the_build() -> None:
    assert {path.name for path in FOLDER.glob("*.py")} == {row.file for row in PAGES}


def test_addresses_and_titles_are_unique_and_fit_into_a_url() -> None:
    assert len({row.url_path for row in PAGES}) == len({row.title for row in PAGES}) == len(PAGES)
    assert all(re.fullmatch(r"[a-z][a-z_-]*", row.url_path) for row in PAGES)


def test_the_morning_is_the_first_page_and_everyone_sees_it() -> None:
    assert PAGES[0].file == "morning.py"
    assert all(PAGES[0].permission in permissions for permissions in ROLES.values())


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.url_path)
def test_every_page_asks_for_a_permission_that_somebody_holds(row: Page) -> None:
    assert isinstance(row.permission, Permission)
    assert any(row.permission in permissions for permissions in ROLES.values())
