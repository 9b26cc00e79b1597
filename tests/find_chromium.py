"""Makes sure a Chromium starts before the tests do; prints which. No browser is a failure, not a skip.

In order: HUDDLE_CHROMIUM, the system's, Playwright's own. Where none starts: apt as root, else Playwright's download.
"""

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

SYSTEM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
LAUNCH_MS = 120_000  # the very first start on a busy machine
NODE_NEEDS = "libatomic1"  # the Node inside Playwright's wheel; a bare Debian has it not
BROWSER = ("chromium", "fonts-dejavu-core")  # a bare Debian has no letters to draw either


def main() -> int:
    named = os.environ.get("HUDDLE_CHROMIUM")
    if _node_trouble():
        apt(NODE_NEEDS)
    if said := _node_trouble():
        return _say(f"Playwright's Node does not start ({said}). Type: sudo apt-get install {NODE_NEEDS}")
    if named and not found():
        return _say(f"HUDDLE_CHROMIUM={named} is no Chromium that starts. Unset it, or give the path of one.")
    if not found():
        _install()
    if path := found():
        print(f"Browser tests use {path}")
        return 0
    return _say(
        "No Chromium starts here. Type: sudo apt-get install chromium, or set HUDDLE_CHROMIUM to its path."
    )


@lru_cache(maxsize=1)
def found() -> str | None:
    """The path of the first Chromium that starts, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        named = os.environ.get("HUDDLE_CHROMIUM")
        candidates = [named] if named else [*filter(None, map(shutil.which, SYSTEM)), own]
        return next((path for path in candidates if Path(path).exists() and _starts(playwright, path)), None)


def _starts(playwright: "Playwright", path: str) -> bool:
    """A file of that name is not a browser yet."""
    from playwright.sync_api import Error

    try:
        playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=LAUNCH_MS).close()
    except Error:
        return False
    return True


def _node_trouble() -> str:
    """What Playwright's own Node complains of; empty when it runs."""
    from playwright._impl._driver import compute_driver_executable

    node = compute_driver_executable()[0]
    done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=120, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it says nothing"])[0]


def _install() -> None:
    """Debian's package where we may; then Playwright's download, which not every network lets through."""
    apt(*BROWSER)
    found.cache_clear()
    if found():
        return
    with_libraries = ["--with-deps"] if _is_root() and shutil.which("apt-get") else []
    command = [sys.executable, "-m", "playwright", "install", *with_libraries, "chromium"]
    subprocess.run(command, check=False, timeout=900)
    found.cache_clear()


def apt(*packages: str) -> None:
    """Install them where that needs no password."""
    if not (_is_root() and shutil.which("apt-get")):
        return
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", "update"], env=quiet, check=False, timeout=300)
    command = ["apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages]
    subprocess.run(command, env=quiet, check=False, timeout=1_200, stdout=subprocess.DEVNULL)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _say(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
