"""GET /help: docs/using.md as a page, for whoever is signed in; /help#plans is the part about the plans."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape

from markupsafe import Markup
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import Response

from core.settings import ROOT
from dashboard.web.templates import plain_page

GUIDE = ROOT / "docs" / "using.md"
_MISSING = """# Guide

The guide did not come along with this installation: it is the file `docs/using.md` of Huddle's source. Ask whoever installed Huddle for it.
"""
_INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\*(.+?)\*"), r"<em>\1</em>"),
    (re.compile(r"\[([^\]]+)\]\([^)]+\)"), r"\1"),  # what it points to is a file of the source
)
_ITEM = re.compile(r"(?:(\d+)\.|-) (.+)")


class Help(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return plain_page("help.html", sheet="help.css", guide=Markup(guide_html()), parts=parts())  # noqa: S704  # our own file, escaped below


def mark_of(heading: str) -> str:
    """What stands behind the # of an address: `A payment link` → `a-payment-link`."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


@lru_cache(maxsize=1)
def parts() -> tuple[tuple[str, str], ...]:
    """(mark, heading) of every part of the guide."""
    headings = (line[3:] for line in _guide().splitlines() if line.startswith("## "))
    return tuple((mark_of(heading), heading) for heading in headings)


@lru_cache(maxsize=1)
def guide_html() -> str:
    """The guide as HTML: its headings, paragraphs, lists, bold words and code, which is all it uses."""
    blocks = re.split(r"\n\s*\n", _guide().strip())
    return "\n".join(line for block in blocks for line in _block(block))


def _guide() -> str:
    """The guide's own text; where a package was installed without it, a sentence that says so."""
    return GUIDE.read_text(encoding="utf-8") if GUIDE.is_file() else _MISSING


def _block(block: str) -> Iterator[str]:
    lines = block.splitlines()
    if heading := re.fullmatch(r"(#{1,3}) (.+)", lines[0]):
        level, words = len(heading[1]), heading[2]
        yield f'<h{level} id="{mark_of(words)}">{_words(words)}</h{level}>'
        lines = lines[1:]
    items = [_ITEM.fullmatch(line) for line in lines]
    if lines and items[0]:
        kind = "ol" if items[0][1] else "ul"
        texts = [f"<li>{_words(one[2])}</li>" if one else _words(line) for one, line in zip(items, lines, strict=True)]  # fmt: skip
        yield f"<{kind}>{''.join(texts)}</{kind}>"
    elif lines:
        yield f"<p>{_words(' '.join(lines))}</p>"


def _words(text: str) -> str:
    made = escape(text, quote=False)
    for pattern, by in _INLINE:
        made = pattern.sub(by, made)
    return made
