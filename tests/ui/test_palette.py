"""The five severities of our components can be read on their tints and on paper, in both themes."""

import re

import pytest

from dashboard.ui.components.component import HERE
from tests.web.test_look import contrast

BLOCKS = dict(
    zip(
        ("light", "dark"),
        re.findall(r"\{([^}]*--critical: #[^}]*)\}", (HERE / "tokens.css").read_text(encoding="utf-8")),
        strict=True,
    )
)
TONES = ("critical", "high", "medium", "good", "unknown", "note", "action")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_reaches_four_and_a_half_to_one(theme: str) -> None:
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", BLOCKS[theme]))
    pairs = [(colours[tone], colours[f"{tone}-tint"]) for tone in TONES]
    pairs += [(colours[tone], colours["paper"]) for tone in (*TONES, "ink", "soft")]
    pairs += [
        (colours[name], colours[under]) for name in ("ink", "soft") for under in ("hover", "action-tint")
    ]
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []
