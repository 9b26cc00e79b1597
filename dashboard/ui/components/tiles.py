"""Cards of connections and of systems that can be connected, drawn with text nodes by tiles.js."""

from collections.abc import Callable, Sequence
from typing import Any

from dashboard.ui.components.component import own
from dashboard.wording.text import shown

_TILES = own("tiles")
Drawn = dict[str, Any]


def button(act: str, label: str, icon: str, *, first: bool = False, off: bool = False) -> Drawn:
    """What one can press on a tile. act goes back with the tile's id."""
    return {"act": act, "label": label, "icon": icon, "first": first, "off": off}


def line(words: str, icon: str, tone: str = "") -> Drawn:
    return {"words": shown(words, 260), "icon": icon, "tone": tone}


def tile(
    id_: str,
    name: str,
    icon: str,
    *,
    kind: str = "",
    chip: tuple[str, str, str] | None = None,
    tone: str = "",
    lines: Sequence[Drawn] = (),
    going: tuple[str, float | None] | None = None,
    buttons: Sequence[Drawn] = (),
) -> Drawn:
    """One card. chip: words, severity, icon. going: words and how much is done (None: not known how much there is)."""
    worn = {"words": chip[0], "severity": chip[1], "icon": chip[2], "why": ""} if chip else None
    return {
        "id": id_,
        "name": shown(name, 60),
        "icon": icon,
        "kind": kind,
        "chip": worn,
        "tone": tone,
        "lines": list(lines),
        "going": {"words": going[0], "share": going[1]} if going else None,
        "buttons": list(buttons),
    }


def draw_tiles(tiles: Sequence[Drawn], *, label: str, key: str, on_press: Callable[[], None]) -> Any:
    """Mount them. `press` in the answer is {"act", "id"} of the button that was pressed."""
    return _TILES(key=key, data={"label": label, "tiles": list(tiles)}, on_press_change=on_press)
