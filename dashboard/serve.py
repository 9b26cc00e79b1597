"""`huddle serve`: Streamlit's own server in the project folder, with the flags we mean."""

import errno
import os
import signal
import socket
import subprocess
import sys
from types import FrameType

from sqlalchemy import Engine

from core.errors import BadInput
from core.settings import ROOT, settings
from core.staff.reports import has_staff
from core.store.engine import open_store, reader
from core.store.migrate import migrate
from dashboard.web.setup import VARIABLE, new_token

# how a person or a service manager says stop; a terminal that is closed hangs up (Windows knows no hang-up)
STOPS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
FIRST_FREE_FOR_ALL = 1024  # a port below is for root alone


def serve(host: str, port: int) -> int:
    """Run the dashboard on host:port until it is told to stop (STOPS); returns the server's exit code, 0 after that.

    Raises StoreError when the store cannot be opened and BadInput when the port is taken, before anything is started.
    """
    require_free(host, port)
    engine = open_store(settings().store)
    migrate(engine)
    given = _set_up_link(engine, host, port)
    engine.dispose()
    # a session of its own: Ctrl+C reaches the server once, from us, and not twice
    env = {**environment(), **given}
    server = subprocess.Popen(command(host, port), cwd=ROOT, env=env, start_new_session=True)  # noqa: S603

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        server.terminate()

    before = {number: signal.signal(number, pass_on) for number in STOPS}
    try:
        code = server.wait()
        return 0 if code == -signal.SIGTERM else code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _set_up_link(engine: Engine, host: str, port: int) -> dict[str, str]:
    """While nobody can sign in yet: print where to set the practice up, and hand the server what that address holds."""
    with reader(engine) as session:
        if has_staff(session):
            return {}
    token = new_token()
    at = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not listened on
    where = settings().public_url.rstrip("/") or f"http://{f'[{at}]' if ':' in at else at}:{port}"
    print(
        f"\n  This Huddle is not set up yet. Open this link on your computer to begin; it works once:\n\n"
        f"    {where}/setup/{token}\n",
        flush=True,
    )
    return {VARIABLE: token}


def require_free(host: str, port: int, option: str = "--port") -> None:
    """Raises BadInput when nothing can listen there: why, and what to type instead. option: that chooses the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadInput(cannot_listen(host, port, option, error)) from error


def cannot_listen(host: str, port: int, option: str, error: OSError) -> str:
    """One sentence: what is wrong with this host and port, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Stop what runs there, or choose another with {option}."
    if error.errno == errno.EACCES and port < FIRST_FREE_FOR_ALL:
        return f"Only an administrator may use port {port}. Choose one from {FIRST_FREE_FOR_ALL} on with {option}."
    return (
        f"Huddle cannot listen on {host}, port {port}: {error.strerror}. Choose another port with {option}."
    )


def command(host: str, port: int) -> list[str]:
    """The command line of the server; everything else is in .streamlit/config.toml."""
    flags = [f"--server.address={host}", f"--server.port={port}", f"--browser.serverAddress={host}"]
    return [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py"), *flags]


def environment() -> dict[str, str]:
    """Ours, and which proxies the server believes about visitors' addresses and TLS: none unless named.

    A terminal without a sign for a letter gets another one in its place, never an error.
    """
    proxies = {"FORWARDED_ALLOW_IPS": settings().trusted_proxies}
    return {"PYTHONIOENCODING": ":backslashreplace", **os.environ, **proxies}
