"""Our own components: HTML built from text nodes by the .js files beside this module, never from markup.

Streamlit's grid is a canvas: it can neither wrap a sentence nor print nor be read aloud, so the day, the
headline and the patient card are drawn by three small components that share tokens.css and dom.js.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from streamlit.components import v2

HERE = Path(__file__).parent


@lru_cache(maxsize=64)
def _asset(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def own(name: str) -> Any:
    """Register the component drawn by NAME.js and NAME.css; returns the function that mounts it."""
    return v2.component(
        f"huddle_{name}",
        html='<div class="huddle"></div>\n',
        css=_asset("tokens.css") + _asset(f"{name}.css"),
        js=_asset("dom.js") + _asset(f"{name}.js"),
    )
