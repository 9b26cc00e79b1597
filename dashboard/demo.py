"""`huddle demo`: a fresh practice, the sandbox processors, a first sync over real HTTP and real files, then the dashboard.

Everything it makes lies in data/demo and is made anew each time; no other store is touched.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
from sqlalchemy import Engine

from core import clock
from core.errors import HuddleError
from core.permissions import Role
from core.settings import DATA, ROOT, settings
from core.store.engine import open_store, transaction
from core.store.migrate import migrate
from dashboard.serve import STOPS, require_free, serve

FOLDER = DATA / "demo"
PORT, SANDBOX_PORT = 8501, 8600
ACCOUNTS = {
    "olivia": (Role.OWNER, "Olivia Owner", "owner-good-morning"),
    "max": (Role.OFFICE_MANAGER, "Max Manager", "manager-good-morning"),
    "dana": (Role.FRONT_DESK, "Dana Desk", "desk-good-morning"),
    "lee": (Role.PROVIDER, "Dr Lee", "provider-good-morning"),
}
SANDBOX_SECONDS = 90
RUNNING = "running.txt"  # where the sandbox of the demo that made the folder answers
# a demo is shown at night too, and nobody waits ten minutes for a doubtful message
AT_ANY_HOUR = {"HUDDLE_QUIET_FROM": "0", "HUDDLE_QUIET_UNTIL": "0", "HUDDLE_SETTLE_SECONDS": "60"}


def run_demo(*, port: int | None, sandbox_port: int | None, patients: int, browser: bool) -> int:
    """Blocks until the dashboard stops; returns its exit code. Raises HuddleError with a sentence.

    A port of None is the usual one, or a free one when something runs there. Told to stop (dashboard.serve.STOPS)
    while it still fills the practice, it takes the sandbox with it.
    """
    _refuse_second()
    chosen = _port(port, PORT, "--port")
    with _stops_cleanly():
        return _run(chosen, _port(sandbox_port, SANDBOX_PORT, "--sandbox-port"), patients, browser)


def _run(port: int, sandbox_port: int, patients: int, browser: bool) -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    (FOLDER / RUNNING).write_text(f"http://127.0.0.1:{sandbox_port}", encoding="utf-8")
    os.environ["HUDDLE_STORE"] = f"sqlite:///{FOLDER / 'huddle.db'}"
    os.environ["HUDDLE_SECOND_STEP"] = "nobody"  # its passwords are printed: an app would protect nothing
    os.environ["HUDDLE_KEY_FILE"] = str(FOLDER / "key.txt")
    os.environ["HUDDLE_PUBLIC_URL"] = f"http://127.0.0.1:{port}"  # patients of the demo sit at this machine
    for name, value in AT_ANY_HOUR.items():
        os.environ.setdefault(name, value)
    settings.cache_clear()
    with sandbox(sandbox_port, patients) as control:
        _say(f"Sandbox processors on http://127.0.0.1:{sandbox_port}")
        fill(control)
        _say(_welcome(port, control))
        if browser:
            threading.Thread(target=_open_when_ready, args=(port,), daemon=True).start()
        return serve("127.0.0.1", port)


@contextmanager
def _stops_cleanly() -> Iterator[None]:
    """A stop unwinds what was begun, as leaving the block does, and is no failure."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(0)

    before = {number: signal.signal(number, stop) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _port(asked: int | None, usual: int, option: str) -> int:
    """The port asked for, which must be free; else the usual one, or any free one."""
    if asked is not None:
        require_free("127.0.0.1", asked, option)
        return asked
    for port in (usual, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise HuddleError(f"No port is free. Choose one with {option}.")


def _refuse_second() -> None:
    """A second demo would take the folder away under the first one."""
    try:
        there = (FOLDER / RUNNING).read_text(encoding="utf-8")
        httpx.get(f"{there}/control", timeout=2)
    except (OSError, httpx.HTTPError, httpx.InvalidURL):
        return
    raise HuddleError(f"A demo is running already (its sandbox is {there}). Stop it first.")


@contextmanager
def sandbox(port: int, patients: int) -> Iterator[dict[str, Any]]:
    """The sandbox processors in a process of their own; what they say at /control. Raises HuddleError."""
    command = [
        sys.executable,
        "-m",
        "dashboard.cli",
        "sandbox",
        "--port",
        str(port),
        "--patients",
        str(patients),
    ]
    log = (FOLDER / "sandbox.log").open("wb")
    # a session of its own: Ctrl+C reaches it once, from us
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*command, "--folder", str(FOLDER / "sandbox")],
        cwd=ROOT,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield _wait_for_control(process, port)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _wait_for_control(process: subprocess.Popen[bytes], port: int) -> dict[str, Any]:
    deadline = time.monotonic() + SANDBOX_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            return httpx.get(f"http://127.0.0.1:{port}/control", timeout=5).json()
        except (httpx.TransportError, ValueError):
            time.sleep(0.2)
    raise HuddleError(f"The sandbox did not start. What it said is in {Path('data/demo/sandbox.log')}.")


def fill(control: dict[str, Any], *, accounts: Iterable[str] = tuple(ACCOUNTS)) -> None:
    """Connections, first sync and accounts, the way a practice would set them up. accounts: the user names to add."""
    from core.connections.clerk_keys import set_clerk_key
    from core.connections.commands import check, connect, split_secrets
    from core.connections.postbacks import register
    from core.jobs.roll_up import roll_up_all
    from core.jobs.sync import sync_connection
    from core.jobs.tasks.refresh import refresh_tasks_now
    from core.staff.commands import add_staff
    from dashboard.web.passwords import hash_password

    engine = open_store(settings().store)
    migrate(engine)
    former = {name: control["cash_practice"][name] for name in ("base_url", "api_key")}
    former_id, clerks = 0, dict[str, str]()
    for kind, name, given in (
        ("practice_files", "EHR files", {"folder": control["ehr_files"]}),
        ("cash_practice", "Cash Practice", former),
        ("fortis", "Fortis", dict(control["fortis"])),
    ):
        if kind == "cash_practice" and not control["cash_practice"]["patients"]:
            continue  # this practice has moved to Fortis altogether
        plain, secret = split_secrets(kind, given)
        check(kind, plain, secret)
        with transaction(engine) as session:
            connection_id = connect(session, kind=kind, name=name, settings=plain, secrets=secret).id
        assert connection_id is not None
        started = clock.now()
        results = sync_connection(engine, connection_id)
        rows = sum(result.rows_in for result in results)
        for failed in (result for result in results if result.error):
            raise HuddleError(f"{name}: {failed.error}")
        if kind == "fortis":
            register(engine, connection_id)
        elif kind == "cash_practice":
            former_id, clerks = connection_id, control["cash_practice"]["clerk_keys"]
        _say(f"{name}: {rows:,} rows in {(clock.now() - started).total_seconds():.1f} s")
    started = clock.now()
    counted = roll_up_all(engine)
    _say(f"Overview: {counted.months} months counted in {(clock.now() - started).total_seconds():.1f} s")
    _say(f"Tasks: {refresh_tasks_now(engine).opened} found by the rules")
    _connect_messages(engine, control)
    with transaction(engine) as session:
        for username in accounts:
            role, display, password = ACCOUNTS[username]
            added = add_staff(
                session,
                None,
                username=username,
                display_name=display,
                role=role,
                password_hash=hash_password(password),
            )
            if key := clerks.get(username):
                set_clerk_key(session, None, staff_id=added.id or 0, connection_id=former_id, key=key)
    _connect_genesis(engine, control["genesis"])
    _say(f"Online booking: {_offer_online(engine)} types on offer")
    engine.dispose()


def _connect_genesis(engine: Engine, given: dict[str, Any]) -> None:
    """The EHR takes tasks, and payments once somebody turns posting on; each login has its clerk key."""
    from sqlmodel import select

    from core.connections.clerk_keys import set_clerk_key
    from core.connections.commands import check, connect
    from core.staff.models import Staff

    plain = {"base_url": given["base_url"], "cp_id": given["cp_id"], "acts_as": "max"}
    secret = {"cp_mkey": given["cp_mkey"]}
    check("genesis", plain, secret)
    with transaction(engine) as session:
        genesis = connect(session, kind="genesis", name="Genesis", settings=plain, secrets=secret).id or 0
        for staff in session.exec(select(Staff)).all():
            if key := given["clerk_keys"].get(staff.username):
                set_clerk_key(session, None, staff_id=staff.id or 0, connection_id=genesis, key=key)


ONLINE: dict[str, dict[str, Any]] = {
    # the EHR's type: how it is offered, each way to charge once
    "T01": {"charge": "nothing", "notice_minutes": 60, "text": "A visit for people we know."},
    "T02": {
        "charge": "deposit",
        "deposit_cents": 4_000,
        "who": "new patients",
        "text": "Your first visit with us.",
    },
    "T03": {"charge": "card on file", "who": "existing patients"},
    "T04": {"charge": "full price", "step_minutes": 30, "prep_minutes": 15, "refund_percent_late": 50},
    "T05": {"charge": "hold", "days_ahead": 14, "members_free": True},
}


def _offer_online(engine: Engine) -> int:
    """Types on offer by the providers who give them, on weekdays with a lunch break. Returns how many."""
    from sqlmodel import col, select

    from core.booking import commands as booking
    from core.booking.free_times import Stretch
    from core.permissions import Identity
    from core.schedule.models import Appointment, AppointmentType, Provider
    from core.staff.models import Staff

    with transaction(engine) as session:
        first = session.exec(select(Staff).order_by(col(Staff.id))).first()
        if first is None:
            return 0
        owner = Identity(0, first.id or 0, first.username, first.display_name, Role.OWNER)
        hours = [Stretch(day, 8 * 60, 18 * 60) for day in range(5)]
        hours += [Stretch(day, 12 * 60, 13 * 60, is_break=True) for day in range(5)]
        providers = session.exec(select(Provider).where(col(Provider.location_id).is_not(None))).all()
        everybody = [one.id or 0 for one in providers]
        for one in providers:
            booking.save_hours(
                session, owner, provider_id=one.id or 0, location_id=one.location_id or 0, stretches=hours
            )
        offered = 0
        for kind in session.exec(select(AppointmentType).order_by(col(AppointmentType.id))).all():
            if kind.external_id not in ONLINE:
                continue
            row = booking.offer_type(session, owner, appointment_type_id=kind.id or 0)
            usual: dict[str, Any] = {
                "minutes": row.minutes,
                "step_minutes": row.minutes,
                "notice_minutes": 120,
                "days_ahead": 45,
            }
            booking.save_type(session, owner, online_type_id=row.id or 0, **usual | ONLINE[kind.external_id])
            giving = (
                select(Appointment.provider_id).where(Appointment.appointment_type_id == kind.id).distinct()
            )
            ids = [each for each in session.exec(giving) if each is not None] or everybody
            booking.assign_providers(session, owner, online_type_id=row.id or 0, provider_ids=ids)
            if ids:
                booking.turn_type(session, owner, online_type_id=row.id or 0, on=True)
                offered += 1
        booking.save_booking_rules(session, owner, no_shows_prepay=3, days_ahead_prepay=None)
        booking.switch_booking(session, owner, on=True)
    return offered


def _connect_messages(engine: Engine, control: dict[str, Any]) -> None:
    """E-mail and texts go to the sandbox's mailbox and phones; what a phone answers comes back to us."""
    from core.connections.commands import check, connect, split_secrets

    mail = {name: str(value) for name, value in control["smtp"].items()}
    mail |= {"security": "none", "sender": "desk@example.com", "sender_name": "The front desk"}
    for kind, name, given in (("email", "E-mail", mail), ("sms", "Text messages", dict(control["sms"]))):
        plain, secret = split_secrets(kind, given)
        check(kind, plain, secret)
        with transaction(engine) as session:
            connect(session, kind=kind, name=name, settings=plain, secrets=secret)
    replies = {"sms": {"inbound_url": f"{settings().public_url}/webhooks/sms"}}
    httpx.post(control["pages"]["control"], json=replies, timeout=5).raise_for_status()


def _welcome(port: int, control: dict[str, Any]) -> str:
    people = "\n".join(f"    {name:<8}{password:<24}{role}" for name, (role, _, password) in ACCOUNTS.items())
    return (
        f"\n  Huddle is on  http://127.0.0.1:{port}\n\n  Demo accounts (user, password, role):\n{people}\n\n"
        f"  Patients book {settings().public_url}/book  (pay with 4111 1111 1111 1111)\n"
        f"  Sandbox       {control['pages']['home']}  (addresses and keys: /control)\n"
        f"  Phones        {control['pages']['phone']}  (what was texted; answer as a patient)\n"
        f"  Genesis       {control['pages']['workbench']}  (the EHR's tasks; close one there)\n"
        f"  Mailbox       {control['pages']['mail']}  (mail server on port {control['smtp']['port']})\n"
        f"  Practice files {FOLDER / 'sandbox' / 'ehr'}\n\n  Stop with Ctrl+C.\n"
    )


def _open_when_ready(port: int) -> None:
    for _ in range(100):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).is_success:
                webbrowser.open(f"http://127.0.0.1:{port}/")
                return
        except httpx.TransportError:
            time.sleep(0.3)


def _say(text: str) -> None:
    print(text, flush=True)
