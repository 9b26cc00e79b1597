"""Makes sure a Chromium is there before the tests start; prints which. No browser is a failure, not a skip.

In order: HUDDLE_CHROMIUM, the system's, Playwright's own, `playwright install chromium`, apt as root.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SYSTEM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def found() -> str | None:
    """The path of a Chromium that can be started, or None."""
    if named := os.environ.get("HUDDLE_CHROMIUM"):
        return named if Path(named).exists() else None
    for name in SYSTEM:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return str(own) if own.exists() else None


def install() -> None:
    """Playwright's own download first; where that is not to be had, Debian's package."""
    own = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=600
    )
    if own.returncode == 0 and found():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update"], check=False, timeout=300)
        subprocess.run(
            ["apt-get", "install", "-y", "--no-install-recommends", "chromium"], check=False, timeout=900
        )


def main() -> int:
    if not found():
        install()
    path = found()
    if path is None:
        print(
            "No Chromium. Install one (apt install chromium) or set HUDDLE_CHROMIUM to its path.",
            file=sys.stderr,
        )
        return 1
    print(f"Browser tests use {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
