"""`huddle report`: what a page shows, as a table, JSON or CSV."""

from typing import Annotated

import typer

from dashboard.cli.output import OUT, day_of, store_that_is_there


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
    with reader(store_that_is_there()) as session:
        made = report_by_name(session, name, day=day_of(day) if day else None, as_of=as_of, location=location)
    if OUT.json or form == "json":
        OUT.document(as_file.as_json(made))
    elif form == "csv":
        OUT.file(as_file.as_csv(made))
    else:
        print(as_file.as_table(made))
