"""FHIR files: NDJSON, one resource a line, and bundles; alone or as a folder. Any size of NDJSON in little memory.

A file is looked through once to see which resources it holds (one byte a line is remembered), then once for each kind
that we use, so that parents come before what refers to them, in whatever order and file they stand.
"""

import re
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
DELETED = "deleted"
UNREADABLE = "unreadable"  # what the counts call lines that are no resource at all
EMPTY_ENTRY = "entry without a resource"
_CODES = {name: code for code, name in enumerate((UNREADABLE, *USED), start=1)}
_LEFT_OUT, _SEVERAL = 0, 255
_BOM = b"\xef\xbb\xbf"
_NO_ALIASES: Mapping[str, str] = {}


class Unit(NamedTuple):
    """One resource. file: where it stands. line: of an NDJSON file, or the number of a bundle's entry, from 1.

    fault: why it is no resource, "" when it is one. aliases: what a bundle's own addresses (urn:uuid …) stand for.
    deleted: the sender says that this resource is gone, at: since when, as it wrote it. over: a later version of it,
    in the same history, says otherwise.
    """

    file: str
    line: int | None
    resource: Any
    fault: str = ""
    aliases: Mapping[str, str] = _NO_ALIASES
    deleted: bool = False
    at: str = ""
    over: bool = False


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
            for units in self._places():
                self._note(units)
        except OSError as error:
            raise BadInput(f"{path.name} cannot be read: {error.strerror or error}.") from error

    def units(self, resource: str, *, deleted: bool = False) -> Iterator[Unit]:
        """The resources of one kind, or the unreadable lines, in the order they stand; or what the file says is deleted
        of that kind. Raises BadInput."""
        if not self.held[resource]:
            return
        try:
            for units in self._places(_CODES[resource]):
                yield from (unit for unit in units if _kind(unit) == resource and unit.deleted == deleted)
        except OSError as error:
            raise BadInput(f"{self.path.name} cannot be read: {error.strerror or error}.") from error

    def _note(self, units: list[Unit]) -> None:
        """Remember with a byte what stands at one place of the file, and count it."""
        codes = {_CODES.get(_kind(unit), _LEFT_OUT) for unit in units}
        self._codes.append(codes.pop() if len(codes) == 1 else _SEVERAL)
        for unit in units:
            kind = _kind(unit)
            (self.held if kind in _CODES else self.left_out)[kind] += 1

    def _places(self, wanted: int | None = None) -> Iterator[list[Unit]]:
        """What stands at each line of the file, or each entry of a bundle; or only at those that may hold the wanted."""
        if not self._by_lines:
            entries = _entries(self.path)
            if wanted is not None:
                entries = (
                    each
                    for each, code in zip(entries, self._codes, strict=False)
                    if code in (wanted, _SEVERAL)
                )
            yield from entries
            return
        with self.path.open("rb") as stream:
            for place, (number, line) in enumerate(_lines(stream)):
                if wanted is None or (place < len(self._codes) and self._codes[place] in (wanted, _SEVERAL)):
                    yield _of_line(self.path.name, number, line)


def _kind(unit: Unit) -> str:
    return UNREADABLE if unit.fault else kind_of(unit.resource)


def fhir_files(path: Path) -> list[Path]:
    """The FHIR files at a path: itself, or those of a folder by name. Raises BadInput when there are none."""
    try:
        if path.is_file():
            return [path]
        entries = sorted(path.iterdir())
        if (path / DELETED).is_dir():  # where a bulk export puts what is gone
            entries += sorted((path / DELETED).iterdir())
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


def _of_line(file: str, number: int, line: bytes) -> list[Unit]:
    """What one line holds: a resource, or a bundle of them."""
    unit = _unit_of(file, number, line)
    if not unit.fault and unit.resource["resourceType"] == "Bundle":
        return [each._replace(line=number) for each in _bundled(file, unit.resource)] or [unit]
    return [unit]


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


def _entries(path: Path) -> Iterator[list[Unit]]:
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
        yield [Unit(path.name, 1, bundle)]
        return
    if not isinstance(bundle.get("entry") or [], list):
        raise BadInput(f"{path.name} is a bundle whose entries cannot be read.")
    for unit in _bundled(path.name, bundle):
        yield [unit]


def _bundled(file: str, bundle: Mapping[str, Any], depth: int = 0) -> list[Unit]:
    """The entries of a bundle, those of bundles inside it too. A history, told newest first, is turned round."""
    entries = bundle.get("entry") or []
    if not isinstance(entries, list):
        return [Unit(file, 1, _beginning(b"Bundle"), "is a bundle whose entries cannot be read")]
    aliases = _aliases(entries)
    units: list[Unit] = []
    for number, entry in enumerate(entries, start=1):
        unit = _entry(file, number, entry, aliases)
        inner = unit.resource if not unit.fault and unit.resource.get("resourceType") == "Bundle" else None
        if inner is not None and depth < _DEEPEST:
            units += [each._replace(line=number) for each in _bundled(file, inner, depth + 1)]
        else:
            units.append(unit)
    if bundle.get("type") != "history":
        return units
    later: set[tuple[str, Any]] = set()
    for place, unit in enumerate(units):  # newest first
        named = (_kind(unit), unit.resource.get("id"))
        units[place] = unit._replace(over=unit.deleted and named in later)
        later.add(named)
    return units[::-1]


_DEEPEST = 3
_NAMED = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-._]{1,128})(?:/_history/.*)?")
_BY_QUERY = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)\?.+")


def _deletion(file: str, number: int, entry: Mapping[str, Any], aliases: Mapping[str, str]) -> Unit | None:
    """An entry that says a resource is gone (request.method DELETE); None when it says no such thing."""
    request, response = entry.get("request"), entry.get("response")
    if not isinstance(request, Mapping) or str(request.get("method")).upper() != "DELETE":
        return None
    addresses = [each for each in (request.get("url"), entry.get("fullUrl")) if isinstance(each, str)]
    stamp = response.get("lastModified") if isinstance(response, Mapping) else None
    at = stamp if isinstance(stamp, str) else ""
    for address in addresses:
        if named := _NAMED.fullmatch(address):
            return Unit(file, number, {"resourceType": named[1], "id": named[2]}, "", aliases, True, at)
        if named := _BY_QUERY.fullmatch(address):
            return Unit(file, number, {"resourceType": named[1], "id": address}, "", aliases, True, at)
    resource = entry.get("resource")
    if isinstance(resource, dict) and not fault_of(resource) and isinstance(resource.get("id"), str):
        return Unit(file, number, resource, "", aliases, True, at)
    return Unit(file, number, {"text": str(addresses)[:1_000]}, "says that something is deleted and not what")


def _entry(file: str, number: int, entry: Any, aliases: Mapping[str, str]) -> Unit:
    if not isinstance(entry, Mapping):
        return Unit(file, number, {"text": str(entry)[:1_000]}, "is not an entry of a bundle")
    if (gone := _deletion(file, number, entry, aliases)) is not None:
        return gone
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
    """Addresses of entries whose resource goes by another id than they end in."""
    found: dict[str, str] = {}
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        address = entry.get("fullUrl") if isinstance(entry, Mapping) else None
        if isinstance(resource, Mapping) and isinstance(address, str):
            own = resource.get("id")
            if isinstance(own, str) and not address.endswith((f"/{own}", f"urn:uuid:{own}")):
                found[address] = own
    return found
