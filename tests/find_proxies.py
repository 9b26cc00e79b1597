"""Makes sure that the programs the files of deploy/ are for are there before the tests are: `python -m tests.find_proxies`.

As root they are installed by apt; else what is missing is a failure with the line to type, not a skip.
"""

import os
import shutil
import sys

from tests.find_chromium import apt

PACKAGES = {"haproxy": "haproxy", "nginx": "nginx-light", "caddy": "caddy", "systemd-analyze": "systemd"}
SYSTEM = "/usr/sbin:/sbin"  # where a plain user's PATH does not lead


def found(program: str) -> str | None:
    """Its path, or None."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{SYSTEM}")


def main() -> int:
    missing = [package for program, package in PACKAGES.items() if not found(program)]
    if missing:
        os.environ["RUNLEVEL"] = "1"  # installed, and not started as a service of this machine
        apt(*missing)
    still = [package for program, package in PACKAGES.items() if not found(program)]
    if still:
        print(f"Missing for tests/deploy. Type: sudo apt-get install {' '.join(still)}", file=sys.stderr)
        return 1
    print(f"Tests of deploy/ use {', '.join(str(found(program)) for program in PACKAGES)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
