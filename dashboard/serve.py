"""`huddle serve`: Streamlit's own server in the project folder, with the flags we mean."""

import os
import signal
import socket
import subprocess
import sys
from types import FrameType

from core.errors import BadInput
from core.settings import ROOT, settings
from core.store.engine import open_store
from core.store.migrate import migrate


def serve(host: str, port: int) -> int:
    """Run the dashboard on host:port until SIGTERM or SIGINT; returns the server's exit code, 0 after such a stop.

    Raises StoreError when the store cannot be opened and BadInput when the port is taken, before anything is started.
    """
    _check_free(host, port)
    engine = open_store(settings().store)
    migrate(engine)
    engine.dispose()
    # a session of its own: Ctrl+C reaches the server once, from us, and not twice
    server = subprocess.Popen(command(host, port), cwd=ROOT, env=environment(), start_new_session=True)  # noqa: S603

    def pass_on(number: int, _frame: FrameType | None) -> None:
        server.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        code = server.wait()
        return 0 if code in {-signal.SIGTERM, -signal.SIGINT} else code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadInput(
                f"Huddle cannot listen on {host}, port {port}: {error.strerror}. Choose another port."
            ) from error


def command(host: str, port: int) -> list[str]:
    """The command line of the server; everything else is in .streamlit/config.toml."""
    flags = [f"--server.address={host}", f"--server.port={port}", f"--browser.serverAddress={host}"]
    return [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py"), *flags]


def environment() -> dict[str, str]:
    """Ours, and which proxies the server believes about visitors' addresses and TLS: none unless named."""
    return {**os.environ, "FORWARDED_ALLOW_IPS": settings().trusted_proxies}
