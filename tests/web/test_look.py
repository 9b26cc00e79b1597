"""The palette of .streamlit/config.toml and of the plain pages can be read: 4.5:1 or better in both themes."""

import re
import tomllib
from itertools import chain

import pytest

from core.settings import ROOT
from dashboard.web.templates import style

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
SEVERITIES = ("red", "orange", "yellow", "green", "gray")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_can_be_read_on_their_paper(theme: str) -> None:
    colours = CONFIG["theme"][theme]
    paper, other_paper = colours["backgroundColor"], colours["secondaryBackgroundColor"]
    pairs = [
        (colours[name], p)
        for name in ("textColor", "linkColor", "primaryColor")
        for p in (paper, other_paper)
    ]
    pairs += [(colours[f"{name}TextColor"], colours[f"{name}BackgroundColor"]) for name in SEVERITIES]
    pairs += [(colours[f"{name}TextColor"], paper) for name in SEVERITIES]
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_of_a_chart_stand_out_from_the_paper(theme: str) -> None:
    colours = CONFIG["theme"][theme]
    assert min(contrast(c, colours["backgroundColor"]) for c in colours["chartCategoricalColors"]) >= 3


def test_the_sign_in_page_can_be_read_in_both_themes() -> None:
    for block in re.findall(r":root \{(.*?)\}", style(), re.DOTALL):
        colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
        pairs = chain(
            ((colour[ink], colour[paper]) for ink in ("ink", "soft", "teal") for paper in ("card", "paper")),
            [(colour["on-teal"], colour["teal"]), (colour["wrong"], colour["wrong-paper"])],
            [(colour["ink"], colour["note-paper"])],
        )
        assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


def test_the_switches_that_keep_things_private_are_set() -> None:
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["client"]["disableDataExport"] is True
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["runner"]["magicEnabled"] is False
    assert CONFIG["server"]["enableAgentApi"] is False
    assert set(CONFIG["server"]["trustedUserHeaders"]) == {"X-Huddle-User", "X-Huddle-Session"}
