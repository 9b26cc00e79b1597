"""`huddle`: the command line of CONTRACTS §1. Exit 0 on success, 1 when it ran and failed, 2 on bad usage.

Errors are one plain line on stderr, never a traceback (HUDDLE_DEBUG=1 shows it to a developer). `--store` and
`--json` may stand anywhere on the line. Heavy modules are imported by the command that needs them.
"""

import os
import sys
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import BadInput, HuddleError
from core.settings import settings

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="The practice's morning."
)
user_app = typer.Typer(no_args_is_help=True, help="Staff accounts.")
app.add_typer(user_app, name="user")
PORT = typer.Option(min=1, max=65_535)


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


def _store() -> Any:
    import core.tables  # noqa: F401  # a row may point into any of them
    from core.store.engine import open_store
    from core.store.migrate import migrate

    engine = open_store(settings().store)
    migrate(engine)
    return engine


def _store_that_is_there() -> Any:
    """For commands that only look: a mistyped address is told, and no empty store is made of it."""
    from core.store.engine import require_there

    require_there(settings().store)
    return _store()


@app.command()
def demo(
    port: Annotated[int | None, PORT] = None,
    sandbox_port: Annotated[int | None, PORT] = None,
    patients: int = 300,
    no_browser: Annotated[bool, typer.Option("--no-browser")] = False,
) -> None:
    """A fresh demo practice, the sandbox processors, first sync, dashboard and worker, all in one go.

    On ports 8501 and 8600, or on free ones when those are taken.
    """
    from dashboard.demo import run_demo

    raise typer.Exit(
        run_demo(port=port, sandbox_port=sandbox_port, patients=patients, browser=not no_browser)
    )


@app.command()
def serve(host: str = "127.0.0.1", port: Annotated[int, PORT] = 8501) -> None:
    """Bring the store up to date, then serve the dashboard, the public routes and the embedded worker."""
    from core.connections.commands import require_key
    from core.store.engine import reader
    from dashboard.serve import serve as run

    with reader(_store()) as session:
        require_key(session)
    raise typer.Exit(run(host, port))


@app.command()
def worker(
    at_once: Annotated[int, typer.Option(min=1, max=32, help="jobs that run at the same time here")] = 4,
) -> None:
    """A worker alone on a PostgreSQL store, any number of them; `huddle serve` runs beside them with HUDDLE_WORKER=false."""
    from core.connections.commands import require_key
    from core.jobs.distributed import run_worker
    from core.logs import configure
    from core.store.engine import reader

    engine = _store()
    with reader(engine) as session:
        require_key(session)
    configure()
    run_worker(engine, at_once=at_once)


@app.command()
def sandbox(
    port: Annotated[int, PORT] = 8600,
    folder: Path = Path("data/sandbox-state"),
    seed: int = 7,
    patients: int = 300,
    locations: int = 1,
    today: str = "",
) -> None:
    """The sandbox processors alone, with a seeded practice behind them."""
    from data.sandbox.app import serve as run

    day = _day(today) if today else None  # the practice's own today, in its zone
    run(port=port, folder=folder, seed=seed, patients=patients, locations=locations, today=day)


@app.command("connect")
def connect_command(
    kind: str,
    values: Annotated[list[str] | None, typer.Argument(metavar="key=value …")] = None,
    name: str = "",
    secrets_stdin: Annotated[
        bool, typer.Option("--secrets-stdin", help="read key=value lines from stdin")
    ] = False,
) -> None:
    """Add or change a connection after a real test call (fortis, cash_practice, cliniko, practice_files …)."""
    from core.connections.commands import check, connect, split_secrets
    from core.connections.postbacks import have_it_report
    from core.secrets import without_keys
    from core.store.engine import transaction

    given = dict(_pair(value, f"value {number}") for number, value in enumerate(values or [], 1))
    if secrets_stdin:
        lines = enumerate(sys.stdin.read().splitlines(), 1)
        given |= dict(_pair(line, f"line {number} of stdin") for number, line in lines if line.strip())
    engine = _store()
    plain, secret = split_secrets(kind, given)
    try:
        found = check(kind, plain, secret)
    except HuddleError as error:  # a key may stand in the wrong place, and an error goes to logs
        raise HuddleError(without_keys(error.sentence, [*given, *given.values()])) from None
    with transaction(engine) as session:
        made = connect(
            session, kind=kind, name=name or kind.replace("_", " "), settings=plain, secrets=secret
        )
        answer = {"connection": made.name, "kind": made.kind, "state": made.state, "check": found}
        connection_id = made.id or 0
    told = have_it_report(engine, connection_id) if kind == "fortis" else ""
    if OUT.json:
        OUT.document(answer | ({"reports": told} if told else {}))
    OUT.line(f"Connected “{answer['connection']}”. {found}{f' {told}' if told else ''}")


@app.command()
def sync(connection: Annotated[str, typer.Argument()] = "", full: bool = False) -> None:
    """Run sync now; prints rows in, stored, unchanged, quarantined per resource."""
    from core.jobs.sync import sync_by_name
    from core.jobs.tasks.refresh import refresh_tasks_now

    store = _store_that_is_there()
    results = sync_by_name(store, connection, full=full, progress=None if OUT.json else OUT.progress)
    refresh_tasks_now(store)
    if OUT.json:
        OUT.document({"runs": [result.as_json() for result in results]})
    for result in results:
        OUT.line(result.sentence())
    if any(result.error for result in results):
        raise HuddleError("; ".join(dict.fromkeys(r.error for r in results if r.error)))


@app.command("import")
def import_command(
    path: Path,
    profile: Annotated[str, typer.Option("--as", help="whose export it is: jane, acuity, cliniko …")] = "",
    answer: Annotated[
        list[str] | None, typer.Option("--answer", metavar="KEY=VALUE", help="an answer the profile asks for")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="these files hold everything: what they no longer hold is gone")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, keep nothing")] = False,
) -> None:
    """Load practice files or an EHR's own export: a folder, a zip or one file; the same again changes nothing."""
    from core.jobs.ehr_exports.entry import import_path

    answers = dict(_pair(text, f"--answer {number}") for number, text in enumerate(answer or [], 1))
    result = import_path(_store(), path, profile=profile, answers=answers, whole=whole, dry_run=dry_run)
    if OUT.json:
        OUT.document(result.as_json())
    OUT.line(result.as_text())
    if errors := result.errors:
        raise HuddleError(" ".join(errors))


@app.command("missing")
def missing_command(
    number: Annotated[int, typer.Argument(help="of the list; none: show the list")] = 0,
    answer: Annotated[str, typer.Argument(metavar="gone|keep", help="what became of the rows")] = "",
) -> None:
    """Rows that a source no longer sends and that stay until a person says so: list them, or answer."""
    import core.tables  # noqa: F401 (an answer is written down, with who gave it)
    from core.connections.losses import answer_loss, open_losses
    from core.store.engine import reader, transaction

    store = _store_that_is_there()
    if not number:
        with reader(store) as session:
            losses = open_losses(session)
        if OUT.json:
            OUT.document({"missing": [loss._asdict() for loss in losses]})
        for loss in losses:
            OUT.line(f"{loss.id}: {loss.sentence}")
        return
    if answer not in {"gone", "keep"}:
        raise typer.BadParameter("say what became of them: gone or keep")
    with transaction(store) as session:
        rows = answer_loss(session, None, number, gone=answer == "gone")
    if OUT.json:
        OUT.document({"missing": number, "answer": answer, "rows": rows})
    OUT.line(f"{rows:,} rows {'are gone' if answer == 'gone' else 'stay'}.")


@app.command("export")
def export_command(folder: Path) -> None:
    """Write everything an EHR or a processor told us as practice files into an empty folder."""
    from core.jobs.practice_files.export import export_practice
    from core.store.engine import reader

    with reader(_store_that_is_there()) as session:
        rows = export_practice(session, folder)
    if OUT.json:
        OUT.document({"folder": str(folder), "files": rows})
    for file, count in rows.items():
        OUT.line(f"{file}: {count:,} {'row' if count == 1 else 'rows'}")


@app.command("import-fhir")
def import_fhir_command(
    where: Annotated[str, typer.Argument(metavar="PATH_OR_URL")],
    time_zone: Annotated[str, typer.Option(help="of places that name none, e.g. America/Denver")] = "",
) -> None:
    """Load FHIR R4: an NDJSON or bundle file, a folder of them, or a server; the same again changes nothing."""
    from core.jobs.fhir.run import import_fhir

    result = import_fhir(_store(), where, time_zone=time_zone, progress=None if OUT.json else OUT.progress)
    if OUT.json:
        OUT.document(result.as_json())
    OUT.line(result.as_text())
    if result.errors:
        raise HuddleError(" ".join(result.errors))


@app.command()
def report(
    name: str,
    day: Annotated[str, typer.Option("--date", help="YYYY-MM-DD, default: the date of --as-of")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="ISO instant; without offset it is local")] = "",
    location: Annotated[str, typer.Option(help="the location's id; default: every location")] = "",
    form: Annotated[str, typer.Option("--format", help="table, json or csv")] = "table",
) -> None:
    """A report (morning, patients, cards, arrears, memberships) exactly as the page shows it."""
    from core.reports import as_file
    from core.reports.by_name import REPORTS, report_by_name
    from core.store.engine import reader

    if name not in REPORTS:
        raise typer.BadParameter(f"there is no report “{name}”; there are {', '.join(REPORTS)}")
    if form not in {"table", "json", "csv"}:
        raise typer.BadParameter(f"--format is table, json or csv, not {form}")
    with reader(_store_that_is_there()) as session:
        made = report_by_name(session, name, day=_day(day) if day else None, as_of=as_of, location=location)
    if OUT.json or form == "json":
        OUT.document(as_file.as_json(made))
    elif form == "csv":
        OUT.file(as_file.as_csv(made))
    else:
        print(as_file.as_table(made))


@user_app.command("add")
def user_add(
    name: str,
    role: Annotated[str, typer.Option(help="owner, office manager, front desk or provider")],
    display_name: str = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin")] = False,
) -> None:
    """Add a staff account; the password comes from a prompt or --password-stdin."""
    from core.staff.commands import add_staff
    from core.store.engine import transaction
    from dashboard.web.passwords import hash_password

    asked = sys.stdin.readline().rstrip("\n") if password_stdin else typer.prompt("Password", hide_input=True)
    hashed = hash_password(asked)
    with transaction(_store()) as session:
        staff = add_staff(
            session, None, username=name, display_name=display_name or name, role=role, password_hash=hashed
        )
        answer = {"user": staff.username, "role": staff.role}
    if OUT.json:
        OUT.document(answer)
    OUT.line(f"Added {answer['user']} as {answer['role']}.")


@user_app.command("reset-second-step")
def user_reset_second_step(name: str) -> None:
    """For somebody who has lost their phone and their recovery codes: the password alone lets them in again."""
    from core.staff.second_step import reset
    from core.store.engine import transaction

    with transaction(_store_that_is_there()) as session:
        reset(session, name)
    if OUT.json:
        OUT.document({"user": name})
    OUT.line(f"{name} signs in with the password alone again.")


@user_app.command("list")
def user_list() -> None:
    """Staff accounts with their roles."""
    from core.staff.reports import staff_list
    from core.store.engine import reader

    with reader(_store_that_is_there()) as session:
        people = [
            {
                "user": s.username,
                "name": s.display_name,
                "role": s.role,
                "disabled": not s.enabled,
            }
            for s in staff_list(session)
        ]
    if OUT.json:
        OUT.document({"users": people})
    for person in people:
        OUT.line(
            f"{person['user']:<20} {person['role']:<16} {person['name']}{'  (disabled)' if person['disabled'] else ''}"
        )


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE_OR_FOLDER")],
    passphrase_stdin: Annotated[
        bool, typer.Option("--passphrase-stdin", help="in place of the key file for backups")
    ] = False,
) -> None:
    """Back the store up while Huddle runs: sealed under a key of its own, and read back after writing."""
    from core.backups.commands import back_up
    from core.jobs.backups import backup_secret

    fresh = not passphrase_stdin and not settings().backup_key_file.exists()
    secret = sys.stdin.readline().rstrip("\n") if passphrase_stdin else backup_secret(make=True)
    made = back_up(_store_that_is_there(), target, secret)
    if OUT.json:
        OUT.document({"file": str(made.path), "bytes": made.size, "seconds": round(made.seconds, 1)})
    OUT.line(f"Backed up to {made.path} ({made.size:,} bytes), and read back in {made.seconds:.1f} s in all.")
    if fresh:
        OUT.line(f"It is sealed under {settings().backup_key_file}. Keep a copy of that file elsewhere.")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE")],
    passphrase_stdin: Annotated[bool, typer.Option("--passphrase-stdin")] = False,
) -> None:
    """Put a backup in the place of the store; the store that was there is kept aside. Stop Huddle first."""
    from core.backups.commands import restore as put_back
    from core.jobs.backups import backup_secret

    secret = sys.stdin.readline().rstrip("\n") if passphrase_stdin else backup_secret(make=False)
    done = put_back(settings().store, source, secret)
    if OUT.json:
        told = {"made_at": done.made_at.isoformat(), "kept": done.aside, "stops": done.stops}
        OUT.document({**told, "in_doubt": done.doubtful})
    OUT.line(done.sentence())


@app.command("rotate-key")
def rotate_key_command() -> None:
    """Seal every stored secret under a new key; a dashboard that runs meanwhile goes on."""
    from core.jobs.rotate_key import rotate_key

    done = rotate_key(_store_that_is_there())
    if OUT.json:
        OUT.document({"secrets": done.secrets})
    OUT.line(done.sentence())


@app.command()
def doctor() -> None:
    """What is set up, what is missing, what is stale; exit 1 if something is wrong."""
    from core.doctor import examine
    from core.store.engine import reader

    with reader(_store_that_is_there()) as session:
        findings = examine(session)
    if OUT.json:
        OUT.document({"findings": [{"ok": f.ok, "what": f.what, "do": f.do} for f in findings]})
    for finding in findings:
        OUT.line(
            f"{'ok   ' if finding.ok else 'WRONG'}  {finding.what}{f'  {finding.do}' if finding.do else ''}"
        )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"“{text}” is not a date such as 2026-11-23") from None


def _pair(text: str, where: str) -> tuple[str, str]:
    """The two sides of `key=value`; what does not look so is not repeated, it may be a secret."""
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{where} is not of the form key=value")
    return key.strip(), value.strip()


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


if __name__ == "__main__":
    main()
