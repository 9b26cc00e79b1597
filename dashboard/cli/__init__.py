"""`huddle`: the command line of CONTRACTS §1. Exit 0 on success, 1 when it ran and failed, 2 on bad usage.

Errors are one plain line on stderr, never a traceback (HUDDLE_DEBUG=1 shows it to a developer). `--store` and
`--json` may stand anywhere on the line. Heavy modules are imported by the command that needs them.
"""

import os
import sys
from io import TextIOWrapper

import typer

from core.errors import BadInput, HuddleError
from core.settings import settings
from dashboard.cli import accounts, running, sources, upkeep
from dashboard.cli.output import OUT
from dashboard.cli.reports import report

COMMANDS = {
    "demo": running.demo,
    "serve": running.serve,
    "worker": running.worker,
    "sandbox": running.sandbox,
    "connect": sources.connect_source,
    "sync": sources.sync,
    "import": sources.import_files,
    "missing": sources.missing,
    "export": sources.export_files,
    "import-fhir": sources.import_fhir_files,
    "report": report,
    "backup": upkeep.backup,
    "restore": upkeep.restore,
    "rotate-key": upkeep.rotate_key,
    "doctor": upkeep.doctor,
}
ACCOUNT_COMMANDS = {
    "add": accounts.add,
    "reset-second-step": accounts.reset_second_step,
    "list": accounts.list_accounts,
}

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="The practice's morning."
)
account_app = typer.Typer(no_args_is_help=True, help="Staff accounts.")
app.add_typer(account_app, name="user")
for name, command in COMMANDS.items():
    app.command(name)(command)
for name, command in ACCOUNT_COMMANDS.items():
    account_app.command(name)(command)


def _global_options(words: list[str]) -> list[str]:
    """Take `--store URL` and `--json` from anywhere on the line; the rest is the command's."""
    rest: list[str] = []
    line = iter(words)
    for word in line:
        if word == "--json":
            OUT.json = True
        elif word == "--store" or word.startswith("--store="):
            url = word.partition("=")[2] if "=" in word else next(line, "")
            if not url:
                raise BadInput("--store needs an address: sqlite:///path or postgresql+psycopg://…")
            os.environ["HUDDLE_STORE"] = url
            settings.cache_clear()
        else:
            rest.append(word)
    return rest


def main() -> None:
    """The console command. Turns what went wrong into one line and an exit code."""
    os.umask(0o077)  # stores, keys, backups and exports are for this user alone
    for stream in (sys.stdout, sys.stderr):  # a terminal without a sign for a letter gets “?”, never an error
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app(args=_global_options(sys.argv[1:]))
    except HuddleError as error:
        _fail(error.sentence, error)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        _fail(
            f"Something unexpected happened ({type(error).__name__}). Run it again with HUDDLE_DEBUG=1.",
            error,
        )


def _fail(sentence: str, error: Exception) -> None:
    if os.environ.get("HUDDLE_DEBUG"):
        raise error
    print(f"huddle: {sentence}", file=sys.stderr)
    raise SystemExit(1)
