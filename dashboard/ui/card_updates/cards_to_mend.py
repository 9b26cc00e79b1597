"""The tab “Cards to mend”: whose card will fail, the most dollars first, tied to the next draft."""

import streamlit as st

from core.links.rules import LinkKind
from core.permissions import Identity
from core.practice.reports import LocationChoice, places
from dashboard.ui import page
from dashboard.ui.card_updates.blast_draft import ask_all
from dashboard.ui.card_updates.card_troubles import drawn, heads, matching, numbers, seen_by, why_empty
from dashboard.ui.choices import choices, choose
from dashboard.ui.components import board, headline
from dashboard.ui.output import list_menu
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.privacy import sight_with_switch
from dashboard.ui.reads import Cards, cards_to_mend, freshness
from dashboard.wording.columns import place_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, plain

SCREEN, BOARD, NUMBERS = "card updates", "cards board", "cards numbers"
SEARCH, TROUBLE, AT, PLACE = "cards search", "cards trouble", "cards at", "cards place"
EVERYWHERE, LIMIT = "", 50


@page.body(60)
def cards_tab() -> None:
    """The whole tab, drawn again by itself; a refresh keeps search, filter, place and the open drawer."""
    _cards()


def _cards() -> None:
    who = page.identity()
    with page.open_reader() as session:
        offered = places(session, who.location_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search",
            key=SEARCH,
            placeholder="Name, or last four of card or mobile",
            label_visibility="collapsed",
            type="search",
            live="200ms",
            icon=":material/search:",
            width=340,
            max_chars=60,
            on_change=_from_the_start,
        )
        place = _place_picker(offered, who)
        st.space("stretch")
        may_see = sight_with_switch(who)
        menu = st.container(horizontal=True, width="content")
        with menu:
            list_menu("cards", place, who, may_see)
    found = cards_to_mend(place.key if place else who.location_id)
    trouble = st.session_state.get(TROUBLE, "")
    headline.draw_headline(
        key=NUMBERS,
        label="What is wrong with the cards, press one to filter",
        cards=numbers(found.report.rows, trouble, may_see),
        sources=freshness(),
        on_press=_press,
    )
    if not found.known and found.report.rows:
        st.warning("No source of cards has answered for three days: others may have ended meanwhile.")
    with menu:
        shown = matching(found.report.rows, trouble, search.strip())
        ask_all(who, [row.key for row in shown], kind=LinkKind.CARD, origin="Cards to mend")
    _board(found, search.strip(), trouble, may_see)
    patient_card.draw_drawer(BOARD, who, may_see)


def _board(found: Cards, search: str, trouble: str, may_see: MaySee) -> None:
    report, at = found.report, st.session_state.get(AT, 1)
    rows = matching(report.rows, trouble, search)
    shown = rows[(at - 1) * LIMIT : at * LIMIT]
    place = place_of(report.time_zone, report.day)
    first, last = (at - 1) * LIMIT + 1, (at - 1) * LIMIT + len(shown)
    part = f", {first:,} to {last:,} shown" if len(rows) > LIMIT else ""
    board.draw_board(
        board.Board(
            caption="Patients whose card needs a person",
            words=f"{count(len(rows), 'patient')}, the most dollars that will fail first{part}",
            view=f"{report.location} {trouble} {search} {at} {may_see}",
            columns=heads(may_see),
            rows=[drawn(seen_by(row, may_see), place) for row in shown],
            empty=why_empty(
                loaded=any(source.synced_at for source in report.sources),
                known=found.known,
                trouble=trouble,
                narrowed=bool(search),
            ),
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=lambda: patient_card.open_from(BOARD),
    )
    if len(rows) > LIMIT:
        st.pagination(-(-len(rows) // LIMIT), key=AT)


def _place_picker(offered: list[LocationChoice], who: Identity) -> LocationChoice | None:
    """The location chosen for this screen, remembered; None = every location of this person."""
    if len(offered) < 2:
        return None
    names = {EVERYWHERE: "All locations", **{one.external_id: one.name for one in offered}}
    wanted = choices(who, SCREEN).get("location", EVERYWHERE)
    st.session_state[PLACE] = wanted if wanted in names else EVERYWHERE
    st.selectbox(
        "Location",
        list(names),
        key=PLACE,
        format_func=lambda key: plain(names[key], 40),
        label_visibility="collapsed",
        width=220,
        on_change=lambda: _choose_place(who),
    )
    return next((one for one in offered if one.external_id == st.session_state[PLACE]), None)


def _choose_place(who: Identity) -> None:
    choose(who, SCREEN, location=st.session_state[PLACE])
    _from_the_start()


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[TROUBLE] = "" if pressed in (st.session_state.get(TROUBLE), "all") else pressed
        _from_the_start()


def _from_the_start() -> None:
    st.session_state[AT] = 1
