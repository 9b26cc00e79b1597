"""Plain HTML pages of ours: signing in, signing out, and what patients see. No script but around the card frame."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from dashboard.web.headers import plain_page_policy

FOLDER = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)


@lru_cache(maxsize=4)
def style(sheet: str = "plain.css") -> str:
    """The style sheet of a plain page, set inline and allowed by its hash."""
    return (FOLDER / sheet).read_text(encoding="utf-8")


@lru_cache(maxsize=4)
def script(name: str) -> str:
    """A script of ours, set inline and allowed by its hash."""
    return (FOLDER / name).read_text(encoding="utf-8")


def plain_page(
    name: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    sheet: str = "plain.css",
    runs: str = "",
    **values: object,
) -> HTMLResponse:
    """A rendered template with its strict policy. Values are escaped. runs: the one script of ours in it, if any."""
    code = script(runs) if runs else ""
    given = {
        "style": style(sheet),
        "script": code,
        **values,
    }  # a page with a policy of its own brings its own scripts
    body = _environment().get_template(name).render(given)
    answer = HTMLResponse(body, status_code=status, headers=dict(headers or {}))
    answer.headers["content-security-policy"] = plain_page_policy(style(sheet), code)
    return answer
