"""A clinic's server that opens and seals keys all the time, in a process of its own, while the key is changed."""

import os
import time
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess

from core.connections.commands import connect, connection_named, credentials
from core.errors import HuddleError
from core.jobs.rotate_key import rotate_key
from core.settings import settings
from core.store.engine import open_store, reader, transaction
from tests.forks import FORKS

NAME, SETTINGS = "Fortis", {"user_id": "11e9" * 6, "location_id": "11ea" * 6}


def start_rotating(store_url: str, crash: str = "") -> BaseProcess:
    """`huddle rotate-key` elsewhere, to die at a crashpoint."""
    process = FORKS.Process(target=_rotate, args=(store_url, crash, os.environ["HUDDLE_KEY_FILE"]))
    process.start()
    return process


def start_serving(store_url: str, seconds: float) -> tuple[BaseProcess, Pipe]:
    """Reads and changes the keys for so long; then tells (how often, what went wrong)."""
    mine, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_serve, args=(store_url, seconds, os.environ["HUDDLE_KEY_FILE"], theirs))
    process.start()
    theirs.close()
    return process, mine


def _rotate(store_url: str, crash: str, key_file: str) -> None:
    os.environ.update({"HUDDLE_CRASHPOINT": crash, "HUDDLE_KEY_FILE": key_file})
    settings.cache_clear()
    rotate_key(open_store(store_url), settle_seconds=0.5)


def _serve(store_url: str, seconds: float, key_file: str, told: Pipe) -> None:
    os.environ["HUDDLE_KEY_FILE"] = key_file
    settings.cache_clear()
    engine, number, wrong = open_store(store_url), 0, []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        number += 1
        secrets = {"user_api_key": f"key-{number:012}", "developer_id": "developer-0001"}
        try:
            with transaction(engine) as session:
                connect(session, kind="fortis", name=NAME, settings=SETTINGS, secrets=secrets)
            with reader(engine) as session:
                found = credentials(connection_named(session, NAME))
            if found != secrets:
                wrong.append(f"{number}: another key")
        except HuddleError as error:
            wrong.append(error.sentence)
        time.sleep(0.01)
    told.send((number, wrong))
