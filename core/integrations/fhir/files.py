"""FHIR files: NDJSON, one resource a line, and bundles; alone or as a folder. Any size of NDJSON in little memory.

A file is looked through once to see which resources it holds (one byte a line is remembered), then once for each kind
that we use, so that parents come before what refers to them, in whatever order and file they stand.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pydantic_core import from_json

from core.errors import BadInput
from core.integrations.fhir.server import USED

ENDINGS = (".ndjson", ".jsonl", ".json")
LARGEST_LINE = 4 * 1024 * 1024  # bytes of one resource: the same in a file as in memory, more or less
LARGEST_BUNDLE = 32 * 1024 * 1024  # bytes: a bundle has to be parsed whole
UNREADABLE = "unreadable"  # what the counts call lines that are no resource at all
EMPTY_ENTRY = "entry without a resource"
_CODES = {name: code for code, name in enumerate((UNREADABLE, *USED), start=1)}
_LEFT_OUT = 0
_BOM = b"\xef\xbb\xbf"
_NO_ALIASES: Mapping[str, str] = {}


class Unit(NamedTuple):
    """One resource. file: where it stands. line: of an NDJSON file, or the number of a bundle's entry, from 1.

    fault: why it is no resource, "" when it is one. aliases: what a bundle's urn:uuid addresses stand for.
    """

    file: str
    line: int | None
    resource: Any
    fault: str = ""
    aliases: Mapping[str, str] = _NO_ALIASES


class FhirFile:
    """One file, looked through on opening. Raises BadInput when it cannot be read, or is a bundle that is none.

    held: how many resources of each kind; left_out: of those that Huddle does not use.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.held: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self._codes = bytearray()
        try:
            self._by_lines = _is_by_lines(path)
            for unit in self._units():
                self._note(unit)
        except OSError as error:
            raise BadInput(f"{path.name} cannot be read: {error.strerror or error}.") from error

    def units(self, resource: str) -> Iterator[Unit]:
        """The resources of one kind, or the unreadable lines, in the order they stand. Raises BadInput."""
        if not self.held[resource]:
            return
        try:
            yield from self._units(_CODES[resource])
        except OSError as error:
            raise BadInput(f"{self.path.name} cannot be read: {error.strerror or error}.") from error

    def _note(self, unit: Unit) -> None:
        kind = UNREADABLE if unit.fault else kind_of(unit.resource)
        code = _CODES.get(kind, _LEFT_OUT)
        self._codes.append(code)
        (self.held if code else self.left_out)[kind] += 1

    def _units(self, wanted: int | None = None) -> Iterator[Unit]:
        """All units, or those whose code is the wanted one."""
        if not self._by_lines:
            entries = _entries(self.path)
            if wanted is not None:
                entries = (unit for unit, code in zip(entries, self._codes, strict=False) if code == wanted)
            yield from entries
            return
        with self.path.open("rb") as stream:
            for place, (number, line) in enumerate(_lines(stream)):
                if wanted is None or (place < len(self._codes) and self._codes[place] == wanted):
                    yield _unit_of(self.path.name, number, line)


def fhir_files(path: Path) -> list[Path]:
    """The FHIR files at a path: itself, or those of a folder by name. Raises BadInput when there are none."""
    try:
        if path.is_file():
            return [path]
        entries = sorted(path.iterdir())
    except FileNotFoundError:
        raise BadInput(f"There is no file or folder {path}.") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}.") from error
    return [
        entry
        for entry in entries
        if entry.suffix.casefold() in ENDINGS and not entry.name.startswith(".") and entry.is_file()
    ]


def kind_of(resource: Any) -> str:
    """The resourceType of what claims to be a resource; UNREADABLE without one."""
    kind = resource.get("resourceType") if isinstance(resource, Mapping) else None
    if kind == EMPTY_ENTRY:
        return EMPTY_ENTRY
    return kind[:60] if isinstance(kind, str) and kind.isalnum() and kind.isascii() else UNREADABLE


def fault_of(resource: Any) -> str:
    """Why something parsed is no resource, "" when it is one."""
    if not isinstance(resource, Mapping):
        return "is not a FHIR resource but another kind of value"
    return "" if kind_of(resource) != UNREADABLE else "has no resourceType"


def _is_by_lines(path: Path) -> bool:
    """Whether a file holds one resource a line. A bundle may stand on one line too."""
    with path.open("rb") as stream:
        first, second = ([line for _number, line in islice(_lines(stream), 2)] + [None, None])[:2]
    if first is None:
        return True
    parsed = _parsed(first)
    if isinstance(parsed, Mapping):
        return parsed.get("resourceType") != "Bundle" or second is not None
    if path.suffix.casefold() != ".json":
        return True
    return len(first) > 1 and second is not None and second.startswith(b'{"')


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty, with their number. Of one beyond all measure only its beginning."""
    number = 0
    while line := stream.readline(LARGEST_LINE + 1):
        number += 1
        if len(line) > LARGEST_LINE:
            while (rest := stream.readline(LARGEST_LINE)) and not rest.endswith(b"\n"):
                pass
        elif number == 1:
            line = line.removeprefix(_BOM)
        if line := line.strip():
            yield number, line


def _unit_of(file: str, number: int, line: bytes) -> Unit:
    if len(line) > LARGEST_LINE:
        return Unit(file, number, _beginning(line), f"is longer than {LARGEST_LINE:,} bytes")
    parsed = _parsed(line)
    if parsed is None:
        return Unit(file, number, _beginning(line), "is not readable JSON")
    if fault := fault_of(parsed):
        return Unit(file, number, _beginning(line), fault)
    return Unit(file, number, parsed)


def _parsed(text: bytes) -> Any:
    """The JSON of a text, None when it is none: too deeply nested counts as none."""
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        return None


def _beginning(line: bytes) -> dict[str, str]:
    return {"text": line[:1_000].decode(errors="replace")}


def _entries(path: Path) -> Iterator[Unit]:
    if path.stat().st_size > LARGEST_BUNDLE:
        raise BadInput(
            f"{path.name} is larger than the {LARGEST_BUNDLE // 1024 // 1024} MB a bundle may have. "
            "Export NDJSON instead, or smaller bundles."
        )
    bundle = _parsed(path.read_bytes().removeprefix(_BOM))
    if bundle is None:
        raise BadInput(f"{path.name} is not readable JSON.")
    if fault := fault_of(bundle):
        raise BadInput(f"{path.name} {fault}.")
    if bundle["resourceType"] != "Bundle":
        yield Unit(path.name, 1, bundle)
        return
    entries = bundle.get("entry") or []
    if not isinstance(entries, list):
        raise BadInput(f"{path.name} is a bundle whose entries cannot be read.")
    aliases = _aliases(entries)
    for number, entry in enumerate(entries, start=1):
        yield _entry(path.name, number, entry, aliases)


def _entry(file: str, number: int, entry: Any, aliases: Mapping[str, str]) -> Unit:
    if not isinstance(entry, Mapping):
        return Unit(file, number, {"text": str(entry)[:1_000]}, "is not an entry of a bundle")
    resource = entry.get("resource")
    if resource is None:
        return Unit(file, number, {"resourceType": EMPTY_ENTRY})
    if fault := fault_of(resource):
        return Unit(file, number, {"text": str(resource)[:1_000]}, fault)
    if "id" not in resource and (address := _uuid_of(entry)):
        resource = {**resource, "id": address}  # a bundle to be posted: its address is its only name
    return Unit(file, number, resource, "", aliases)


def _uuid_of(entry: Mapping[str, Any]) -> str:
    address = entry.get("fullUrl")
    return (
        address.removeprefix("urn:uuid:")
        if isinstance(address, str) and address.startswith("urn:uuid:")
        else ""
    )


def _aliases(entries: list[Any]) -> dict[str, str]:
    """urn:uuid addresses whose resource goes by another id."""
    found: dict[str, str] = {}
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        if isinstance(resource, Mapping) and (address := _uuid_of(entry)):
            own = resource.get("id")
            if isinstance(own, str) and own != address:
                found[f"urn:uuid:{address}"] = own
    return found
