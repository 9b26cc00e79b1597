"""The sandbox: one web server on loopback that stands in for the practice's processors, on the real wire.

`prepare` makes (or finds) the practice in a folder, `build_app` is the ASGI app over it, `serve` runs it.
"""

import asyncio
import html
import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core import clock
from data.sandbox import calls, control, pages
from data.sandbox.cashpractice import records as cash_practice_records
from data.sandbox.cashpractice import screens as cash_practice_screens
from data.sandbox.cashpractice import wire as cash_practice
from data.sandbox.cliniko import wire as cliniko
from data.sandbox.faults import FaultyLine
from data.sandbox.fortis import elements, hosted, webhooks
from data.sandbox.fortis.load import load
from data.sandbox.fortis.routes import router
from data.sandbox.genesis import screens as genesis_screens
from data.sandbox.genesis import wire as genesis
from data.sandbox.mail import server as mail_server
from data.sandbox.practice.lived import live_until
from data.sandbox.sms import delivery, gateway
from data.sandbox.state import State

DEFAULT_PORT = 8600
A_MINUTE = 60.0
STILL_AT_CASH_PRACTICE = 12  # for so many patients one more, whom the former processor still charges
FORM = 3  # of the state's tables: a folder of another form is made anew


def build_app(state: State) -> Starlette:
    """The ASGI app over a state: /fortis, /control and a page that says what this is."""
    app = Starlette(
        routes=[
            Route("/", _index),
            Route("/control", control.control, methods=["GET", "POST"]),
            *pages.routes(),
            *cash_practice_screens.routes(),
            *genesis_screens.routes(),
            Mount("/fortis/js", elements.router(state)),
            Mount("/fortis/pay", hosted.router(state)),
            Mount("/fortis", FaultyLine(router(state), state.faults)),
            Mount("/twilio", FaultyLine(gateway.router(state), state.faults, at="sms")),
            Mount("/cashpractice", FaultyLine(cash_practice.router(state), state.faults, at="cash_practice")),
            Mount("/cliniko", FaultyLine(cliniko.router(state), state.faults, at="cliniko")),
            Mount("/genesis", FaultyLine(genesis.router(state), state.faults, at="genesis")),
        ],
        lifespan=_at_work,
        middleware=[Middleware(_KnowsItsAddress, state=state)],
    )
    app.state.sandbox = state
    state.told = webhooks.tell
    return app


@asynccontextmanager
async def _at_work(app: Starlette) -> AsyncIterator[None]:
    """While the web server runs, the mail server listens and the calls that wait are made."""
    state: State = app.state.sandbox
    wanted = state.smtp_port or state.remembered("smtp port") or state.wanted_smtp_port
    mail = await mail_server.start(state, wanted)
    state.remember("smtp port", state.smtp_port)
    courier = asyncio.create_task(
        calls.Courier(state, {"text": delivery.step}, {"sms inbound": delivery.answered}).run()
    )
    try:
        yield
    finally:
        courier.cancel()
        mail.close()


class _KnowsItsAddress:
    """Links in answers and messages begin with the address this server is reached at."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self.app, self.state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.state.root_url = control.root_url(Request(scope))
        await self.app(scope, receive, send)


def prepare(
    folder: Path,
    *,
    seed: int,
    patients: int = 300,
    locations: int = 1,
    cash_practice: int = 0,
    today: date | None = None,
    port: int = DEFAULT_PORT,
) -> State:
    """The practice of this seed and size, made unless the folder holds it: the processor's side in the state, the
    EHR's in folder/ehr. cash_practice: so many more patients, who are still at the practice's former processor.

    `today` is a date at the first location (default: the real one). The sandbox's clock starts on it, at the
    present time of day, and goes on from there.
    """
    from data.sandbox.practice import generate, write_files
    from data.sandbox.practice.names import PLACES

    wanted = {"seed": seed, "patients": patients, "locations": locations, "form": FORM}
    wanted["cash_practice"] = cash_practice
    if _made(folder) == wanted:
        return State(folder, seed=seed)
    for leftover in ("sandbox.db", "sandbox.db-wal", "sandbox.db-shm"):
        (folder / leftover).unlink(missing_ok=True)
    shutil.rmtree(folder / "ehr", ignore_errors=True)
    real_day = clock.today(PLACES[0][1])
    today = today or real_day
    practice = generate(seed, today, patients, locations, cash_practice)
    state = State(folder, seed=seed)
    state.set_now(clock.now() + (today - real_day))
    load(state, practice.fortis)
    cash_practice_records.load(state, practice.cash_practice)
    state.remember("cash practice zone", PLACES[0][1])
    write_files(practice.files, folder / "ehr")
    state.remember("port", port)
    state.remember("made", wanted)  # last: a folder that was left half made is made again
    return state


def _made(folder: Path) -> dict[str, object] | None:
    if not (folder / "sandbox.db").exists() or not (folder / "ehr").is_dir():
        return None
    state = State(folder)
    try:
        return state.remembered("made")
    finally:
        state.close()


def listen(port: int) -> socket.socket:
    """A loopback socket for the sandbox (0: a free port). Raises OSError when the port is taken."""
    # named as TCP, for asyncio sends small answers at once only then: 40 ms less for each
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere it would let two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    return listener


def server_of(state: State) -> uvicorn.Server:
    """A uvicorn server over a state; quiet, and it does not wait for clients that hang in a fault."""
    config = uvicorn.Config(
        build_app(state),
        log_level="error",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=1,
        ws="none",
    )
    return uvicorn.Server(config)


def serve_state(state: State, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; only for the main thread."""
    signal.signal(signal.SIGTERM, _leave)  # uvicorn raises the signal again once it has stopped
    try:
        server_of(state).run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # stopped from the keyboard: nothing went wrong
    finally:
        listener.close()
        state.close()


def _leave(*_: object) -> None:
    raise SystemExit(0)


def serve(
    port: int,
    folder: Path,
    *,
    seed: int = 7,
    patients: int = 300,
    locations: int = 1,
    today: date | None = None,
) -> None:
    """Prepare the practice and serve it on 127.0.0.1 until SIGTERM or SIGINT. Raises OSError when the port is taken."""
    listener = listen(port)
    moving = patients // STILL_AT_CASH_PRACTICE
    state = prepare(
        folder,
        seed=seed,
        patients=patients,
        locations=locations,
        cash_practice=moving,
        today=today,
        port=port,
    )
    state.wanted_smtp_port = mail_server.USUAL_PORT
    live_until(folder / "ehr", state.now())
    threading.Thread(target=_let_the_day_go_on, args=(folder / "ehr", state), daemon=True).start()
    serve_state(state, listener)


def _let_the_day_go_on(ehr: Path, state: State) -> None:
    while True:
        time.sleep(A_MINUTE)
        live_until(ehr, state.now())


async def _index(request: Request) -> HTMLResponse:
    state: State = request.app.state.sandbox
    known = await run_in_threadpool(control.addresses, state, control.root_url(request))
    return HTMLResponse(
        _PAGE.format(addresses=html.escape(json.dumps(known, indent=2)), now=_minute(state.now()))
    )


def _minute(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M UTC")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Huddle sandbox</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem }}
pre {{ background: #f4f4f2; padding: 1rem; overflow: auto }}</style></head>
<body><h1>Huddle sandbox</h1>
<p>A stand-in for the practice's card processor, text gateway and mail server. No money moves here, no message
leaves this machine, and every person in it is invented.</p>
<p>What was texted: <a href="/phone">phones</a>. What was mailed: <a href="/mail">mailbox</a>.
The EHR: <a href="/workbench">Workbench tasks</a>, <a href="/ledger">ledger</a>.
Cash Practice: <a href="/cash-practice">not paid up</a>.</p>
<p>It is {now} here. Addresses and keys, also at <a href="/control">/control</a>:</p>
<pre>{addresses}</pre>
</body></html>"""
