"""What kind of file this is, decided in one pass over its bytes: encoding, delimiter, header, repeated keys.

Nothing here holds the file in memory: blocks of a megabyte, and one number per key.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from core.errors import BadInput
from core.integrations.practice_files.columns import PracticeFile
from core.integrations.practice_files.rows import rows
from core.secrets import mask_card_numbers

_BLOCK = 1 << 20
_LONGEST_LINE = 64 * _BLOCK
_MAGIC = {
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"BM": "a picture (BMP)",
    b"RIFF": "a picture, a film or a sound",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PK\x05\x06": "a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word document",
    b"\x1f\x8b": "a compressed file (gzip)",
    b"SQLite format 3\0": "a database",
}
_STRAY = re.compile("[\udc80-\udcff]")
_WIDE = re.compile("[\u0080-\ud7ff\ue000-\U0010ffff]")


class Layout(NamedTuple):
    """How to read one file. places: for each known column its index in a row; missing ones are left out.

    header_line: the rows begin below it.
    repeated: keys that stand on more than one line → the last of these lines, which is the one that counts.
    """

    encoding: str
    delimiter: str
    width: int
    places: dict[str, int]
    unknown: tuple[str, ...]
    header_line: int
    repeated: dict[str, int]


def layout_of(path: Path, file: PracticeFile) -> Layout:
    """Look at the whole file once. Raises BadInput with one sentence when it is no CSV file of this kind."""
    try:
        encoding = _encoding(path)
        with opened(path, encoding) as lines:
            delimiter, header, header_line = _header(path, file, lines)
        places, unknown = _places(path, file, header)
        found = Layout(encoding, delimiter, len(header), places, unknown, header_line, {})
        return found._replace(repeated=_repeated(path, found, places[file.columns[0].name]))
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from error


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[TextIO]:
    """The file as lines of text. Bytes that are not text become lone surrogates, which cells refuse one by one."""
    errors = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
    try:
        with path.open(encoding=encoding, errors=errors, newline="") as lines:
            yield lines
    except UnicodeError as error:
        raise BadInput(f"{path.name} breaks off in the middle of a letter.") from error
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from error


def _encoding(path: Path) -> str:
    """UTF-8 unless its bytes speak against it; then cp1252.

    A single broken byte in a UTF-8 file must not turn every other accent into two letters: the file is cp1252 only
    when more places break the rules of UTF-8 than keep them.
    """
    with path.open("rb") as stream:
        block = stream.read(_BLOCK)
        _refuse_other_kinds(path, block)
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if block.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        stray = wide = unbroken = 0
        while block:
            broken, kept = _count(decoder, block)
            stray, wide = stray + broken, wide + kept
            last_end = max(block.rfind(b"\n"), block.rfind(b"\r"))
            unbroken = unbroken + len(block) if last_end < 0 else len(block) - last_end
            if unbroken > _LONGEST_LINE:
                raise BadInput(f"{path.name} is not a CSV file: one of its lines never seems to end.")
            block = stream.read(_BLOCK)
        stray += _count(decoder, b"", final=True)[0]
    return "cp1252" if stray > wide else "utf-8"


def _count(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> tuple[int, int]:
    """How many bytes of a block break the rules of UTF-8, and how many of its characters need them."""
    if block.isascii() and not decoder.getstate()[0]:
        return 0, 0
    piece = decoder.decode(block, final)
    return len(_STRAY.findall(piece)), len(_WIDE.findall(piece))


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    if not start:
        raise BadInput(f"{path.name} is empty: not even a header line.")
    for magic, what in _MAGIC.items():
        if start.startswith(magic):
            raise BadInput(f"{path.name} is {what}, not a CSV file. Export it as CSV.")
    if b"\0" in start[:4096] and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadInput(f"{path.name} is not a text file. Export it as CSV.")


def plain(name: str) -> str:
    """A column name without case, spaces, underscores and dashes: “Patient ID” is patient_id."""
    return re.sub(r"[\s_\-]+", "", name).casefold()


def _header(path: Path, file: PracticeFile, lines: TextIO) -> tuple[str, list[str], int]:
    """The delimiter under which the first line names most of our columns, its cells, and its number."""
    line, number = "\n", 0
    while line and not line.strip():
        line, number = lines.readline(_BLOCK), number + 1
    known = {plain(name) for column in file.columns for name in column.names()}
    best: tuple[int, str, list[str]] = (-1, ",", [])
    for delimiter in ",;\t|":
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        named = len(known & {plain(cell) for cell in cells})
        if named > best[0]:
            best = (named, delimiter, cells)
    if best[0] <= 0:
        raise BadInput(
            f"{path.name} does not begin with a line that names its columns ({file.columns[0].name}, …)."
        )
    return best[1], best[2], number


def _places(path: Path, file: PracticeFile, header: list[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    known = {plain(name): column.name for column in file.columns for name in column.names()}
    places: dict[str, int] = {}
    unknown: list[str] = []
    for index, cell in enumerate(header):
        name = known.get(plain(cell))
        if name is None:
            unknown += [mask_card_numbers(cell.strip()[:80])] if cell.strip() else []
        elif name in places:
            raise BadInput(f"{path.name} has the column {name} twice.")
        else:
            places[name] = index
    key = file.columns[0].name
    if key not in places:
        raise BadInput(f"{path.name} has no column {key}, which tells its rows apart.")
    needed = [c.name for c in file.columns if (c.required or c.in_header) and c.name not in places]
    if needed:
        raise BadInput(f"{path.name} has no column {' and no column '.join(needed)}.")
    return places, tuple(unknown)


def _repeated(path: Path, layout: Layout, key: int) -> dict[str, int]:
    """Keys on more than one line → the last line of each. Hashes are enough to find candidates."""
    seen: set[int] = set()
    last: dict[str, int] = {}
    with opened(path, layout.encoding) as lines:
        for row in rows(lines, layout.delimiter, layout.width):
            if row.fault or row.line <= layout.header_line:
                continue
            name = row.cells[key].strip()
            if (mark := hash(name)) in seen:
                last[name] = row.line
            seen.add(mark)
    last.pop("", None)
    return last
