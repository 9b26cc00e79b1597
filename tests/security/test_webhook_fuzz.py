"""Bodies and headers nobody would send: never a 5xx, and nothing changes for who has no key (RELIABILITY 14).

The day's suite throws 150 at each source, the night's 10,000. SEED= replays a run.
"""

import hashlib
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text
from sqlmodel import func, select

from core.inbox.models import InboxEvent
from core.store.engine import transaction
from tests.security.forging import SOURCES, Sent
from tests.web.outside import public_site

Say = Callable[[str, object], None]  # pytest's record_property
SEED = int(os.environ.get("SEED", "20261121"))
MEDIAN_SECONDS = 0.05
WORDS = [
    b"", b"\0", b"{", b"}", b"[]", b"null", b'{"data":', b"\xff\xfe", b"%00", b"%ff%fe", b"a=b", b"&&&&", b"=", b"type=CREATE",
    b'"resource"', "𝒵".encode(), b"\xed\xa0\x80", b"1e999", b"NaN", b"-0", b'{"id":{"id":{}}}', b"[" * 900, b"9" * 400,
]  # fmt: skip


def _store_hash(engine: Engine) -> str:
    """Every row of every table."""
    with transaction(engine) as session:
        names = session.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ).scalars()
        rows = [
            (name, [tuple(row) for row in session.execute(text(f'SELECT * FROM "{name}"'))]) for name in names
        ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _bodies(dice: random.Random, true_body: bytes) -> Iterator[bytes]:
    while True:
        match dice.randrange(5):
            case 0:
                yield dice.randbytes(dice.randrange(400))
            case 1:
                yield b"".join(dice.choice(WORDS) for _ in range(dice.randrange(12)))
            case 2:
                place = dice.randrange(len(true_body))
                yield true_body[:place] + dice.choice(WORDS) + true_body[place + dice.randrange(9) :]
            case 3:
                yield true_body[: dice.randrange(len(true_body))]
            case _:
                yield _mutated(dice, true_body)


def _mutated(dice: random.Random, true_body: bytes) -> bytes:
    """The true message with one value of a wrong kind."""
    try:
        told = json.loads(true_body)
    except ValueError:
        return true_body + b"&x=" + dice.choice(WORDS)
    odd = [None, 0, -1, 1e308, "", "\0", "x" * 3_000, [], {}, True, "\u202e", "\ud800", {"id": "x"}, [[[[]]]]]
    told[dice.choice([*told, "more"])] = dice.choice(odd)
    if isinstance(told.get("data"), dict):
        told["data"] = {**told["data"], dice.choice(["id", "type", "contact_id", "x"]): dice.choice(odd)}
    return json.dumps(told).encode("utf-8", "surrogatepass")


def _headers(dice: random.Random, true: dict[str, str], proof: str) -> dict[str, str | bytes]:
    odd = ["", "Basic", "Basic ====", "Bearer x", "Basic " + "A" * 300, "é".encode(), "null", "\x7f"]
    headers: dict[str, str | bytes] = {**true, proof: dice.choice(odd)}  # type: ignore[dict-item]
    headers["content-type"] = dice.choice(
        [
            "",
            "application/json",
            "text/plain",
            "multipart/form-data",
            "application/x-www-form-urlencoded; charset=utf-7",
        ]
    )
    return headers


def _throw(engine: Engine, source_name: str, times: int, say: Say) -> None:
    dice = random.Random(SEED)  # noqa: S311 (a replay, not a secret)
    source = SOURCES[source_name](engine)
    seconds = []
    with public_site(engine) as visitor:
        true = source.make(visitor, source.secret)
        before = _store_hash(engine)
        for body in (next(bodies) for bodies in [_bodies(dice, true.body)] for _ in range(times)):
            sent = Sent(source_name, body, _headers(dice, true.headers, source.proof))  # type: ignore[arg-type]
            began = time.perf_counter()
            status = sent.post(visitor).status_code
            seconds.append(time.perf_counter() - began)
            assert status in {400, 401}, (status, body, f"SEED={SEED}")
        assert _store_hash(engine) == before, f"SEED={SEED}"
        for body in (next(bodies) for bodies in [_bodies(dice, true.body)] for _ in range(times)):
            status = Sent(source_name, body, true.headers).post(visitor).status_code
            assert status in {200, 400, 401}, (status, body, f"SEED={SEED}")
    median = statistics.median(seconds)
    say(
        "reached",
        f"{source_name}: {2 * times:,} deliveries, 0 answers of 500 or more, median {median * 1000:.0f} ms",
    )
    say("seed", SEED)
    assert median < MEDIAN_SECONDS


@pytest.mark.parametrize("source_name", SOURCES)
def test_nothing_thrown_at_a_webhook_breaks_it(
    sqlite_store: Engine, source_name: str, record_property: Say
) -> None:
    _throw(sqlite_store, source_name, 150, record_property)


@pytest.mark.night
@pytest.mark.parametrize("source_name", SOURCES)
def test_nothing_thrown_at_a_webhook_all_night_breaks_it(
    sqlite_store: Engine, source_name: str, record_property: Say
) -> None:
    _throw(sqlite_store, source_name, 10_000, record_property)


@pytest.mark.parametrize(
    "body", [b'{"type":"CREATE"}', b"type=CREATE&resource=transaction", b"[]", b"", b"{" * 5_000]
)
def test_a_known_sender_who_says_nothing_readable_is_told_so(sqlite_store: Engine, body: bytes) -> None:
    source = SOURCES["fortis"](sqlite_store)
    with public_site(sqlite_store) as visitor:
        true = source.make(visitor, source.secret)
        assert Sent("fortis", body, true.headers).post(visitor).status_code == 400
    with transaction(sqlite_store) as session:
        assert session.exec(select(func.count()).select_from(InboxEvent)).one() == 0
