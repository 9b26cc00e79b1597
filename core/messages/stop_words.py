"""What a patient's short answer means: stop, start, help, or something for a person to read (DOMAIN §12)."""

import re
import unicodedata
from enum import StrEnum

_STOP = frozenset(
    {"stop", "stopall", "quit", "end", "revoke", "optout", "optmeout", "cancel", "unsubscribe", "unsub"}
)
_START = frozenset({"start", "unstop", "optin"})
_HELP = frozenset({"help", "info"})
# "stop texting me please" means stop; "cancel my appointment" does not
_BESIDE = frozenset(
    [
        "please",
        "pls",
        "plz",
        "thanks",
        "thank",
        "you",
        "now",
        "me",
        "all",
        "any",
        "more",
        "these",
        "those",
        "the",
        "this",
        "your",
        "from",
        "to",
        "sending",
        "texting",
        "texts",
        "text",
        "messaging",
        "messages",
        "message",
        "sms",
        "u",
        "it",
        "list",
    ]
)


class Wish(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"


def read(text: str) -> Wish | None:
    """The wish in a message, whatever its case, spaces, punctuation and emoji; None when it says something else."""
    plain = "".join(
        " " if unicodedata.category(letter)[0] == "Z" or letter in "\n\r\t" else letter
        for letter in unicodedata.normalize("NFKD", text).casefold()
        if unicodedata.category(letter)[0] not in "CM" or letter in "\n\r\t"
    )
    words = re.findall(r"[^\W_]+", plain)
    for said in ("".join(words), "".join(word for word in words if word not in _BESIDE)):
        for wish, known in ((Wish.STOP, _STOP), (Wish.START, _START), (Wish.HELP, _HELP)):
            if said in known:
                return wish
    return None
