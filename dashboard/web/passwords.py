"""Passwords: hashing with streamlit-authenticator's Hasher (bcrypt), and what makes one too easy to guess."""

import logging
import re
import secrets
from functools import lru_cache

from zxcvbn import zxcvbn

from core.errors import BadInput

# imported outside a page, it does nothing but warn that no page is being drawn
logging.disable(logging.WARNING)
from streamlit_authenticator import Hasher  # noqa: E402

logging.disable(logging.NOTSET)

SHORTEST = 12
LEAST_SCORE = 3  # of zxcvbn's 0 to 4: at least 10^8 guesses
LONGEST_BYTES = 72  # bcrypt reads no further: a longer password would not be longer

# Words that guesses start from. Compared after digits, signs and letter swaps (p@ssw0rd) are taken away.
COMMON = frozenset(
    """
    password passwort passphrase welcome letmein qwerty qwertyuiop azerty administrator admin login signin secret
    changeme default temporary master monkey dragon sunshine princess football baseball basketball soccer hockey
    superman batman starwars pokemon iloveyou trustno whatever shadow michael jennifer jordan jessica ashley charlie
    summer winter spring autumn january february march april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday company office manager frontdesk reception receptionist
    chiropractic chiropractor chiro spine adjustment massage wellness clinic practice patient patients doctor health
    healthcare huddle genesis fortis morning computer internet google facebook windows microsoft apple america
    freedom jesus blessed family forever friends hello goodbye mypassword thisismypassword
    """.split()  # noqa: SIM905 - a hundred quoted words would be harder to read
)
_SWAPS = str.maketrans("@430175$!|", "aaeoitssil")
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb",
)


def hash_password(password: str, *, username: str = "", display_name: str = "") -> str:
    """The bcrypt hash to store. Raises BadInput, in one sentence, when the password is too short, long or easy."""
    check_strength(password, username=username, display_name=display_name)
    return Hasher.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Whether a password fits a stored hash. None (nobody of that name) costs exactly as much, and is never right."""
    cut = password.encode()[:LONGEST_BYTES].decode(errors="ignore")
    fits = Hasher.check_pw(cut, stored or nobodys_hash())
    return fits and stored is not None and cut == password


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """The hash of a password nobody knows, made once a process: what an unknown name is compared with."""
    return Hasher.hash(secrets.token_urlsafe(32))


def check_strength(password: str, *, username: str = "", display_name: str = "") -> None:
    """Raises BadInput when a password is too short, longer than bcrypt reads, or easy to guess."""
    if len(password) < SHORTEST:
        raise BadInput(
            f"Use at least {SHORTEST} characters; 15 or more is better. A few unrelated words do well."
        )
    if len(password.encode()) > LONGEST_BYTES:
        raise BadInput(
            f"Use at most {LONGEST_BYTES} bytes (plain letters are one byte each, é and emoji are more)."
        )
    if "\0" in password:
        raise BadInput("A password cannot hold a NUL character.")
    names = {username.casefold(), *display_name.casefold().split()}
    if _easy(password.casefold(), names) or _guessed_soon(password, names):
        raise BadInput("This password is easy to guess. Use a few unrelated words, without names or dates.")


def _easy(password: str, names: set[str]) -> bool:
    if len(set(password)) < 5 or any(_mostly(password, run) for run in _RUNS):
        return True
    letters = re.sub(r"[^a-z]+", " ", password.translate(_SWAPS)).strip()
    plain = re.sub(r"[^a-z]+", " ", password).strip()
    known = COMMON | {name for name in names if len(name) >= 3}
    return any(_only_known(text, known) for text in (letters, plain))


def _guessed_soon(password: str, names: set[str]) -> bool:
    """Fewer than 10^8 guesses by zxcvbn, which knows 30,000 leaked passwords, names, words, dates, keyboards and swaps."""
    known: list[str | int] = [*names, "huddle", "chiropractic"]
    return zxcvbn(password, user_inputs=known)["score"] < LEAST_SCORE


def _only_known(text: str, known: frozenset[str] | set[str]) -> bool:
    """Whether nothing but one or two well-known words is left once they are taken out (a letter or two may remain)."""
    rest, taken = text, 0
    for word in sorted(known, key=len, reverse=True):
        if word in rest:
            rest, taken = rest.replace(word, " "), taken + 1
    return len("".join(rest.split())) <= 2 and 1 <= taken <= 2


def _mostly(password: str, run: str) -> bool:
    """Whether a password is little more than a walk along the keyboard, there, back or again."""
    walked = {line[i : i + 4] for line in (run * 2, run[::-1] * 2) for i in range(len(line) - 3)}
    steps = [password[i : i + 4] in walked for i in range(len(password) - 3)]
    return bool(steps) and sum(steps) >= 0.7 * len(steps)
