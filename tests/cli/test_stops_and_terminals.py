"""However the demo is stopped it leaves nothing running; and the command speaks on any terminal, of any port and store."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.settings import ROOT
from dashboard import demo
from dashboard.serve import cannot_listen
from tests.cli.test_cli import Done, huddle, said_once
from tests.web.running import free_port

DEMO = """
import sys
from pathlib import Path
from dashboard import demo
demo.FOLDER = Path(sys.argv[1])
raise SystemExit(demo.run_demo(port=int(sys.argv[2]), sandbox_port=int(sys.argv[3]), patients=24, browser=False))
"""
STOPS = [
    signal.SIGHUP,
    *(pytest.param(each, marks=pytest.mark.night) for each in (signal.SIGINT, signal.SIGTERM)),
]


@pytest.mark.parametrize("stop", STOPS)
def test_a_demo_that_is_stopped_while_it_fills_leaves_no_sandbox(
    tmp_path: Path, stop: signal.Signals
) -> None:
    port, sandbox_port = free_port(), free_port()
    folder = tmp_path / "demo"
    command = [sys.executable, "-c", DEMO, str(folder), str(port), str(sandbox_port)]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert running.stdout
    assert "Sandbox processors on" in running.stdout.readline()
    running.send_signal(stop)
    rest = running.stdout.read()  # until the last process that could write there is gone
    assert (running.wait(timeout=30), "Traceback" in rest) == (0, False), rest
    until = time.monotonic() + 10
    while time.monotonic() < until and listens(sandbox_port):
        time.sleep(0.05)
    assert not listens(sandbox_port)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_without_a_port_the_demo_takes_the_usual_one_or_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        assert demo._port(None, busy, "--port") not in {0, busy}
        free = free_port()
        assert demo._port(None, free, "--port") == free


@pytest.mark.parametrize("port", ["0", "65536", "99999", "-1", "eighty"])
def test_a_port_that_is_none_is_bad_usage(tmp_path: Path, port: str) -> None:
    done = huddle(tmp_path, "serve", "--port", port)
    assert done.returncode == 2
    assert "--port" in done.stderr


def test_a_port_for_root_alone_is_told_apart_from_a_taken_one() -> None:
    taken = cannot_listen("127.0.0.1", 8501, "--port", OSError(errno.EADDRINUSE, "Address already in use"))
    refused = cannot_listen("127.0.0.1", 80, "--port", OSError(errno.EACCES, "Permission denied"))
    elsewhere = cannot_listen("192.0.2.1", 8501, "--port", OSError(errno.EADDRNOTAVAIL, "Cannot assign"))
    assert taken == "Port 8501 is in use. Stop what runs there, or choose another with --port."
    assert refused == "Only an administrator may use port 80. Choose one from 1024 on with --port."
    assert elsewhere.startswith("Huddle cannot listen on 192.0.2.1, port 8501: Cannot assign.")


@pytest.mark.parametrize(
    "words",
    [("doctor",), ("report", "morning"), ("sync",), ("user", "list"), ("rotate-key",)],
    ids=lambda words: words[0],
)
def test_a_mistyped_store_is_told_and_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = huddle(tmp_path / "mistyped", *words)
    assert "There is no store at" in said_once(done, 1)
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_it_speaks_on_a_terminal_of_any_code_page(tmp_path: Path, encoding: str) -> None:
    done = in_a_process(tmp_path, encoding, "report", "tomorrow")
    assert done.returncode == 2
    assert "there is no report" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_for_another_program_keeps_every_letter(tmp_path: Path) -> None:
    huddle(
        tmp_path,
        "user",
        "add",
        "zoe",
        "--role",
        "owner",
        "--display-name",
        "Zoë Łukasz",
        "--password-stdin",
        stdin="three quiet otters\n",
    )
    done = in_a_process(tmp_path, "ascii", "user", "list", "--json")
    assert "Zoë Łukasz" in done.stdout
    assert "Zo? ?ukasz" in in_a_process(tmp_path, "ascii", "user", "list").stdout


def in_a_process(folder: Path, encoding: str, *words: str) -> Done:
    store = {"HUDDLE_STORE": f"sqlite:///{folder / 'huddle.db'}", "HUDDLE_KEY_FILE": str(folder / "key.txt")}
    done = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", *words],
        cwd=ROOT,
        env={**os.environ, **store, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))
