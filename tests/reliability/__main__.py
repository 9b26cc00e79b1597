"""`make reliability`: every promise with what was asked, what was reached, the seed and the seconds, in one table.

Runs the tests of tests/reliability/promises.py in one go and reads pytest's own report. `--all` takes the whole sizes
(hours), else those of each push. SEED=… replays the tests that roll dice. Ends with 1 when a test failed; what a promise
lacks stands in the table and fails nothing.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.reliability.promises import PROMISES, Promise

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "reliability-results"
ALL = {"HUDDLE_NIGHT": "1", "HUDDLE_EXAMPLES": "10000"}


@dataclass
class Found:
    """What became of the tests of one promise."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: int = 0
    seconds: float = 0.0
    reached: list[str] = field(default_factory=list)
    seeds: set[str] = field(default_factory=set)


def run(nodes: list[str], *, whole: bool, workers: str) -> Path:
    """Pytest over all of them; where its report lies."""
    report = Path(tempfile.mkdtemp(prefix="huddle-reliability-")) / "report.xml"
    which = "night or not night" if whole else "not night"
    command = [
        sys.executable, "-m", "pytest", "-n", workers, "--maxprocesses", "4", "--dist", "loadgroup", "-m", which,
        "-o", "junit_family=xunit1", f"--junitxml={report}", *nodes,
    ]  # fmt: skip
    ended = subprocess.run(command, cwd=ROOT, env={**os.environ, **(ALL if whole else {})}, check=False)
    if not report.exists():
        sys.exit(f"pytest ended with {ended.returncode} and wrote no report.")
    return report


def read(report: Path) -> list[tuple[str, ElementTree.Element]]:
    """Every test that was run, by its node without the parameters."""
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it a moment ago
    return [(_node(case), case) for case in cases]


def _node(case: ElementTree.Element) -> str:
    module = case.get("classname", "").replace(".", "/")
    return f"{module}.py::{case.get('name', '').split('[')[0]}"


def is_of(node: str, wanted: str) -> bool:
    """Whether a test is what a promise names: itself, in the file, or below the folder."""
    return node == wanted or node.startswith((f"{wanted}::", f"{wanted.rstrip('/')}/"))


def gather(promise: Promise, cases: Iterable[tuple[str, ElementTree.Element]]) -> Found:
    found = Found()
    for node, case in cases:
        if not any(is_of(node, wanted) for wanted in promise.tests):
            continue
        found.seconds += float(case.get("time", 0))
        if case.find("failure") is not None or case.find("error") is not None:
            found.failed.append(node)
        elif case.find("skipped") is not None:
            found.skipped += 1
        else:
            found.passed += 1
        for said in case.iter("property"):
            if said.get("name") == "reached":
                found.reached.append(said.get("value", ""))
            if said.get("name") == "seed":
                found.seeds.add(said.get("value", ""))
    return found


def line(promise: Promise, found: Found, *, whole: bool) -> str:
    """One row of the table."""
    tests = f"{found.passed} tests pass"
    tests += f", {len(found.failed)} FAIL" if found.failed else ""
    tests += f", {found.skipped} not run here" if found.skipped else ""
    lacks = [promise.lacks, "" if whole else promise.by_day]
    short = "; ".join(one for one in lacks if one)
    met = "**no**" if found.failed or not found.passed else "yes" if not short else "in part"
    reached = "; ".join([*dict.fromkeys(found.reached), tests, *([f"*{short}*"] if short else [])])
    seed = ", ".join(sorted(found.seeds)) or "none"
    return f"| {promise.number} | {promise.name} | {promise.asked} | {reached} | {met} | {seed} | {found.seconds:.0f} |"


def main() -> int:
    parser = argparse.ArgumentParser(description="Show what Huddle promises and what it reaches.")
    parser.add_argument("--all", action="store_true", help="the whole sizes, for a night")
    parser.add_argument("--only", nargs="+", help="numbers of promises, such as 6 21 audit")
    parser.add_argument("--workers", default="logical", help="processes of pytest at once")
    chosen = parser.parse_args()
    promises = [one for one in PROMISES if not chosen.only or one.number in chosen.only]
    nodes = list(dict.fromkeys(node for one in promises for node in one.tests))
    cases = read(run(nodes, whole=chosen.all, workers=chosen.workers))
    found = {one.number: gather(one, cases) for one in promises}
    rows = [line(one, found[one.number], whole=chosen.all) for one in promises]
    head = ["| # | promise | asked | reached | met | seed | seconds |", "|---|---|---|---|---|---|---|"]
    table = "\n".join([*head, *rows])
    OUT.mkdir(exist_ok=True)
    (OUT / "reliability.md").write_text(table + "\n", encoding="utf-8")
    print(table)
    failed = sorted({node for each in found.values() for node in each.failed})
    print("\n".join(["", "Failed:", *failed]) if failed else "\nNo test failed.")
    return 1 if failed or not all(each.passed for each in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
