"""Moving to Fortis: the list of old and new ids, the day it begins, and the cards that did not come along."""

from collections import Counter
from datetime import date, timedelta

import streamlit as st
from sqlmodel import Session

from core import clock
from core.blasts.conditions import Condition, conditions
from core.connections.models import ConnectionState, Kind
from core.connections.tiles import Tile, tiles
from core.errors import HuddleError
from core.integrations.ehr_exports.sheets import sheets_of
from core.integrations.moved_ids import IdTable, id_table
from core.matching.moved import MovedLine, Outcome, moved_lines, take_moved_ids
from core.permissions import Identity, Permission, require
from core.postings.commands import start_from
from core.postings.reports import PostingStatus, postings_standing
from core.postings.rules import FURTHEST_BACK
from core.practice.reports import places
from dashboard.ui import page, press
from dashboard.ui.components.rows import draw_rows
from dashboard.ui.integrations.places import back, go
from dashboard.ui.note import note
from dashboard.wording.text import count, day_words, plain, shown

LINKING, STARTING, DROPPED, DAY = "moved ids", "posting begins", "list of the move", "go-live day"
MOST = 100


def moving_kit(who: Identity) -> None:
    """The whole part of the page. Raises NotAllowed."""
    require(who.role, Permission.MANAGE_CONNECTIONS)
    back()
    st.subheader("Moving to Fortis")
    with page.open_reader() as session:
        there = [
            one for one in tiles(session, now=clock.now())
            if one.kind == Kind.FORTIS and one.state != ConnectionState.DISCONNECTED
        ]  # fmt: skip
    fortis = there[-1] if there else None
    with st.container(border=True):
        _connected(fortis)
    if fortis is None:
        return
    with st.container(border=True):
        _list(fortis, who)
    with st.container(border=True):
        _begins(who)
    with st.container(border=True):
        _cards(who)


def _connected(fortis: Tile | None) -> None:
    st.markdown("**1. Fortis is connected**")
    if fortis is None:
        note(
            "Not yet. Connect it first; leave the old processor connected until the last card has come along."
        )
        st.button("Connect Fortis", icon=":material/add:", type="primary", on_click=go, args=(Kind.FORTIS,))
        return
    read = "read to the end" if fortis.synced_at else "not read to the end yet: wait for its first sync"
    note(
        f"{plain(fortis.name, 60)} is {read}. Leave the old processor connected until the last card has come along."
    )


def _list(fortis: Tile, who: Identity) -> None:
    st.markdown("**2. Whose card is whose: the list of old and new ids**")
    note(
        "Whoever moves your cards hands over a table (CSV or Excel) with the old id and the Fortis id of each person or card. "
        "Huddle links each to its patient. Only these two columns are kept, never a card number."
    )
    given = st.file_uploader("Drop the list here", type=["csv", "tsv", "txt", "xlsx", "zip"], key=DROPPED)
    if given is not None:
        _columns(fortis, given.name, given.getvalue())
    press.say_error(LINKING)
    with page.open_reader() as session:
        lines = moved_lines(session, fortis.id)
    if lines:
        _linked(lines)


def _columns(fortis: Tile, name: str, data: bytes) -> None:
    try:
        table = id_table(sheets_of([(name, data)]))
    except HuddleError as error:
        st.error(plain(error.sentence, 300), icon=":material/error:")
        return
    left, right = st.columns(2)
    at = list(range(len(table.names)))
    old = left.selectbox(
        "Old id", at, index=table.old, format_func=lambda one: _example(table, one), key="moved old"
    )
    new = right.selectbox(
        "Fortis id", at, index=table.new, format_func=lambda one: _example(table, one), key="moved new"
    )
    pairs, without = table.pairs(old, new) if old != new else ([], len(table.rows))
    if without:
        note(
            f"{count(without, 'row')} of {len(table.rows):,} without both ids, or with one that a spreadsheet has shortened."
        )
    st.button(
        f"Link these {len(pairs):,}",
        key=LINKING,
        type="primary",
        icon=":material/link:",
        disabled=not pairs,
        on_click=_take,
        args=(fortis.id, pairs),
    )


def _example(table: IdTable, at: int) -> str:
    """The name of a column with what stands in it."""
    some = next((row[at] for row in table.rows if row[at]), "empty")
    return f"{shown(table.names[at] or f'column {at + 1}', 40)} (such as {shown(some, 30)})"


def _take(connection_id: int, pairs: list[tuple[str, str]]) -> None:
    def act(session: Session, who: Identity) -> tuple[MovedLine, ...]:
        return take_moved_ids(session, who, connection_id=connection_id, pairs=pairs)

    press.run(LINKING, act, "The list is kept; what a later sync brings is linked by itself.")


def _linked(lines: tuple[MovedLine, ...]) -> None:
    left = [line for line in lines if line.outcome != Outcome.LINKED]
    st.markdown(f":material/link: **Linked {len(lines) - len(left):,} of {len(lines):,}**")
    if not left:
        return
    for outcome, number in Counter(line.outcome for line in left).most_common():
        note(f"{number:,}: {outcome}.")
    with st.expander(f"The {len(left):,} that are not linked", icon=":material/link_off:"):
        draw_rows(
            ["Old id", "Fortis id", "Why"],
            [[line.old_id, line.new_id, line.outcome] for line in left[:MOST]],
            caption="Not linked", key="not linked",
        )  # fmt: skip
        if len(left) > MOST:
            note(f"The first {MOST} are shown.")
    st.page_link(
        "../pages/linking.py", label="Link them by hand", icon=":material/arrow_forward:", width="content"
    )


def _begins(who: Identity) -> None:
    st.markdown("**3. The first day on Fortis**")
    with page.open_reader() as session:
        found = postings_standing(session, who.practice_id, as_of=clock.now())
        offered = places(session, who.location_id)
    if not found:
        note("Payments are not posted by Huddle: Genesis is not connected. Nothing to do here.")
        return
    today = clock.today(offered[0].time_zone if offered else "UTC")
    for one in found:
        _start(one, today)
    press.say_error(STARTING)


def _start(one: PostingStatus, today: date) -> None:
    if one.is_on:
        note(f"{plain(one.name, 60)} posts payments since {day_words(one.date_start or today)}.")
        return
    note(
        "What the old processor took was posted by it. From this day on Huddle posts what Fortis takes, once each."
    )
    day = st.date_input(
        "First day on Fortis",
        value=max(one.date_start or one.saved_start or today, today - FURTHEST_BACK),
        min_value=today - FURTHEST_BACK,
        max_value=today + timedelta(days=366),
        format="MM/DD/YYYY",
        key=f"{DAY} {one.connection_id}",
        width=260,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Keep this day", key=f"keep {one.connection_id}", icon=":material/event_available:", on_click=_keep,
                  args=(one.connection_id, day))  # fmt: skip
        st.page_link(
            "../pages/activity.py", label="Look at what would be posted, and turn it on", icon=":material/arrow_forward:",
            query_params={"tab": "Posting"}, width="content",
        )  # fmt: skip
    if one.date_start:
        note(f"Kept: {day_words(one.date_start)}. Posting is still off.")


def _keep(connection_id: int, day: date) -> None:
    def act(session: Session, who: Identity) -> bool:
        start_from(session, who, connection_id=connection_id, date_start=day)
        return True

    press.run(STARTING, act, "Kept. Posting begins once you turn it on.")


def _cards(who: Identity) -> None:
    st.markdown("**4. Cards that did not come along**")
    with page.open_reader() as session:
        found = conditions(session, location_id=who.location_id, as_of=clock.now())
    number = len(found.get(Condition.OLD_PROCESSOR, ()))
    if not number:
        note("Nobody has a card at the old processor alone.")
        return
    note(f"{count(number, 'patient')} {'has' if number == 1 else 'have'} a card at the old processor alone.")
    st.page_link(
        "../pages/card_updates.py",
        label="Ask them for their card",
        icon=":material/campaign:",
        query_params={"tab": "Ask for new cards", "who": Condition.OLD_PROCESSOR.name},
        width="content",
    )
