"""An EHR's own files as sheets of cells: CSV, TSV, XLSX workbooks, zip archives and folder trees of them.

Nothing is unpacked onto the disk. A sheet is read again each time it is asked for, so a large one is never held whole.
"""

import codecs
import csv
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from charset_normalizer import from_bytes
from python_calamine import CalamineError, CalamineWorkbook

from core.errors import BadInput
from core.integrations.practice_files.rows import rows as text_rows

_TEXTS = (".csv", ".tsv", ".tab", ".txt")
_BOOKS = (".xlsx", ".xlsm", ".xls")
BREAKS_OFF = "the file breaks off in this line"
_TOP = 15  # lines looked through for the line that names the columns
_SAMPLE = 1 << 20
_MOST_UNPACKED = 4 << 30
_PRECISE = 10**15  # above this a number of a workbook has lost digits
_WESTERN = ["cp1252", "mac_roman", "cp437"]
_SPLIT_ARCHIVE = re.compile(r"\.7z(\.\d{3})?$|\.zip\.\d{3}$|\.z\d{2}$|\.rar$", re.IGNORECASE)


class Line(NamedTuple):
    """number: where the row starts in its file, counted from 1. fault: why it is no row though it should be one, aside:
    why it is none and never was; "" for a row."""

    number: int
    cells: list[str]
    fault: str = ""
    aside: str = ""

    @property
    def is_row(self) -> bool:
        return not self.fault and not self.aside


class Sheet(NamedTuple):
    """One table of cells. name: the file's own, with its folder inside a zip or tree; book: which sheet of a workbook.

    lines: every line from the first on, those above the header too.
    """

    name: str
    book: str
    lines: Callable[[], Iterator[Line]]

    @property
    def shown(self) -> str:
        """The file's own name without folders; what counts and quarantine are told under."""
        return re.split(r"[\\/]", self.name)[-1]

    def top(self) -> list[Line]:
        """The first lines, for finding the header."""
        found: list[Line] = []
        for line in self.lines():
            found.append(line)
            if len(found) == _TOP:
                break
        return found


class Found(NamedTuple):
    """sheets: in the order of their names, a workbook before the CSV of the same name. left_out: files that hold no
    table, each with its reason, as sentences."""

    sheets: list[Sheet]
    left_out: list[str]


def sheets_in(path: Path) -> Found:
    """The sheets of a folder tree, a zip archive or one file. Raises BadInput when there is nothing to read at all."""
    found = Found([], [])
    if not path.exists():
        raise BadInput(f"There is no file or folder {path}.")
    try:
        files = (
            sorted((each for each in path.rglob("*") if each.is_file()), key=str) if path.is_dir() else [path]
        )
        for each in files:
            name = each.relative_to(path).as_posix() if path.is_dir() else each.name
            _take(found, name, lambda each=each: each.open("rb"))
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from error
    found.sheets.sort(key=_order)
    return found


def sheets_of(files: Iterable[tuple[str, bytes]]) -> Found:
    """The sheets of files that somebody handed over: (name, bytes) each."""
    found = Found([], [])
    for name, data in files:
        _take(found, name, lambda data=data: io.BytesIO(data))
    found.sheets.sort(key=_order)
    return found


def _order(sheet: Sheet) -> tuple[Any, ...]:
    """Batches in the order of their numbers; of two files that differ only in their kind the workbook first."""
    stem, _dot, ending = sheet.name.rpartition(".")
    numbers = [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", stem)]
    return (
        [(isinstance(part, str), str(part) if isinstance(part, str) else f"{part:020}") for part in numbers],
        f".{ending.casefold()}" not in _BOOKS,
        sheet.book,
    )


def _take(found: Found, name: str, opened: Callable[[], BinaryIO]) -> None:
    ending = Path(name).suffix.casefold()
    if any(part.startswith((".", "__MACOSX")) for part in re.split(r"[\\/]", name)):
        return
    if _SPLIT_ARCHIVE.search(name):
        found.left_out.append(
            f"{name} is (a part of) an archive that Huddle cannot open. Unpack it first, with all its parts together, "
            "and give the folder."
        )
    elif ending == ".zip":
        _unpack(found, name, opened)
    elif ending in _BOOKS:
        _take_book(found, name, opened)
    elif ending in _TEXTS or _bare_named(name):
        _take_text(found, name, opened)


def _bare_named(name: str) -> bool:
    """Whether a file bears no ending at all: `patient-demographics`, as some exports are handed over."""
    return re.fullmatch(r"[\w \-]+", re.split(r"[\\/]", name)[-1]) is not None


def _unpack(found: Found, name: str, opened: Callable[[], BinaryIO]) -> None:
    """Its members, read from the archive when they are asked for; the archive stays open as long as its sheets live."""
    try:
        archive = zipfile.ZipFile(opened())
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        found.left_out.append(f"{name} is not a whole zip archive. Download it again.")
        return
    members = [each for each in archive.infolist() if not each.is_dir()]
    if sum(each.file_size for each in members) > _MOST_UNPACKED:
        found.left_out.append(f"{name} would unpack to more than 4 GB. Unpack it and give the folder.")
        return
    for each in members:
        if each.flag_bits & 1:
            found.left_out.append(f"{name} is locked with a password. Unpack it and give the folder.")
            return
        _take(found, each.filename, _member(archive, each.filename))


def _member(archive: zipfile.ZipFile, name: str) -> Callable[[], BinaryIO]:
    def read() -> BinaryIO:
        try:
            return io.BytesIO(archive.read(name))
        except (zipfile.BadZipFile, OSError, NotImplementedError, zlib.error) as error:
            raise BadInput(f"{name} cannot be read from its zip archive. Download it again.") from error

    return read


def _take_book(found: Found, name: str, opened: Callable[[], BinaryIO]) -> None:
    try:
        with opened() as stream:
            names = CalamineWorkbook.from_filelike(stream).sheet_names
    except (CalamineError, OSError, ValueError):
        found.left_out.append(f"{name} is not a workbook that can be opened. Export it again as XLSX or CSV.")
        return
    for book in names:
        found.sheets.append(Sheet(name, book, _book_lines(name, book, opened)))


def _book_lines(name: str, book: str, opened: Callable[[], BinaryIO]) -> Callable[[], Iterator[Line]]:
    def lines() -> Iterator[Line]:
        try:
            with opened() as stream:
                sheet = CalamineWorkbook.from_filelike(stream).get_sheet_by_name(book)
                for number, cells in enumerate(sheet.to_python(skip_empty_area=False), 1):
                    yield Line(number, [_written(cell).strip() for cell in cells])
        except (CalamineError, OSError, ValueError) as error:
            raise BadInput(
                f"{name} is not a workbook that can be opened. Export it again as XLSX or CSV."
            ) from error

    return lines


def _written(cell: Any) -> str:
    """A workbook's cell as text. A whole number loses its “.0”; one too large to be exact looks like what it is."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        if abs(cell) >= _PRECISE:
            return f"{cell:.6E}"
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat("seconds")
    if isinstance(cell, timedelta):
        return str(int(cell.total_seconds() // 60))
    return str(cell)


def _take_text(found: Found, name: str, opened: Callable[[], BinaryIO]) -> None:
    with opened() as stream:
        start = stream.read(_SAMPLE)
    if not start.strip():
        found.left_out.append(f"{name} is empty.")
    elif b"\0" in start[:4096] and not _wide(start):
        found.left_out.append(f"{name} is not a text file.")
    else:
        found.sheets.append(Sheet(name, "", _text_lines(name, opened)))


def _text_lines(name: str, opened: Callable[[], BinaryIO]) -> Callable[[], Iterator[Line]]:
    encoding_once = lru_cache(maxsize=1)(lambda: encoding_of(opened))

    def lines() -> Iterator[Line]:
        encoding = encoding_once()
        with opened() as raw:
            errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
            text = io.TextIOWrapper(raw, encoding=encoding, errors=errors, newline="")
            yield from _parted(text, name)

    return lines


def encoding_of(opened: Callable[[], BinaryIO]) -> str:
    """UTF-8 while most of what is not ASCII keeps its rules; else what the letters look most like (Western ones)."""
    with opened() as stream:
        data = stream.read()
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if wide := _wide(data):
        return wide
    text = data.decode("utf-8", "surrogateescape")
    stray = sum("\udc80" <= each <= "\udcff" for each in text)
    kept = sum(each > "\x7f" for each in text) - stray
    if kept >= stray:
        return "utf-8"
    likely = {each.encoding for each in from_bytes(data[:_SAMPLE], cp_isolation=_WESTERN)} | {"cp1252"}
    return min(
        (each for each in _WESTERN if each in likely),
        key=lambda each: _odd(data[:_SAMPLE].decode(each, "replace")),
    )


def _wide(data: bytes) -> str:
    """Which UTF-16 it is, told by its mark or by a zero byte beside most letters; "" for none."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    some = data[:4096]
    for encoding, letters, zeros in (
        ("utf-16-le", some[::2], some[1::2]),
        ("utf-16-be", some[1::2], some[::2]),
    ):
        if zeros.count(0) * 10 > len(zeros) * 8 and letters.count(0) * 10 < len(letters):
            return encoding
    return ""


_ODD = re.compile(r"(?<=[a-z])[À-ÖØ-ÞŠŽŸŒ]|(?<=[^\W\d_])[^\x00-\x7f\w’‘´·](?=[^\W\d_])|\ufffd")


def _odd(text: str) -> int:
    """How many letters stand where no name or word has them: a capital after a small one, a sign within a word."""
    return sum(1 for _ in _ODD.finditer(text))


def _parted(text: io.TextIOWrapper, name: str) -> Iterator[Line]:
    """Lines to cells. The delimiter is the one under which the fullest of the first lines has most cells."""
    head = [line for _ in range(_TOP) if (line := text.readline(_SAMPLE))]
    named = re.fullmatch(r"\ufeff?\"?sep=(.)\"?", head[0].strip()) if head else None
    above = 0
    if named:
        head, above = head[1:], 1
    delimiter = named[1] if named else _delimiter(head, name)
    width = max((len(_cells(line, delimiter)) for line in head), default=1)
    if head:
        head[0] = head[0].removeprefix("\ufeff")

    ended = True

    def source() -> Iterator[str]:
        nonlocal ended
        for line in itertools.chain(head, text):
            ended = line.endswith(("\n", "\r"))
            yield line

    held: Line | None = None  # the last line is judged once it is known to be the last
    for row in text_rows(source(), delimiter, width):
        if held is not None:
            yield held
        cells, fault = row.cells, row.fault
        if fault and delimiter == "\t" and len(cells) == 1:
            cells, fault = cells[0].split("\t"), ""  # a quote in a tab file is a quote
        held = Line(row.line + above, [cell.strip() for cell in cells], fault)
    if held is not None:
        yield held if ended or held.fault or len(held.cells) >= width else held._replace(fault=BREAKS_OFF)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _delimiter(head: list[str], name: str) -> str:
    if name.casefold().endswith((".tsv", ".tab")):
        return "\t"
    full = [line for line in head if line.strip()]
    counts = {each: max((len(_cells(line, each)) for line in full), default=0) for each in ",;\t|"}
    return max(counts, key=lambda each: counts[each])
