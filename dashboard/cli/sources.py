"""Commands that bring in what other systems know, and give it out: connect, sync, import, missing, export."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.errors import HuddleError
from dashboard.cli.output import OUT, pair, store_made, store_that_is_there


def connect_source(
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

    given = dict(pair(value, f"value {number}") for number, value in enumerate(values or [], 1))
    if secrets_stdin:
        lines = enumerate(sys.stdin.read().splitlines(), 1)
        given |= dict(pair(line, f"line {number} of stdin") for number, line in lines if line.strip())
    engine = store_made()
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


def sync(connection: Annotated[str, typer.Argument()] = "", full: bool = False) -> None:
    """Run sync now; prints rows in, stored, unchanged, quarantined per resource."""
    from core.jobs.sync import sync_by_name
    from core.jobs.tasks.refresh import refresh_tasks_now

    store = store_that_is_there()
    results = sync_by_name(store, connection, full=full, progress=None if OUT.json else OUT.progress)
    refresh_tasks_now(store)
    if OUT.json:
        OUT.document({"runs": [result.as_json() for result in results]})
    for result in results:
        OUT.line(result.sentence())
    if any(result.error for result in results):
        raise HuddleError("; ".join(dict.fromkeys(r.error for r in results if r.error)))


def import_files(
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

    answers = dict(pair(text, f"--answer {number}") for number, text in enumerate(answer or [], 1))
    result = import_path(store_made(), path, profile=profile, answers=answers, whole=whole, dry_run=dry_run)
    if OUT.json:
        OUT.document(result.as_json())
    OUT.line(result.as_text())
    if errors := result.errors:
        raise HuddleError(" ".join(errors))


def missing(
    number: Annotated[int, typer.Argument(help="of the list; none: show the list")] = 0,
    answer: Annotated[str, typer.Argument(metavar="gone|keep", help="what became of the rows")] = "",
) -> None:
    """Rows that a source no longer sends and that stay until a person says so: list them, or answer."""
    import core.tables  # noqa: F401 (an answer is written down, with who gave it)
    from core.connections.losses import answer_loss, open_losses
    from core.store.engine import reader, transaction

    store = store_that_is_there()
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


def export_files(folder: Path) -> None:
    """Write everything an EHR or a processor told us as practice files into an empty folder."""
    from core.jobs.practice_files.export import export_practice
    from core.store.engine import reader

    with reader(store_that_is_there()) as session:
        rows = export_practice(session, folder)
    if OUT.json:
        OUT.document({"folder": str(folder), "files": rows})
    for file, count in rows.items():
        OUT.line(f"{file}: {count:,} {'row' if count == 1 else 'rows'}")


def import_fhir_files(
    where: Annotated[str, typer.Argument(metavar="PATH_OR_URL")],
    time_zone: Annotated[str, typer.Option(help="of places that name none, e.g. America/Denver")] = "",
) -> None:
    """Load FHIR R4: an NDJSON or bundle file, a folder of them, or a server; the same again changes nothing."""
    from core.jobs.fhir.run import import_fhir

    result = import_fhir(
        store_made(), where, time_zone=time_zone, progress=None if OUT.json else OUT.progress
    )
    if OUT.json:
        OUT.document(result.as_json())
    OUT.line(result.as_text())
    if result.errors:
        raise HuddleError(" ".join(result.errors))
