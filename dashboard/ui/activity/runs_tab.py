"""The tab “Syncs”: what the last sync of every connection brought, and the rows that could not be used."""

from itertools import groupby

import streamlit as st
from sqlmodel import Session

from core import clock
from core.backups.reports import Standing, backups
from core.connections.reports import BadRow, Run, quarantined, runs
from core.connections.tiles import latest_runs, tiles
from core.errors import HuddleError
from dashboard.ui import page
from dashboard.ui.components.rows import Cell, chip_cell, draw_rows
from dashboard.ui.integrations.guides import list_words
from dashboard.ui.note import note
from dashboard.wording.text import ago, count, plain

MOST = 50


@st.fragment(run_every=30)
def runs_tab() -> None:
    """The latest run of each list, connection by connection."""
    try:
        page.identity()
        with page.open_reader() as session:
            found = [
                (one.name, _latest(session, one.id))
                for one in tiles(session, now=clock.now())
                if not one.only_sends
            ]
            bad = quarantined(session, limit=MOST)
            earlier = runs(session, limit=MOST)
            stand = backups(session, now=clock.now())
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")
        return
    _backups(stand)
    if not any(latest for _, latest in found):
        note("Nothing has been synced yet. Connect the practice's systems on Integrations.")
    for name, latest in found:
        if latest:
            st.markdown(f"**{plain(name, 60)}**")
            _table(latest, f"runs {name}", named=False)
    _quarantine(bad)
    if earlier:
        with st.expander("Every run, newest first", icon=":material/history:"):
            _table(earlier, "every run", named=True)


def _backups(stand: Standing) -> None:
    """When the practice could go back to, if the machine were lost now."""
    words = f"Last good backup: {ago(stand.at, clock.now())}" if stand.at else "No backup was ever made"
    trouble = f" The last try failed: {plain(stand.trouble, 300)}" if stand.trouble else ""
    if stand.too_old or trouble:
        st.warning(f"{words}.{trouble}", icon=":material/backup:")
    else:
        st.caption(f":material/backup: {words}.")


def _latest(session: Session, connection_id: int) -> list[Run]:
    """The last run of each list of a connection, in the order they ran."""
    several = len(latest_runs(session, connection_id))
    return list(reversed(runs(session, connection_id=connection_id, limit=several))) if several else []


def _table(given: list[Run], key: str, *, named: bool) -> None:
    heads = ["List", "When", "Rows in", "Stored", "Unchanged", "Set aside", "Outcome"]
    draw_rows(
        ["Connection", *heads] if named else heads,
        [[run.connection, *_run(run)] if named else _run(run) for run in given],
        caption="What the sync did",
        key=key,
        numbers=[place + named for place in (2, 3, 4, 5)],
        short=[1 + named],
    )


def _run(run: Run) -> list[Cell]:
    outcome: Cell = {
        "done": chip_cell("Done", "good", "check_circle"),
        "running": chip_cell("Reading", "note", "sync"),
    }.get(run.state) or chip_cell("Stopped", "high", "error", run.error)
    counts = [f"{number:,}" for number in (run.rows_in, run.stored, run.unchanged, run.quarantined)]
    return [list_words(run.resource), ago(run.started_at, clock.now()), *counts, outcome]


def _quarantine(bad: list[BadRow]) -> None:
    st.markdown("**Rows that could not be used**")
    if not bad:
        note("None: every row that came in is used.")
        return
    note(
        f"{count(len(bad), 'row')} shown, kept until mended where they come from. They never stop the others."
    )
    for name, rows in groupby(sorted(bad, key=lambda row: row.connection), key=lambda row: row.connection):
        draw_rows(
            ["Connection", "List", "Which", "Why", "Since"],
            [_bad_row(row) for row in rows],
            caption=f"Rows of {name} that could not be used",
            key=f"bad rows of {name}",
            short=[0, 1, 4],
        )


def _bad_row(row: BadRow) -> list[Cell]:
    at = f"line {row.line}" if row.line else ""
    which = ", ".join(word for word in (row.external_id, at) if word) or "–"
    why = f"{row.column.replace('_', ' ')}: {row.reason}" if row.column else row.reason
    return [row.connection, list_words(row.resource), which, why, ago(row.first_seen_at, clock.now())]
