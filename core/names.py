"""Names as a search box compares them."""

import unicodedata

# letters that Unicode does not take apart into a letter and a mark
_WHOLE = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"})


def folded(text: str) -> str:
    """Case-folded, without accents, single spaces: `Łukasz  Björn` → `lukasz bjorn`."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_WHOLE))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def initials_of(name: str) -> str:
    return "".join(f"{word[0]}." for word in name.split() if word) or "–"
