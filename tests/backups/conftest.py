"""A practice to be backed up, and a passphrase."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.store.engine import open_store
from tests.conftest import fresh_sqlite
from tests.messages.clinic import Clinic, open_clinic

SECRET = "three quiet otters at noon"


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    engine = open_store(fresh_sqlite(tmp_path))
    yield open_clinic(engine, [{}, {}, {}])
    engine.dispose()


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)
