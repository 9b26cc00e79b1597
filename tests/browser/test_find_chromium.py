"""A file that is there is not a browser: one is started before the tests begin."""

import os
import subprocess
import sys

import pytest

from core.settings import ROOT


@pytest.mark.parametrize("named", ["/bin/false", "/nowhere/chromium"])
def test_what_does_not_start_is_told_in_one_line(named: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "find_chromium.py")],
        env={**os.environ, "HUDDLE_CHROMIUM": named},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == f"HUDDLE_CHROMIUM={named} is no Chromium that starts. Unset it, or give the path of one.\n"
    )
