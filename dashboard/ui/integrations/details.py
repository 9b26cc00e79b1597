"""One connection: how it stands, what is set, what its syncs did, the rows it could not use, and ending it."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from core import clock
from core.connections.clerk_keys import WANTED_BY
from core.connections.commands import disconnect
from core.connections.fields import label_of
from core.connections.models import ConnectionState, Kind
from core.connections.reports import BadRow, Run, quarantined, runs
from core.connections.tiles import Tile, known_fields, latest_runs, tiles
from core.errors import NotFound
from core.jobs.background import begun
from core.permissions import Identity, Permission, may
from core.staff.reports import time_zone
from dashboard.ui import page, press
from dashboard.ui.components.rows import Cell, chip_cell, draw_rows
from dashboard.ui.integrations.clerk_keys import clerk_keys
from dashboard.ui.integrations.file_drop import file_drop
from dashboard.ui.integrations.form import said_before
from dashboard.ui.integrations.guides import GUIDES, list_words
from dashboard.ui.integrations.missing_rows import missing_rows
from dashboard.ui.integrations.places import back
from dashboard.ui.integrations.tiles import (
    begin_sync,
    change,
    chip_of,
    fresh_words,
    going_words,
    standing,
    turn,
)
from dashboard.ui.note import note
from dashboard.wording.text import ago, clock_time, count, day_words, plain

PLACE, MOST = "one connection", 50
WHILE_SYNCING, OTHERWISE = 1, 5  # seconds between two looks
_BADGES = {"good": "green", "high": "orange", "medium": "yellow", "unknown": "gray", "note": "gray"}


def connection_details(connection_id: int, who: Identity) -> None:
    """The whole part of the page. Raises NotFound."""
    one = _tile(connection_id)
    manages = may(who.role, Permission.MANAGE_CONNECTIONS)
    back()
    said_before()
    st.session_state[_going_key(connection_id)] = one.now is not None
    st.fragment(standing_now, run_every=WHILE_SYNCING if one.now else OTHERWISE)(connection_id)
    if manages:
        _actions(one)
    missing_rows(connection_id, manages=manages)
    if one.kind in WANTED_BY and one.state != ConnectionState.DISCONNECTED:
        clerk_keys(connection_id, who)
    if one.kind == Kind.PRACTICE_FILES and manages:
        file_drop(connection_id)
    left, right = st.columns([2, 3], gap="large")
    with left:
        _settings(one)
    with right:
        _syncs(one)
    _bad_rows(one, manages)


def _tile(connection_id: int) -> Tile:
    with page.open_reader() as session:
        for one in tiles(session, now=clock.now()):
            if one.id == connection_id:
                return one
    raise NotFound("There is no such connection any more.")


def standing_now(connection_id: int) -> None:
    """Name, state, freshness, and how far a sync is; drawn again by itself, the whole page once a sync has ended."""
    page.identity()
    one = _tile(connection_id)
    words, severity, icon = chip_of(one)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(one.name, 60), width="content")
        st.badge(words, icon=f":material/{icon}:", color=_BADGES[severity])  # type: ignore[arg-type]  # one of its colours
        if not one.only_sends:
            st.markdown(fresh_words(one, clock.now()), width="content")
    if one.now:
        words = plain(going_words(one.now))
        if one.now.expected:
            st.progress(min(one.now.done / one.now.expected, 1.0), text=words)
        else:
            st.markdown(f":material/downloading: {words}")
    work = begun(page.engine(), f"sync {connection_id}")
    if work and work.error and not one.now:
        st.error(plain(work.error, 400), icon=":material/error:")
    if (one.now is not None) != st.session_state[_going_key(connection_id)]:
        st.rerun()


def _going_key(connection_id: int) -> str:
    """Session state: whether the page was drawn while a sync went on."""
    return f"going {connection_id}"


def _actions(one: Tile) -> None:
    key = one.id
    with st.container(horizontal=True, vertical_alignment="center"):
        if one.state == ConnectionState.DISCONNECTED:
            st.button("Connect again", icon=":material/link:", type="primary", on_click=change, args=(key,))
            return
        if one.watches and one.state != ConnectionState.PAUSED:
            st.button(
                "Sync now",
                key="sync one",
                icon=":material/sync:",
                type="primary",
                on_click=begin_sync,
                args=(key, PLACE),
            )
            st.button(
                "Read everything again",
                key="sync one whole",
                icon=":material/restart_alt:",
                on_click=lambda: begin_sync(key, PLACE, full=True),
                help="Reads it all, tries the rows again that could not be used, and finds what was deleted there.",
            )
        if standing(one) != "by hand":
            act = "resume" if one.state == ConnectionState.PAUSED else "pause"
            st.button(
                act.capitalize(),
                key=f"{act} one",
                icon=":material/play_arrow:" if act == "resume" else ":material/pause:",
                on_click=turn,
                args=(key, act, PLACE),
            )
        words = "Give it a folder" if standing(one) == "by hand" else "Change settings or keys"
        st.button(words, key="change one", icon=":material/edit:", on_click=change, args=(key,))
        if st.button("Disconnect…", key="end one", icon=":material/link_off:"):
            _ask(one)
    press.say_error(PLACE)


@st.dialog("Disconnect")
def _ask(one: Tile) -> None:
    st.markdown(f"**{plain(one.name, 60)}** will not be used any more.")
    st.markdown(
        "- Its keys are erased here. To use it again, paste them again.\n"
        "- What it brought stays: patients, visits, cards and payments, growing old visibly.\n"
        "- Nothing changes in the other system. End the user or key there too, if nobody else uses it."
    )
    if st.button(
        "Disconnect", key="end it", type="primary", icon=":material/link_off:", on_click=_end, args=(one.id,)
    ):
        st.rerun()  # closes the question


def _end(connection_id: int) -> None:
    def act(session: Session, who: Identity) -> None:
        disconnect(session, connection_id, actor=who)

    press.run(PLACE, act, "Disconnected. Its keys are erased.")


def _settings(one: Tile) -> None:
    with page.open_reader() as session:
        settings, masked = known_fields(session, one.id)
    st.markdown("**Settings and keys**")
    cells: list[Sequence[Cell]] = [
        [label_of(name, one.kind), value] for name, value in settings.items() if value
    ]
    cells += [[label_of(name, one.kind), value or "none"] for name, value in masked.items()]
    if not cells:
        note("Nothing is set: its files were loaded by hand.")
        return
    draw_rows(["Field", "Value"], cells, caption="Settings and keys", key=f"set {one.id}", short=[0])
    if masked:
        note("Keys are encrypted where they are kept; only their last four characters are ever shown.")


def _syncs(one: Tile) -> None:
    if one.only_sends:
        st.markdown("**What it does**")
        note(GUIDES[Kind(one.kind)].does)
        return
    with page.open_reader() as session:
        zone = time_zone(session)
        latest = {run.id for run in latest_runs(session, one.id)}
        every = runs(session, connection_id=one.id, limit=MOST)
    st.markdown("**Last sync**")
    if not every:
        note("Nothing has been synced yet.")
        return
    _run_rows(list(reversed(every[: len(latest)])), f"last sync {one.id}", zone)
    if earlier := every[len(latest) :]:
        with st.expander("Earlier syncs", icon=":material/history:"):
            _run_rows(earlier, f"earlier syncs {one.id}", zone)


def _run_rows(given: list[Run], key: str, zone: str) -> None:
    draw_rows(
        ["List", "When", "Rows in", "Stored", "Unchanged", "Set aside", "Outcome"],
        [_run(run, zone) for run in given],
        caption="What the sync did",
        key=key,
        numbers=[2, 3, 4, 5],
        short=[1],
    )


def _run(run: Run, zone: str) -> list[Cell]:
    outcome: Cell = {
        "done": chip_cell("Done", "good", "check_circle"),
        "running": chip_cell("Reading", "note", "sync"),
    }.get(run.state) or chip_cell("Stopped", "high", "error", run.error)
    counts = [f"{number:,}" for number in (run.rows_in, run.stored, run.unchanged, run.quarantined)]
    return [list_words(run.resource), _when(run.started_at, zone), *counts, outcome]


def _when(at: datetime, zone: str) -> str:
    words = ago(at, clock.now())
    return words if "day" not in words else f"{day_words(clock.local_date(at, zone))}, {clock_time(at, zone)}"


def _bad_rows(one: Tile, manages: bool) -> None:
    with page.open_reader() as session:
        rows = quarantined(session, connection_id=one.id, limit=MOST)
    if one.only_sends:
        return
    st.markdown("**Rows that could not be used**")
    if not rows:
        note("None: every row that came in is used.")
        return
    shown = f", the latest {MOST} of them below" if one.quarantined > MOST else ""
    note(
        f"{count(one.quarantined, 'row')} kept until mended where they come from{shown}. They never stop the others."
    )
    draw_rows(
        ["List", "Which", "Why", "Since"],
        [_bad_row(row) for row in rows],
        caption="Rows that could not be used",
        key=f"bad rows {one.id}",
        short=[0, 3],
    )
    if manages and one.watches and one.state in {ConnectionState.CONNECTED, ConnectionState.FAILING}:
        st.button(
            "Try them again",
            key="try again",
            icon=":material/replay:",
            on_click=lambda: begin_sync(one.id, PLACE, full=True),
        )


def _bad_row(row: BadRow) -> list[Cell]:
    at = f"line {row.line}" if row.line else ""
    which = ", ".join(word for word in (row.external_id, at) if word) or "–"
    why = f"{row.column.replace('_', ' ')}: {row.reason}" if row.column else row.reason
    return [list_words(row.resource), which, why, ago(row.first_seen_at, clock.now())]
