"""How a text is counted and billed: GSM-7 in 160 (or 153 a part), anything else in 70 (or 67)."""

from typing import NamedTuple

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TWICE = frozenset("^{}\\[~]|€\f")  # these take two places


class Size(NamedTuple):
    """characters: as a person counts them. odd: the first character that makes the text dearer, "" if none."""

    characters: int
    segments: int
    gsm7: bool
    odd: str


def measure(text: str) -> Size:
    """How large a text is once it is on its way."""
    odd = next((character for character in text if character not in _BASIC and character not in _TWICE), "")
    if odd:
        units = len(text.encode("utf-16-le")) // 2
        return Size(len(text), _parts(units, 70, 67), False, odd)
    places = sum(2 if character in _TWICE else 1 for character in text)
    return Size(len(text), _parts(places, 160, 153), True, "")


def _parts(places: int, alone: int, each: int) -> int:
    if places == 0:
        return 0
    return 1 if places <= alone else -(-places // each)
