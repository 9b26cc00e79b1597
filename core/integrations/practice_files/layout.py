"""What kind of file this is, decided before it is read: encoding, delimiter, header, keys given twice, a cut-off end.

Nothing here holds the file in memory: blocks of a megabyte, and one number per key.
"""

import codecs
import csv
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from core.errors import BadInput
from core.integrations.practice_files import cells
from core.integrations.practice_files.cells import BadCell, Noted, Nothing, Reader
from core.integrations.practice_files.columns import PracticeFile
from core.integrations.practice_files.ends import LastColumn, ends_in_mid_line
from core.integrations.practice_files.rows import UNCLOSED, Row, rows
from core.integrations.practice_files.spellings import is_nothing, plain_cell
from core.names import folded
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

    header_line: the rows begin below it. above: lines before it that say something.
    repeated: keys that stand on more than one line → the last of these lines, which is the one that counts.
    doubled: keys whose lines are about different people or things → these lines: none of them can be used.
    cut: the line on which the file breaks off and why it is thought to, None when it ends as it should.
    """

    encoding: str
    delimiter: str
    width: int
    places: dict[str, int]
    unknown: tuple[str, ...]
    header_line: int
    above: int
    repeated: dict[str, int]
    doubled: dict[str, tuple[int, ...]]
    cut: tuple[int, str] | None
    nul: bool


def layout_of(path: Path, file: PracticeFile) -> Layout:
    """Look at the whole file once. Raises BadInput with one sentence when it is no CSV file of this kind."""
    try:
        encoding, nul = _encoding(path)
        with opened(path, encoding, nul=nul) as lines:
            delimiter, header, header_line, above = _header(path, file, lines)
        places, unknown = _places(path, file, header)
        found = Layout(
            encoding, delimiter, len(header), places, unknown, header_line, above, {}, {}, None, nul
        )
        if _breaks_off(path):
            found = found._replace(cut=_cut(path, found, file))
        repeated, doubled = _repeated(path, found, file)
        return found._replace(repeated=repeated, doubled=doubled)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from error


@contextmanager
def opened(path: Path, encoding: str, *, nul: bool = False) -> Iterator[Iterator[str]]:
    """The file as lines of text. Bytes that are not text become lone surrogates, which cells refuse one by one.

    nul: it holds zero bytes, which are left out, with marks of the byte order that stand in the middle of it.
    """
    errors = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
    try:
        with path.open(encoding=encoding, errors=errors, newline="") as lines:
            yield (line.replace("\0", "") for line in lines) if nul else lines
    except UnicodeError as error:
        raise BadInput(f"{path.name} breaks off in the middle of a letter.") from error
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from error


def _encoding(path: Path) -> tuple[str, bool]:
    """UTF-8 unless its bytes speak against it; then cp1252. And whether it holds zero bytes that mean nothing.

    A single broken byte in a UTF-8 file must not turn every other accent into two letters: the file is cp1252 only
    when more places break the rules of UTF-8 than keep them.
    """
    with path.open("rb") as stream:
        block = stream.read(_BLOCK)
        _refuse_other_kinds(path, block)
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", False
        if (wide_encoding := _utf16_without_mark(block)) is not None:
            return wide_encoding, False
        signed, nul = block.startswith(codecs.BOM_UTF8), False
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        stray = wide = unbroken = 0
        while block:
            nul = nul or b"\0" in block
            broken, kept = _count(decoder, block)
            stray, wide = stray + broken, wide + kept
            last_end = max(block.rfind(b"\n"), block.rfind(b"\r"))
            unbroken = unbroken + len(block) if last_end < 0 else len(block) - last_end
            if unbroken > _LONGEST_LINE:
                raise BadInput(f"{path.name} is not a CSV file: one of its lines never seems to end.")
            block = stream.read(_BLOCK)
        stray += _count(decoder, b"", final=True)[0]
    if signed:
        return "utf-8-sig", nul
    return "cp1252" if stray > wide else "utf-8", nul


def _utf16_without_mark(block: bytes) -> str | None:
    """UTF-16 whose first bytes do not say so: plain letters then have a zero byte on one side each."""
    start = block[:4096]
    evens, odds = start[::2].count(0), start[1::2].count(0)
    if max(evens, odds) < len(start) // 4 or min(evens, odds) > len(start) // 50:
        return None
    return "utf-16-le" if odds > evens else "utf-16-be"


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
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _utf16_without_mark(start):
        return
    strange = sum((byte < 32 or byte == 127) and byte not in b"\t\n\r\f\0\x1a" for byte in start[:4096])
    if strange or not start.strip(b"\0"):
        raise BadInput(f"{path.name} is not a text file. Export it as CSV.")


def plain(name: str) -> str:
    """A column name without case, spaces, underscores and dashes: “Patient ID” is patient_id."""
    return re.sub(r"[\s_\-\ufeff]+", "", name).casefold()


_SEP = re.compile(r"[\ufeff\s\"]*sep\s*=\s*(.)[\"\s]*", re.IGNORECASE)  # Excel's own line about the delimiter
_ABOVE = 40  # lines a printed report may have above its header


def _header(path: Path, file: PracticeFile, lines: Iterator[str]) -> tuple[str, list[str], int, int]:
    """The delimiter under which a line near the top names most of our columns, its cells, its number, and how many
    lines above it say something else."""
    known = {plain(name) for column in file.columns for name in column.names()}
    key = {plain(name) for name in file.columns[0].names()}
    first: tuple[int, str, list[str], int, int] | None = None
    above = 0
    for number, line in enumerate(islice(lines, _ABOVE), start=1):
        if not line.strip("\ufeff \t\r\n\f,;|") or _SEP.fullmatch(line):
            continue
        if len(line) > _BLOCK:
            break
        named, delimiter, header = _named(line, known)
        mine = {plain(cell) for cell in header}
        if named >= 2 and mine & key:
            return delimiter, header, number, above
        if named and first is None:
            first = (named, delimiter, header, number, above)
        above += 1
    if first is None:
        raise BadInput(
            f"{path.name} does not begin with a line that names its columns ({file.columns[0].name}, …)."
        )
    return first[1:]


def _named(line: str, known: set[str]) -> tuple[int, str, list[str]]:
    """How many of our columns a line names under the delimiter that suits it best, that delimiter, and its cells."""
    best: tuple[int, str, list[str]] = (-1, ",", [])
    for delimiter in ",;\t|":
        try:
            header = next(csv.reader([line.lstrip("\ufeff")], delimiter=delimiter, strict=True), [])
        except csv.Error:
            continue
        named = len(known & {plain(cell) for cell in header})
        if named > best[0]:
            best = (named, delimiter, header)
    return best


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


def _rows(path: Path, layout: Layout, *, faulty: bool = False) -> Iterator[Row]:
    """The rows below the header that are rows at all; faulty: and the lines that are none."""
    with opened(path, layout.encoding, nul=layout.nul) as lines:
        for row in rows(lines, layout.delimiter, layout.width):
            if row.line > layout.header_line and (faulty or not row.fault):
                yield row


def _repeated(
    path: Path, layout: Layout, file: PracticeFile
) -> tuple[dict[str, int], dict[str, tuple[int, ...]]]:
    """Keys on more than one line → the last line of each; of those, the ones whose lines contradict each other."""
    key = layout.places[file.columns[0].name]
    seen: set[int] = set()
    twice: set[str] = set()
    for row in _rows(path, layout):
        if key < len(row.cells):
            cell = plain_cell(row.cells[key])
            if (mark := hash(cell)) in seen:
                twice.add(cell)
            seen.add(mark)
    twice.discard("")
    return _judged(path, layout, file, twice) if twice else ({}, {})


def _judged(
    path: Path, layout: Layout, file: PracticeFile, twice: set[str]
) -> tuple[dict[str, int], dict[str, tuple[int, ...]]]:
    key = layout.places[file.columns[0].name]
    lines: dict[str, list[int]] = {}
    about: dict[str, list[set[str]]] = {}
    columns = [(c, layout.places[c.name]) for c in file.columns if c.name in layout.places]
    telling = [(c.read, place) for c, place in columns if c.name in file.tells_apart()]
    for row in _rows(path, layout):
        if key >= len(row.cells) or (name := plain_cell(row.cells[key])) not in twice:
            continue
        lines.setdefault(name, []).append(row.line)
        told = about.setdefault(name, [set() for _ in telling])
        for values, (read, place) in zip(told, telling, strict=True):
            text = plain_cell(row.cells[place], read) if place < len(row.cells) else ""
            if text and not is_nothing(text, read):
                values.add(_same(read, text))
    several = {name: found for name, found in lines.items() if len(found) > 1}
    doubled = {
        name: tuple(found) for name, found in several.items() if any(len(each) > 1 for each in about[name])
    }
    return {name: found[-1] for name, found in several.items() if name not in doubled}, doubled


def _same(read: Reader, text: str) -> str:
    """A cell as it is compared: a name without accents and case, another value as it is read."""
    if read is cells.name:
        return folded(text)
    try:
        return str(read(text))
    except Noted as noted:
        return str(noted.value)
    except (BadCell, Nothing):
        return text


def _breaks_off(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-min(4096, os.fstat(stream.fileno()).st_size), os.SEEK_END)
        return ends_in_mid_line([stream.read()])


_IN_QUOTES = "stops inside a quoted cell"


def _cut(path: Path, layout: Layout, file: PracticeFile) -> tuple[int, str] | None:
    """The last line of a file that nothing ends, when it is unlike all others."""
    last_place = layout.width - 1
    read = next((c.read for c in file.columns if layout.places.get(c.name) == last_place), None)
    column = LastColumn(read)
    before: Row | None = None
    for row in _rows(path, layout, faulty=True):
        if before is not None and not before.fault:
            column.learn(before.cells, layout.width)
        before = row
    if before is None:
        return None
    if before.fault:
        return (before.line, _IN_QUOTES) if before.fault == UNCLOSED else None
    why = column.cut(before.cells, layout.width)
    return (before.line, why) if why else None
