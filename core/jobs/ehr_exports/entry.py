"""What `huddle import PATH` is given: practice files as they are (CONTRACTS §3), or an EHR's own export (§6)."""

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.errors import BadInput
from core.integrations.ehr_exports.finding import best
from core.integrations.ehr_exports.profile import built_in
from core.integrations.ehr_exports.sheets import Sheet, sheets_in
from core.integrations.practice_files.columns import FILES
from core.integrations.practice_files.layout import plain
from core.jobs.ehr_exports.load import import_export
from core.jobs.ehr_exports.result import ExportResult
from core.jobs.practice_files.load import import_folder
from core.jobs.practice_files.result import ImportResult
from core.own_exports.commands import profile_named
from core.store.engine import reader, rehearsal

OWN = "practice_files"


def import_path(
    engine: Engine,
    path: Path,
    *,
    profile: str = "",
    answers: Mapping[str, Any] | None = None,
    whole: bool = False,
    dry_run: bool = False,
    progress: Callable[[str, int], None] | None = None,
) -> ImportResult | ExportResult:
    """Load what is at the path. profile: whose export it is, `practice_files` for our own; "" finds out. whole: it holds
    everything, so what it no longer holds is gone (DOMAIN §0).

    Raises NotFound for a profile that is not there, BadInput when nothing at the path can be used.
    """
    if profile and profile != OWN:
        with reader(engine) as session:
            known = profile_named(session, profile)
        return import_export(
            engine, path, profile=known, answers=answers, whole=whole, dry_run=dry_run, progress=progress
        )
    if profile == OWN or _is_practice(path):
        with _as_folder(path) as folder:
            if not dry_run:
                return import_folder(engine, folder, whole=whole, progress=progress)
            with rehearsal(engine) as connection:
                return import_folder(connection, folder, whole=whole, progress=progress)
    return import_export(engine, path, answers=answers, whole=whole, dry_run=dry_run, progress=progress)


def _is_practice(path: Path) -> bool:
    """Whether these are practice files, or a folder with nothing but files that are no tables (reports of Cash Practice
    and what cannot be used at all are told by the practice files' own loader)."""
    found = sheets_in(path)
    if any(_own_file(sheet) for sheet in found.sheets):
        return True
    return path.is_dir() and best(built_in().values(), found.sheets) is None


def _own_file(sheet: Sheet) -> str:
    """Which practice file a sheet is: named as one, with its key among the columns; "" for none."""
    for given in (sheet.book, Path(sheet.shown).stem):
        name = given.casefold().strip().replace(" ", "_").replace("-", "_")
        if name in FILES and any(
            plain(FILES[name].columns[0].name) in {plain(cell) for cell in line.cells} for line in sheet.top()
        ):
            return name
    return ""


@contextmanager
def _as_folder(path: Path) -> Iterator[Path]:
    """A folder of CSV files, the way practice files are read; what was a zip, a workbook or one file is put into one
    that is gone afterwards."""
    if path.is_dir() and not any(_own_file(sheet) and _wrapped(sheet) for sheet in sheets_in(path).sheets):
        yield path
        return
    folder = Path(tempfile.mkdtemp(prefix="huddle-files-"))
    try:
        for sheet in sheets_in(path).sheets:
            if not (name := _own_file(sheet)):
                continue
            target = folder / f"{name}.csv"
            if target.exists():
                raise BadInput(f"{path.name} holds {name} twice. Load one of them after the other.")
            if path.is_file() and not _wrapped(sheet):
                shutil.copyfile(path, target)
            else:
                _write(sheet, target)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wrapped(sheet: Sheet) -> bool:
    return bool(sheet.book) or "/" in sheet.name


def _write(sheet: Sheet, target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="", errors="surrogateescape") as out:
        writer = csv.writer(out, lineterminator="\n")
        for line in sheet.lines():
            writer.writerow(line.cells)
