"""Keys put through every path: in no log, page, error, export, audit row, or raw byte of the store, its WAL and copies.

The keys are the sandbox's own, so that right ones are really taken; wrong ones are the same with another end
(RELIABILITY 26).
"""

import base64
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select

from core.connections.clerk_keys import clerk_key_of
from core.connections.commands import credentials
from core.connections.models import Connection
from core.settings import ROOT, settings
from core.staff.models import Staff
from core.store.engine import open_store, reader
from tests.cli.test_cli import huddle
from tests.conftest import fresh_sqlite
from tests.sandbox.running import run_sandbox
from tests.web.form_tab import open_form
from tests.web.running import run_dashboard, staff_with_role

pytestmark = [pytest.mark.xdist_group("keys"), pytest.mark.served]
ADDRESS, SAVE = "Address", "Test and save"
WRONG_PLACES = {"fortis": (ADDRESS, "User ID", "Location ID"), "genesis": ("Provider Identifier (CP_ID)",)}


class Clinic(NamedTuple):
    """keys: kind → what its form takes. heard: where → every byte that came out there. answers: for a look at one."""

    keys: dict[str, dict[str, str]]
    canaries: dict[str, str]
    heard: dict[str, bytes]
    store: Engine


def wrong(key: str) -> str:
    """Another key of the same shape: a canary too."""
    return key[:6] + ("A" if key[6] != "A" else "B") + key[7:]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("leaks")
    Path(fresh_sqlite(folder).removeprefix("sqlite:///")).rename(folder / "huddle.db")
    url = f"sqlite:///{folder / 'huddle.db'}"
    store = open_store(url)
    staff_with_role(store, "owner")
    environment = {"HUDDLE_LOG_LEVEL": "DEBUG", "HUDDLE_KEY_FILE": str(folder / "key.txt")}
    with pytest.MonkeyPatch.context() as patch, run_sandbox(folder) as sandbox:
        patch.setenv("HUDDLE_KEY_FILE", environment["HUDDLE_KEY_FILE"])
        settings.cache_clear()
        with run_dashboard(url, **environment) as dashboard:
            control = httpx.get(f"{sandbox.root_url}/control").json()
            keys = {kind: control[kind] for kind in ("fortis", "genesis", "cash_practice", "sms")}
            made = Clinic(keys, canaries_of(keys), {}, store)
            with dashboard.sign_in("owner") as client:
                at_the_screen(made, client)
            on_the_command_line(made, folder, environment)
            with dashboard.sign_in("owner") as client:
                exports(made, client)
            made.heard["log of the server"] = dashboard.log.encode()
            bytes_of_the_store(made, Path(url.removeprefix("sqlite:///")), folder)
        yield made
    settings.cache_clear()
    store.dispose()


def canaries_of(keys: dict[str, dict[str, Any]]) -> dict[str, str]:
    right = {
        "fortis user_api_key": keys["fortis"]["user_api_key"],
        "fortis developer_id": keys["fortis"]["developer_id"],
        "genesis cp_mkey": keys["genesis"]["cp_mkey"],
        "genesis clerk key": keys["genesis"]["clerk_keys"]["olivia"],
        "cash_practice api_key": keys["cash_practice"]["api_key"],
        "sms auth_token": keys["sms"]["auth_token"],
    }
    return {**right, **{f"wrong {name}": wrong(key) for name, key in right.items()}}


def forms(clinic: Clinic) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """For each kind: what stands in the fields when it is right, and what is different when it is wrong."""
    fortis, genesis = clinic.keys["fortis"], clinic.keys["genesis"]
    cash, sms = clinic.keys["cash_practice"], clinic.keys["sms"]
    provider_key = "Provider Key (CP_MKey)"
    return {
        "fortis": (
            {
                ADDRESS: fortis["base_url"],
                "User ID": fortis["user_id"],
                "User API key": f" {fortis['user_api_key']}\u200b",
                "Developer ID": fortis["developer_id"],
                "Location ID": fortis["location_id"],
            },
            {"User API key": wrong(fortis["user_api_key"]), "Developer ID": wrong(fortis["developer_id"])},
        ),
        "genesis": (
            {
                ADDRESS: genesis["base_url"],
                "Provider Identifier (CP_ID)": genesis["cp_id"],
                provider_key: genesis["cp_mkey"],
            },
            {provider_key: wrong(genesis["cp_mkey"])},
        ),
        "cash_practice": (
            {ADDRESS: cash["base_url"], "TrackStat API Key": cash["api_key"]},
            {"TrackStat API Key": wrong(cash["api_key"])},
        ),
        "sms": (
            {
                ADDRESS: sms["base_url"],
                "Account SID": sms["account_sid"],
                "Auth token": sms["auth_token"],
                "Sending number": sms["from_number"],
            },
            {"Auth token": wrong(sms["auth_token"])},
        ),
    }


def at_the_screen(clinic: Clinic, client: httpx.Client) -> None:
    """Wrong keys, keys in the wrong fields, then right ones; then every view of what is connected."""
    for kind, (right, otherwise) in forms(clinic).items():
        name = f"Our {kind}".replace("_", " ")
        with open_form(client, "integrations") as tab:
            tab.go(f"set_up={kind}")
            said = {f"{kind} wrong keys": tab.send(SAVE, {**right, **otherwise})}
            secret = next(iter(otherwise))
            for field in WRONG_PLACES.get(kind, ()):
                key = right[secret].strip(" \u200b")
                said[f"{kind} key in {field}"] = tab.send(
                    SAVE, {**right, field: key, secret: otherwise[secret]}
                )
            said[f"{kind} key as name"] = tab.send(
                SAVE, {**right, "Name of this connection": right[secret].strip(" \u200b")}
            )
            said[f"{kind} saved"] = tab.send(SAVE, {**right, "Name of this connection": name})
            assert name.encode() in said[f"{kind} saved"], kind
            assert b"refused" in said[f"{kind} wrong keys"] or b"does not know" in said[f"{kind} wrong keys"]
            clinic.heard.update({f"page: {place}": drawn for place, drawn in said.items()})
    with reader(clinic.store) as session:
        ids = {one.kind: one.id or 0 for one in session.exec(select(Connection))}
    with open_form(client, "integrations") as tab:
        clinic.heard["page: all"] = tab.go()
        for kind, number in ids.items():
            clinic.heard[f"page: {kind} details"] = tab.go(f"connection={number}")
            clinic.heard[f"page: {kind} change"] = tab.go(f"set_up={kind}&connection={number}")
        tab.go(f"connection={ids['genesis']}")
        key = clinic.canaries["genesis clerk key"]
        clinic.heard["page: clerk key"] = tab.send("Save the keys", {"Owner": f" {key}\u00a0"})
        assert b"1 key saved" in clinic.heard["page: clerk key"]


def exports(clinic: Clinic, client: httpx.Client) -> None:
    """What leaves through the routes, and what a wrong address answers."""
    paths = [
        "/export/day.csv",
        "/export/cards.csv",
        "/export/patients.csv",
        "/print/day",
        "/metrics",
        "/healthz",
    ]
    for path in (*paths, "/integrations?connection=x", "/nowhere", "/webhooks/fortis"):
        answer = client.get(path)
        clinic.heard[f"route {path}"] = answer.content + str(answer.headers).encode()


def on_the_command_line(clinic: Clinic, folder: Path, environment: dict[str, str]) -> None:
    """`huddle connect` right, wrong, with broken lines; `doctor`, `sync` and `report`; a traceback for a developer."""
    fortis, cash = clinic.keys["fortis"], clinic.keys["cash_practice"]
    plain = [f"{name}={fortis[name]}" for name in ("base_url", "user_id", "location_id")]
    secret = "\n".join(f"{name}={fortis[name]}" for name in ("user_api_key", "developer_id"))
    refused = secret.replace(fortis["user_api_key"], wrong(fortis["user_api_key"]))
    bare = f"{fortis['user_api_key']}\n{cash['api_key']}\n"
    connect = ("connect", "fortis", "--name", "Our fortis", *plain, "--secrets-stdin")
    address = f"base_url={fortis['user_api_key']}"
    runs = {
        "right": (0, connect, secret),
        "wrong": (1, connect, refused),
        "without names": (2, connect, bare),
        "only a key": (1, ("connect", "cash_practice", "--secrets-stdin"), cash["api_key"]),
        "as an argument": (2, ("connect", "fortis", fortis["user_api_key"]), ""),
        "as address": (1, ("connect", "fortis", address, *plain[1:], *secret.split()), ""),
        "sync": (0, ("sync", "Our fortis"), ""),
        "doctor": (1, ("doctor", "--json"), ""),
        "report": (0, ("report", "patients", "--format", "csv"), ""),
        "rotate": (0, ("rotate-key",), ""),
    }
    for name, (code, words, stdin) in runs.items():
        done = huddle(folder, *words, stdin=stdin)
        assert done.returncode == code, (name, done.stderr)
        clinic.heard[f"huddle {name}"] = (done.stdout + done.stderr).encode()
    traced = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", *connect],
        input=refused,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env=os.environ
        | environment
        | {"HUDDLE_DEBUG": "1", "HUDDLE_STORE": f"sqlite:///{folder / 'huddle.db'}"},
    )
    clinic.heard["huddle wrong traceback"] = (traced.stdout + traced.stderr).encode()


def bytes_of_the_store(clinic: Clinic, path: Path, folder: Path) -> None:
    """The file, its WAL while the server still has it open, and copies made in three ways."""
    copy, packed = folder / "copy.db", folder / "packed.db"
    with sqlite3.connect(path) as live, sqlite3.connect(copy) as target:
        live.backup(target)
        live.execute("VACUUM INTO ?", (str(packed),))
        clinic.heard["copy as SQL"] = "\n".join(live.iterdump()).encode()
    for each in [*sorted(path.parent.glob(f"{path.name}*")), copy, packed]:
        clinic.heard[f"bytes of {each.name.replace(path.stem, 'store')}"] = each.read_bytes()


def encodings(key: str) -> list[bytes]:
    """A key as it may stand somewhere: plain, as hex, as base64 (the three ways it can fall), escaped for an address."""
    raw = key.encode()
    shifted = [base64.b64encode(b"x" * pad + raw)[4 if pad else 0 : -4] for pad in range(3)]
    return [raw, raw.hex().encode(), *shifted, str(httpx.QueryParams({"k": key})).removeprefix("k=").encode()]


def found_in(where: bytes, key: str) -> bool:
    return any(form in where for form in encodings(key))


def test_no_key_is_found_anywhere(clinic: Clinic) -> None:
    leaks = [
        (name, place)
        for name, key in clinic.canaries.items()
        for place, heard in clinic.heard.items()
        if found_in(heard, key)
    ]
    assert leaks == []


def test_every_place_was_really_looked_at(clinic: Clinic) -> None:
    empty = [place for place, heard in clinic.heard.items() if not heard]
    assert [place for place in empty if not place.startswith("bytes of store.db-")] == []
    assert {"bytes of store.db", "bytes of store.db-wal", "copy as SQL"} <= clinic.heard.keys()
    assert b"Our fortis" in clinic.heard["bytes of store.db"] + clinic.heard["bytes of store.db-wal"]
    assert b'"level": "debug"' in clinic.heard["log of the server"]
    assert b"Traceback" in clinic.heard["huddle wrong traceback"]
    assert len(clinic.heard) > 45


def test_the_search_finds_a_key_however_it_is_written() -> None:
    key = "b775ec2aec0f1f725f5e0460"
    login = base64.b64encode(f"AC12:{key}".encode())
    for place in (key.encode(), b"Basic " + login, f"?k={key}".encode(), key.encode().hex().encode()):
        assert found_in(b"before " + place + b" after", key)
    assert not found_in(b"before b775ec2aec0f after", key)


def test_the_keys_are_there_all_the_same_and_their_ends_are_shown(clinic: Clinic) -> None:
    with reader(clinic.store) as session:
        held = {one.kind: credentials(one) for one in session.exec(select(Connection))}
        genesis = session.exec(select(Connection).where(Connection.kind == "genesis")).one()
        owner = session.exec(select(Staff)).one()
        clerk = clerk_key_of(session, owner.id or 0, genesis.id or 0)
    kept = {f"{kind} {name}": key for kind, keys in held.items() for name, key in keys.items()}
    kept["genesis clerk key"] = clerk or ""
    assert kept == {name: key for name, key in clinic.canaries.items() if not name.startswith("wrong")}
    for kind, name in (("fortis", "user_api_key"), ("sms", "auth_token")):
        masked = f"••••{clinic.canaries[f'{kind} {name}'][-4:]}".encode()
        assert masked in clinic.heard[f"page: {kind} change"]
