"""How many segments a text is sent in: 160 characters of the GSM alphabet (153 each when several), else 70 (67)."""

_BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = set("^{}\\[~]|€\f")


def segments(body: str) -> int:
    """At least one. A character outside the GSM alphabet turns the whole text into UTF-16."""
    if all(letter in _BASIC or letter in _DOUBLE for letter in body):
        length, alone, joined = sum(2 if letter in _DOUBLE else 1 for letter in body), 160, 153
    else:
        length, alone, joined = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= alone else -(-length // joined)
