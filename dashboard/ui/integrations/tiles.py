"""The connections there are, one card each, and the systems that can be connected."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import streamlit as st
from sqlmodel import Session

from core import clock
from core.connections.by_hand import ask_for_sync
from core.connections.commands import pause, resume
from core.connections.models import ConnectionState, Kind
from core.connections.tiles import SyncNow, Tile, tiles
from core.jobs.background import sync_now
from core.permissions import Identity, Permission, may
from dashboard.ui import page, press
from dashboard.ui.components.tiles import Drawn, button, draw_tiles, line, tile
from dashboard.ui.integrations.guides import GROUPS, GUIDES, list_words
from dashboard.ui.integrations.places import go
from dashboard.wording.text import ago, count

TILES, OFFERED, PLACE = "connection tiles", "offered systems", "connection press"
_CHIPS: dict[str, tuple[str, str, str]] = {
    "syncing": ("Syncing", "note", "sync"),
    "good": ("Connected", "good", "check_circle"),
    "waiting": ("Not synced yet", "unknown", "hourglass_empty"),
    "old": ("Old", "medium", "history"),
    ConnectionState.FAILING: ("Failing", "high", "error"),
    ConnectionState.PAUSED: ("Paused", "unknown", "pause_circle"),
    ConnectionState.DISCONNECTED: ("Disconnected", "note", "link_off"),
    "by hand": ("Loaded by hand", "note", "upload_file"),
}


def standing(one: Tile) -> str:
    """In a word, how a connection stands: a key of the chips."""
    if one.now:
        return "syncing"
    if one.state == ConnectionState.PAUSED and not one.watches and not one.only_sends:
        return "by hand"
    if one.state != ConnectionState.CONNECTED:
        return one.state
    if one.only_sends:
        return "good"
    if one.synced_at is None:
        return "waiting"
    return "old" if one.stale else "good"


def chip_of(one: Tile) -> tuple[str, str, str]:
    """Words, severity and icon of how it stands."""
    return _CHIPS[standing(one)]


def going_words(now: SyncNow) -> str:
    """`Reading payments, 1,240 rows so far (list 6 of 7)`."""
    of = f" (list {min(now.done + 1, now.expected)} of {now.expected})" if now.expected else ""
    what = f"Reading {list_words(now.resource).lower()}" if now.resource else "Beginning"
    return f"{what}, {count(now.rows, 'row')} so far{of}"


def draw_connections(found: Sequence[Tile], who: Identity, as_of: datetime) -> None:
    """The cards of what is connected."""
    drawn = [_drawn(one, as_of, may(who.role, Permission.MANAGE_CONNECTIONS)) for one in found]
    draw_tiles(drawn, label="Connections", key=TILES, on_press=_press)
    press.say_error(PLACE)


def draw_offered(found: Sequence[Tile]) -> None:
    """What can be connected, in the order a practice sets itself up."""
    have = {one.kind for one in found if one.state != ConnectionState.DISCONNECTED}
    columns = st.columns(len(GROUPS), gap="small")
    for number, (column, (heading, kinds)) in enumerate(zip(columns, GROUPS, strict=True), 1):
        key = f"{OFFERED} {number}"
        with column:
            st.markdown(f"{number}. {heading}")
            cards = [_offered(kind, there=kind in have) for kind in kinds]
            draw_tiles(cards, label=heading, key=key, on_press=partial(_set_up, key))


def _offered(kind: Kind, *, there: bool) -> Drawn:
    guide = GUIDES[kind]
    label = "Add another" if there else "Set up"
    chip = ("Connected", "good", "check_circle") if there else None
    return tile(
        kind,
        guide.name,
        guide.icon,
        chip=chip,
        lines=[line(guide.does, "")],
        buttons=[button("set up", label, "add" if there else "settings", first=not there)],
    )


def _set_up(key: str) -> None:
    if pressed := st.session_state[key].press:
        go(set_up=str(pressed["id"]))


def _drawn(one: Tile, as_of: datetime, manages: bool) -> Drawn:
    chip = chip_of(one)
    guide = GUIDES[Kind(one.kind)]
    share = None if one.now is None or not one.now.expected else one.now.done / one.now.expected
    return tile(
        str(one.id),
        one.name,
        guide.icon,
        kind=guide.name if guide.name.casefold() != one.name.casefold() else "",
        chip=chip,
        tone=chip[1] if chip[1] in {"high", "medium", "unknown"} else "",
        lines=_lines(one, as_of),
        going=(going_words(one.now), share) if one.now else None,
        buttons=_buttons(one, manages),
    )


def _lines(one: Tile, as_of: datetime) -> list[Drawn]:
    made: list[Drawn] = []
    if one.now:
        made.append(line(going_words(one.now), "downloading"))
    elif one.only_sends:
        made.append(line(GUIDES[Kind(one.kind)].after_that, "send"))
    else:
        made.append(line(fresh_words(one, as_of), "schedule"))
    if one.last and one.last.error:
        made.append(line(one.last.error, "error", "high"))
    elif one.last:
        made.append(line(_counts(one), "database"))
    if one.quarantined:
        made.append(line(f"{count(one.quarantined, 'row')} could not be used", "rule", "medium"))
    return made


def fresh_words(one: Tile, as_of: datetime) -> str:
    """How fresh what it brought is: `Fresh as of 4 min ago`."""
    if one.synced_at is None:
        return "Nothing has been read to the end yet."
    words = ago(one.synced_at, as_of)
    return "Fresh as of now" if words == "now" else f"Fresh as of {words}"


def _counts(one: Tile) -> str:
    assert one.last is not None
    last = one.last
    set_aside = f", {last.quarantined:,} set aside" if last.quarantined else ""
    return f"Last sync: {count(last.rows_in, 'row')} in, {last.stored:,} stored, {last.unchanged:,} unchanged{set_aside}"


def _buttons(one: Tile, manages: bool) -> list[Drawn]:
    details = button("details", "Details", "chevron_right")
    if not manages:
        return [details]
    if one.state == ConnectionState.DISCONNECTED:
        return [button("again", "Connect again", "link", first=True), details]
    made: list[Drawn] = []
    if one.watches and one.state != ConnectionState.PAUSED:
        made.append(
            button("sync", "Sync now", "sync", first=standing(one) in {"old", "waiting"}, off=bool(one.now))
        )
    if standing(one) == "by hand":
        return [button("details", "Load files", "upload_file", first=True)]
    paused = one.state == ConnectionState.PAUSED
    made.append(
        button("resume", "Resume", "play_arrow", first=True) if paused else button("pause", "Pause", "pause")
    )
    return [*made, details]


def _press() -> None:
    pressed = st.session_state[TILES].press
    if not pressed:
        return
    act, connection_id = str(pressed["act"]), int(pressed["id"])
    if act == "details":
        go(connection=connection_id)
    elif act == "again":
        change(connection_id)
    elif act == "sync":
        begin_sync(connection_id, PLACE)
    elif act in {"pause", "resume"}:
        turn(connection_id, act, PLACE)


def change(connection_id: int) -> None:
    """Open the form of a connection that is there."""
    with page.open_reader() as session:
        found = next((one for one in tiles(session, now=clock.now()) if one.id == connection_id), None)
    if found:
        go(set_up=found.kind, connection=connection_id)


def begin_sync(connection_id: int, place: str, *, full: bool = False) -> None:
    """A sync in the background, if whoever presses may."""

    def act(session: Session, who: Identity) -> bool:
        ask_for_sync(session, who, connection_id, full=full)
        return True

    if press.run(place, act, "The sync has begun."):
        sync_now(page.engine(), connection_id, full=full)


def turn(connection_id: int, act: str, place: str) -> None:
    """Pause or resume."""
    command, words = (pause, "Paused.") if act == "pause" else (resume, "It syncs again.")

    def run(session: Session, who: Identity) -> None:
        command(session, connection_id, actor=who)

    press.run(place, run, words)
