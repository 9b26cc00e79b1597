"""The line to say at the desk, from one grammar (DOMAIN §10): what is wrong, each debt once, then one thing to ask for.

`<fact>. <fact>. Collect $214: $149 missed and $65 for today's visit.` A fact says what is; what to
do about it is asked for once at the end, in one sentence with one sum. Pure.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from core.money import short_dollars
from core.severity import Ask, Flag, Severity

SENTENCES = 2  # what the desk can say in one breath
# The same money in other words: of these kinds the first is said, and the second only without it.
ONE_DEBT = {"BEHIND": frozenset({"MISSING_PAYMENT", "RETRY_SCHEDULED", "POSSIBLE_MATCH"})}
_ASKS = {
    Ask.NEW_CARD: ("Ask for the new card.", " and ask for the new card"),
    Ask.FIRST_CARD: ("Ask for a card.", " and ask for a card"),
    Ask.OTHER_CARD: ("Ask for a new card.", " or ask for a new card"),
    Ask.CHARGE: ("Charge the new card.", " by charging the new card"),
}


class Part(NamedTuple):
    """Of what is collected: cents, what they are for, and the kinds of flag that say so already."""

    cents: int
    words: str
    told_by: Collection[str] = ()


def speaks(flag: Flag) -> bool:
    """A flag that asks for something: everything but a quiet note."""
    return flag.severity is not Severity.NOTE


def told(flags: Sequence[Flag]) -> list[Flag]:
    """The flags that are said, worst first: no notes, and one debt once. flags: in order."""
    kinds = {flag.kind for flag in flags}
    return [flag for flag in flags if speaks(flag) and not ONE_DEBT.get(flag.kind, frozenset()) & kinds]


def say(flags: Sequence[Flag], collect_cents: int, parts: Sequence[Part] = ()) -> str:
    """One or two facts, worst first, then what to ask for. Empty = nothing to say.

    flags: in order (core/reports/rules.py). collect_cents: what to ask for now; parts: what it is made of.
    """
    said = told(flags)[:SENTENCES]
    facts = list(dict.fromkeys(flag.fact or flag.reason for flag in said))
    ask = min((flag.ask for flag in said if flag.ask is not None), default=None)
    return " ".join([*facts, *_to_ask(ask, collect_cents, parts, {flag.kind for flag in said})])


def _to_ask(ask: Ask | None, cents: int, parts: Sequence[Part], said: Collection[str]) -> list[str]:
    alone, beside = _ASKS[ask] if ask is not None else ("", "")
    if cents <= 0:
        return [alone] if alone and ask is not Ask.OTHER_CARD else []
    why = _made_of(cents, parts, said)
    if ":" in why:  # several parts: the card stands in a sentence of its own
        return [f"Collect {short_dollars(cents)}{why}.", *([alone] if alone else [])]
    return [f"Collect {short_dollars(cents)}{why}{beside}."]


def _made_of(cents: int, parts: Sequence[Part], said: Collection[str]) -> str:
    """Why this sum: nothing where the one fact before says it, else each part."""
    left = _capped(parts, cents)
    if not left:
        return ""
    if len(left) == 1:
        return "" if set(left[0].told_by) & set(said) else f" {left[0].words}"
    return f": {' and '.join(f'{short_dollars(one.cents)} {one.words}' for one in left)}"


def _capped(parts: Sequence[Part], cents: int) -> list[Part]:
    """The parts up to the sum that is collected, the first ones first."""
    found = []
    for one in parts:
        taken = min(one.cents, cents)
        cents -= taken
        if taken > 0:
            found.append(one._replace(cents=taken))
    return found
