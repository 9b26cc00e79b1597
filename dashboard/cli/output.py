"""What every command of `huddle` shares: how it speaks, which store it opens, and how a word of the line is read."""

import sys
from datetime import date
from io import TextIOWrapper
from typing import Any

import typer

from core.settings import settings


class Output:
    """What `--json` decided, and the two ways a command speaks."""

    json: bool = False

    def document(self, value: dict[str, Any]) -> None:
        from core.reports.as_file import dumps

        self.file(dumps(value) + "\n")

    def file(self, text: str) -> None:
        """A document for other programs: UTF-8, whatever letters the terminal knows."""
        if isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.isatty():
            sys.stdout.reconfigure(encoding="utf-8")
        print(text, end="")

    def line(self, text: str) -> None:
        if not self.json:
            print(text)

    def progress(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


OUT = Output()


def store_made() -> Any:
    """The practice's store, made and brought up to date where it has to be."""
    import core.tables  # noqa: F401  # a row may point into any of them
    from core.store.engine import open_store
    from core.store.migrate import migrate

    engine = open_store(settings().store)
    migrate(engine)
    return engine


def store_that_is_there() -> Any:
    """For commands that only look: a mistyped address is told, and no empty store is made of it."""
    from core.store.engine import require_there

    require_there(settings().store)
    return store_made()


def day_of(text: str) -> date:
    """A day as the line gives it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"“{text}” is not a date such as 2026-11-23") from None


def pair(text: str, where: str) -> tuple[str, str]:
    """The two sides of `key=value`; what does not look so is not repeated, it may be a secret."""
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{where} is not of the form key=value")
    return key.strip(), value.strip()
