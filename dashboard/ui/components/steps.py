"""What to do in the other system, as numbered steps; a press copies what has to be typed there."""

import re
from collections.abc import Iterable
from typing import Any

from dashboard.ui.components.component import own

_STEPS = own("steps")
_COPY = re.compile(r"\[\[(.+?)\]\]")


def draw_steps(steps: Iterable[str], *, label: str, key: str) -> None:
    """steps: our own words; [[what stands between these]] can be copied."""
    _STEPS(key=key, data={"label": label, "steps": [_parts(step) for step in steps]})


def _parts(step: str) -> list[dict[str, Any]]:
    pieces = _COPY.split(step)
    return [{"copy": words} if place % 2 else {"words": words} for place, words in enumerate(pieces) if words]
