"""The folder practice files come from: which files are there, and whether they are at rest."""

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from core.errors import BadInput
from core.integrations.cash_practice.report_files import report_of
from core.integrations.practice_files.columns import FILES

_SETTLED_SECONDS = 5
_BLOCK = 1 << 20


class FoundFiles(NamedTuple):
    """paths: by file name without .csv. remarks: CSV files that are none of ours, in sentences.

    reports: Cash Practice's report files by what they are, whatever they are called.
    """

    paths: dict[str, Path]
    remarks: list[str]
    reports: dict[str, Path]


class Stamp(NamedTuple):
    """How a file looks from outside; it changes when the file does."""

    size: int
    changed_ns: int


class StillChanging(BadInput):
    """Somebody writes the file while we read it. Not an error: the next import reads it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is still being written; the next sync reads it.")


def files_in(folder: Path) -> FoundFiles:
    """The practice files of a folder, in any case of letters. Raises BadInput when there is no such folder, or it
    cannot be read."""
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        raise BadInput(f"There is no folder {folder}.") from None
    except NotADirectoryError:
        raise BadInput(f"{folder} is a file. Give the folder that holds the CSV files.") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"The folder {folder} cannot be read: {error}.") from error
    files = [
        entry for entry in entries if entry.suffix.casefold() == ".csv" and not entry.name.startswith(".")
    ]
    found = FoundFiles({}, [], {})
    for path in files:
        name = path.stem.casefold().replace(" ", "_").replace("-", "_")
        if name not in FILES and (report := report_of(path)):
            _take_report(found, report, path)
        elif name not in FILES:
            found.remarks.append(f"{path.name} is none of the practice files and was left out.")
        elif name in found.paths:
            found.remarks.append(f"{path.name} was left out: {found.paths[name].name} is there too.")
        else:
            found.paths[name] = path
    return found


def _take_report(found: FoundFiles, report: str, path: Path) -> None:
    """Of several exports of one report the latest counts: it is downloaded again and again under new names."""
    other = found.reports.get(report)
    if other is None:
        found.reports[report] = path
        return
    older, newer = sorted((other, path), key=lambda each: (stamp_of(each).changed_ns, each.name))
    found.reports[report] = newer
    found.remarks.append(f"{older.name} was left out: {newer.name} is newer.")


def stamp_of(path: Path) -> Stamp:
    """Raises BadInput when the file cannot be read, or is no file."""
    try:
        seen = path.stat()
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from error
    if not path.is_file():
        raise BadInput(f"{path.name} is a folder, not a CSV file.")
    return Stamp(seen.st_size, seen.st_mtime_ns)


def digest_of(path: Path) -> str:
    """A digest of the bytes of a file. Raises BadInput when it cannot be read."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()


def refuse_unfinished(path: Path) -> None:
    """Raises StillChanging when a file of the last seconds breaks off in mid-line: its last row may be half there.

    Judged by the clock of the machine that wrote it, not by core.clock, which a demo may hold still. A file that
    cannot be opened is left to whoever reads it.
    """
    with suppress(OSError):
        seen = path.stat()
        if path.is_file() and seen.st_size and time.time() - seen.st_mtime <= _SETTLED_SECONDS:
            with path.open("rb") as stream:
                stream.seek(-min(2, seen.st_size), os.SEEK_END)
                last = stream.read().rstrip(b"\0")  # UTF-16 ends its line ends with a zero byte
            if not last.endswith((b"\n", b"\r")):
                raise StillChanging(path)
