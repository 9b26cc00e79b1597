"""What the built-in fonts of a PDF can draw."""

import unicodedata

_MORE = "–—…·‘’“”€"  # beyond Latin-1, in the fonts all the same
_BARE = {
    "Ł": "L",
    "ł": "l",
    "Đ": "D",
    "đ": "d",
    "ı": "i",
    "Œ": "OE",
    "œ": "oe",
}  # no accent that could be taken off


def drawable(words: str) -> str:
    """The words with every letter outside Latin-1 without its accents, or as a question mark; no control characters."""
    return "".join(_letter(one) for one in words)


def _letter(one: str) -> str:
    if unicodedata.category(one)[0] == "C":
        return " " if one in "\n\t" else ""
    if _has(one) or one in _MORE:
        return one
    bare = "".join(part for part in unicodedata.normalize("NFKD", one) if _has(part))
    return _BARE.get(one) or bare or "?"


def _has(one: str) -> bool:
    try:
        one.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
