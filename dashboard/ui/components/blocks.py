"""The few shapes the patient card is made of, as plain values that card.js draws with text nodes."""

from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.wording.text import shown

Block = dict[str, Any]


def fact(label: str, value: str, sub: str = "", tone: str = "") -> Block:
    """One labelled value; tone is a severity's word, or "good"."""
    return {"label": label, "value": shown(value, 160), "sub": shown(sub, 300), "tone": tone}


def facts(*given: Block | None) -> Block:
    """Labelled values side by side; None is left out."""
    return {"kind": "facts", "facts": [one for one in given if one]}


def line(
    words: str, *, sub: str = "", right: str = "", icon: str = "", tone: str = "", key: int | None = None
) -> Block:
    """One line of a list. key: the patient a press on it opens."""
    return {
        "words": shown(words, 300),
        "sub": shown(sub, 300),
        "right": right,
        "icon": icon,
        "tone": tone,
        "key": key,
    }


def lines(given: Iterable[Block]) -> Block:
    return {"kind": "lines", "lines": list(given)}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, money: Sequence[int] = ()) -> Block:
    """A small table; `money` are the places of the right-aligned columns."""
    return {
        "kind": "table",
        "heads": list(heads),
        "rows": [[shown(cell, 160) for cell in row] for row in rows],
        "money": list(money),
    }


def text(words: str, tone: str = "") -> Block:
    return {"kind": "text", "words": shown(words, 400), "tone": tone}


def title(words: str, chip: Block | None = None) -> Block:
    """A small heading inside a section, with its state as a chip."""
    return {"kind": "title", "words": shown(words, 120), "chip": chip}


def state_chip(words: str, severity: str, icon: str = "circle") -> Block:
    return {"words": words, "icon": icon, "severity": severity, "why": ""}


def bar(done: int, booked: int, allowance: int | None, should_be: int | None, words: str) -> Block:
    return {
        "kind": "bar",
        "done": done,
        "booked": booked,
        "allowance": allowance,
        "should_be": should_be,
        "words": words,
    }


def details(summary: str, blocks: Iterable[Block], *, name: str) -> Block:
    """What opens on demand. `name` keeps it open over a refresh."""
    return {"kind": "details", "summary": summary, "blocks": list(blocks), "name": name}


def decide(
    name: str, heading: str, options: Iterable[Block], *, asked: dict[str, int], save: str = "Decide"
) -> Block:
    """One question with its options, of which a person picks one and says why. `name` keeps what was begun over a
    refresh; `asked` goes back with the answer: {**asked, "kind", "reason"}."""
    return {
        "kind": "decide",
        "name": name,
        "heading": shown(heading, 200),
        "options": list(options),
        "asked": asked,
        "save": save,
    }


def option(kind: str, words: str, effect: str, right: str = "", *, possible: bool = True) -> Block:
    """One option of `decide`, with its effect, or why it cannot be chosen."""
    return {
        "kind": kind,
        "words": shown(words, 80),
        "effect": shown(effect, 300),
        "right": right,
        "possible": possible,
    }


def decided(words: str, sub: str, tone: str, undo: int | str | None, button: str = "Undo") -> Block:
    """What was decided, by whom and why; `undo` goes back when it is taken back (None: it cannot be)."""
    return {
        "kind": "decided",
        "words": shown(words, 200),
        "sub": shown(sub, 300),
        "tone": tone,
        "undo": undo,
        "button": button,
    }


def promise(name: str, plan: int, dollars: str, first: str, last: str) -> Block:
    """The form of a promise to pay: amount, day (from `first` to `last`, ISO) and who said it. `name` keeps what was
    begun over a refresh; back goes {"plan", "dollars", "on", "by"}."""
    return {"kind": "promise", "name": name, "plan": plan, "dollars": dollars, "first": first, "last": last}


def section(name: str, heading: str, blocks: Iterable[Block | None], *, empty: str = "") -> Block:
    """One part of the card; with nothing in it, `empty` says what that means."""
    inner = [block for block in blocks if block]
    return {"name": name, "heading": heading, "blocks": inner or [text(empty, "soft")]}
