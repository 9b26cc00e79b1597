"""`huddle import-fhir`: FHIR files or a server, read once; and the sync of a FHIR connection."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core import clock
from core.connections.commands import credentials, refuse_beside_demo, settings_of
from core.connections.models import Connection, ConnectionState, Kind
from core.errors import BadInput, HuddleError
from core.integrations.practice_files.cells import time_zone as zone_named
from core.jobs.fhir.loading import (
    FOLDER,
    Load,
    failed,
    load_files,
    load_folder,
    load_server,
    server_client,
    setting_for,
)
from core.jobs.fhir.result import FhirResult
from core.jobs.lease import hold
from core.jobs.records.joining import join_records
from core.practice.models import Practice
from core.store.engine import transaction

NAME = "fhir"


def import_fhir(
    engine: Engine,
    where: str,
    *,
    time_zone: str = "",
    progress: Callable[[str], None] | None = None,
    **wire: Any,
) -> FhirResult:
    """Load a FHIR file, a folder of them, or everything of a server's base URL (with the token of its connection).

    time_zone: of places that name none. What cannot be read of it is an error in the result. Raises BadInput when
    there is nothing to read or the address may not be called, Busy when the connection is being synced right now.
    """
    url = where.strip().rstrip("/") if where.strip().lower().startswith(("http://", "https://")) else ""
    if time_zone:
        time_zone = _zone(time_zone)
    with transaction(engine) as session:
        connection = fhir_connection(session, url)
        connection_id, settings = connection.id or 0, settings_of(connection)
        secrets = credentials(connection) if url else {}
    if url:
        settings["base_url"] = url
    if time_zone:
        settings["time_zone"] = time_zone
    load = Load(
        engine, connection_id, setting_for(engine, settings), said=progress or (lambda _sentence: None)
    )
    with hold(
        engine, f"sync {connection_id}", busy="This FHIR connection is being synced right now."
    ) as lease:
        load.confirm = lease.confirm
        if url:
            client = server_client(settings, secrets, **wire)
            try:
                result = load_server(load, client)
            finally:
                client.close()
        else:
            result = load_files(load, Path(where))
    join_records(engine)
    return result


def sync_fhir(load: Load, settings: Mapping[str, str], secrets: Mapping[str, str], **wire: Any) -> FhirResult:
    """One sync of a connection: its folder or its server. What cannot be read is an error in the result."""
    try:
        if settings.get("folder"):
            return load_folder(load, Path(settings["folder"]))
        client = server_client(settings, secrets, **wire)
    except HuddleError as error:
        failed(load, FOLDER if settings.get("folder") else "server", error)
        return load.result
    try:
        return load_server(load, client)
    finally:
        client.close()


def fhir_connection(session: Session, url: str) -> Connection:
    """The connection that imported resources belong to. Of files: the one called “fhir”, else the only one of its kind.
    Of a server: the one with that address. Else a new one, which nothing syncs until `huddle connect fhir`.

    Raises BadInput while demo data is loaded."""
    refuse_beside_demo(session)
    if session.get(Practice, 1) is None:
        session.add(Practice(id=1))
        session.flush()
    found = list(
        session.exec(select(Connection).where(Connection.kind == Kind.FHIR).order_by(col(Connection.id)))
    )
    if url:
        chosen = [each for each in found if settings_of(each).get("base_url", "").rstrip("/") == url]
    else:
        chosen = [each for each in found if each.name == NAME] or (found if len(found) == 1 else [])
    if chosen:
        return chosen[0]
    taken = set(session.exec(select(Connection.name)))
    name = next(
        name for name in (NAME, *(f"{NAME} {count}" for count in range(2, 1_000))) if name not in taken
    )
    made = Connection(
        kind=Kind.FHIR,
        name=name,
        settings=json.dumps({"base_url": url, "folder": "", "time_zone": ""}, sort_keys=True),
        created_at=clock.now(),
        state=ConnectionState.PAUSED,
    )
    session.add(made)
    session.flush()
    return made


def _zone(name: str) -> str:
    try:
        return zone_named(name)
    except BadInput as wrong:
        raise BadInput(f"--time-zone {wrong.sentence}.") from wrong
