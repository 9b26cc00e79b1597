"""Counts how the house stands: circles, imports that run back up, large files, long functions, full folders.

`python -m tests.house` prints it (`make lint` does). Circles and imports back up are faults and end with 1; sizes are a
measure to look at (the design's §3), so they are listed and never fail. The floors are the layers contracts of pyproject.toml.
"""

import ast
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "dashboard", "data")
LONGEST_FILE, LONGEST_FUNCTION, FULLEST_FOLDER = 400, 60, 40  # lines, lines, files


def imports() -> dict[str, set[str]]:
    """Every module of the project with the project's modules it imports."""
    graph = grimp.build_graph(*PACKAGES)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def circle(of: Mapping[str, set[str]]) -> list[str]:
    """One circle of imports, in order; empty when there is none."""
    try:
        list(TopologicalSorter(of).static_order())
    except CycleError as error:
        return [str(one) for one in error.args[1]]
    return []


def folders(of: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same picture with a noun's folder as one room: core.cards, dashboard.web."""
    rooms: dict[str, set[str]] = {}
    for module, others in of.items():
        room = ".".join(module.split(".")[:2])
        rooms.setdefault(room, set()).update(
            name for other in others if (name := ".".join(other.split(".")[:2])) != room
        )
    return rooms


def back_up(of: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Imports from a lower floor to a higher one, by the layers contracts."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    found = []
    for contract in contracts:
        if contract["type"] != "layers":
            continue
        for container in contract["containers"]:
            floor = {
                f"{container}.{room.strip()}": number
                for number, layer in enumerate(contract["layers"])
                for room in layer.split("|")
            }
            depth = container.count(".") + 2
            for module, others in of.items():
                own = floor.get(".".join(module.split(".")[:depth]))
                for other in others:
                    there = floor.get(".".join(other.split(".")[:depth]))
                    if own is not None and there is not None and there < own:
                        found.append((module, other))
    return found


def sources() -> Iterator[Path]:
    """Python files of the project, without migrations, which stay as they were written."""
    for top in (*PACKAGES, "pages", "tests"):
        yield from (path for path in sorted((ROOT / top).rglob("*.py")) if "versions" not in path.parts)


def long_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Functions over the size that is listed, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield node.name, lines


def main() -> int:
    """Print the count; 1 when there is a circle or an import that runs back up."""
    of = imports()
    round_trip, rooms, upward = circle(of), circle(folders(of)), back_up(of)
    print(f"circles between files: {1 if round_trip else 0} {' -> '.join(round_trip)}".rstrip())
    print(f"circles between folders: {1 if rooms else 0} {' -> '.join(rooms)}".rstrip())
    print(f"imports back up: {len(upward)}")
    for module, other in upward:
        print(f"  {module} -> {other}")
    paths = list(sources())
    long = [(len(path.read_text(encoding="utf-8").splitlines()), path) for path in paths]
    print(f"files over {LONGEST_FILE} lines: {sum(lines > LONGEST_FILE for lines, _ in long)}")
    for lines, path in sorted(long, reverse=True):
        if lines > LONGEST_FILE:
            print(f"  {path.relative_to(ROOT)}: {lines}")
    wordy = [
        (lines, f"{path.relative_to(ROOT)}:{name}") for path in paths for name, lines in long_functions(path)
    ]
    print(f"functions over {LONGEST_FUNCTION} lines: {len(wordy)}")
    for lines, place in sorted(wordy, reverse=True):
        print(f"  {place}: {lines}")
    fullest, files = Counter(path.parent for path in paths if path.name != "__init__.py").most_common(1)[0]
    print(
        f"fullest folder: {fullest.relative_to(ROOT)} with {files} files (to stay at most {FULLEST_FOLDER})"
    )
    return 1 if round_trip or rooms or upward else 0


if __name__ == "__main__":
    sys.exit(main())
