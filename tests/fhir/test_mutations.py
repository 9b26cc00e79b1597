"""However resources are spoilt, a load ends, and every one of them is stored, unchanged or quarantined.

800 spoilt resources by day, 10,000 at night, or what HUDDLE_FHIR_MUTATIONS says. Each round has its own seed, told when it fails.
"""

import copy
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from core.connections.models import QuarantinedRow, SyncRun
from core.integrations.fhir.server import USED
from core.store.engine import reader
from tests.conftest import NIGHT
from tests.fhir.invented import Invented, Json, bundle, everything
from tests.fhir.loading import adds_up, load

SPOILT = int(os.environ.get("HUDDLE_FHIR_MUTATIONS", "10000" if NIGHT else "800"))
ROUNDS, EACH = 4, SPOILT // 4
ATOMS: list[Any] = [None, True, 0, -1, 2**63, 10**400, 1e308, 0.1, "", " ", "\0", "é\u202e", "x" * 70_000, "4111111111111111",
         "2026", "2026-13", "2026-02-30", "0000-00-00", "9999-12-31T23:59:59Z", "2026-11-23T09:00:00+99:00", "24:00",
         "Patient/", "urn:uuid:", "Patient?identifier=|", "http://[", "#x", "entered-in-error", "<script>", [], {}, [None],
         [[]], {"value": "1"}, {"reference": 7}, "2026-11-23T09:00:00.123456789Z", "-2026-11-23", "NaN", "۱۲"]  # fmt: skip


def _leaves(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every (container, key) of a resource."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in steps:
        found.append((value, key))
        _leaves(inner, found)
    return found


def spoil(chance: random.Random, resource: Json, others: list[Json]) -> Json:
    """One to three faults, at the places a schema knows."""
    spoilt = copy.deepcopy(resource)
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(_leaves(spoilt, []))
        how = chance.randrange(6)
        if how == 0:
            del container[key]
        elif how == 1:
            container[key] = [container[key]]
        elif how == 2:
            container[key] = {"nested": container[key]}
        elif how == 3:
            donor, place = chance.choice(_leaves(chance.choice(others), []))
            container[key] = copy.deepcopy(donor[place])
        else:
            container[key] = copy.deepcopy(chance.choice(ATOMS))
        if not spoilt:
            break
    return spoilt


def text_of(chance: random.Random, resource: Json) -> str:
    """Its line; now and then cut off, nested without end, or with a byte changed."""
    line = json.dumps(resource)
    how = chance.randrange(30)
    if how == 0:
        return line[: chance.randrange(1, len(line))]
    if how == 1:
        return line[:-1] + ',"extension":' + '[{"extension":' * 3_000 + "1" + "}]" * 3_000 + "}"
    if how == 2:
        place = chance.randrange(len(line))
        return line[:place] + chance.choice('"}{]\\:\x01') + line[place + 1 :]
    return line


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_spoilt_resources_never_end_a_load_and_are_all_accounted_for(
    sqlite_store: Engine, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 (to be played again)
    whole = list(everything(Invented(seed=seed, patients=12, visits=30)))
    spoilt = [spoil(chance, chance.choice(whole), whole) for _ in range(EACH)]
    lines = [text_of(chance, each) for each in (*whole, *spoilt)]
    chance.shuffle(lines)
    (tmp_path / "all.ndjson").write_text("\n".join(lines), errors="replace")
    (tmp_path / "b.json").write_text(
        json.dumps(bundle([each for each in spoilt if isinstance(each.get("id"), str)]))
    )
    for _ in range(2):
        found = load(sqlite_store, tmp_path)
        assert found.errors == []
        adds_up(found)
        came = sum(counts.rows for counts in found.files.values()) + sum(found.ignored.values())
        entries = sum(1 for each in spoilt if isinstance(each.get("id"), str))
        assert came == len([line for line in lines if line.strip()]) + entries
        assert set(found.files) <= {*USED, "unreadable"}
    with reader(sqlite_store) as session:
        assert session.scalar(select(func.count()).where(SyncRun.state != "done")) == 0
        assert "4111111111111111" not in str(
            session.execute(select(QuarantinedRow.raw, QuarantinedRow.reason)).all()
        )
