"""The typeface of everything Huddle prints: Noto Sans, with Latin, Greek and Cyrillic (licence: OFL.txt beside it)."""

import unicodedata
from functools import lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "NotoSans", "NotoSans-Bold"  # names for reportlab, once `use_fonts` was called
FOLDER = Path(__file__).parent


@lru_cache(maxsize=1)
def use_fonts() -> frozenset[int]:
    """Make REGULAR and BOLD known to reportlab; returns the code points they can draw. Calling it again costs nothing."""
    faces = [TTFont(REGULAR, FOLDER / "NotoSans-Regular.ttf"), TTFont(BOLD, FOLDER / "NotoSans-Bold.ttf")]
    for face in faces:
        pdfmetrics.registerFont(face)
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    return frozenset.intersection(*(frozenset(face.face.charToGlyph) for face in faces))


def printable(words: str) -> str:
    """The words with control characters gone, and a letter the typeface lacks without its marks, or as a question mark."""
    known = use_fonts()
    return "".join(_letter(one, known) for one in unicodedata.normalize("NFC", words))


def _letter(one: str, known: frozenset[int]) -> str:
    if unicodedata.category(one)[0] == "C":
        return " " if one in "\n\t" else ""
    if ord(one) in known:
        return one
    return "".join(part for part in unicodedata.normalize("NFKD", one) if ord(part) in known) or "?"
