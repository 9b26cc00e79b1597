"""The tab “Cards to mend”: whose card will fail, the most dollars first, tied to the next draft."""

import streamlit as st

from core.links.rules import LinkKind
from dashboard.ui import page
from dashboard.ui.card_updates.blast_draft import ask_all
from dashboard.ui.card_updates.card_troubles import drawn, heads, matching, numbers, seen_by, why_empty
from dashboard.ui.components import board, headline
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.reads import Cards, cards_to_mend, freshness
from dashboard.ui.toolbar import list_toolbar
from dashboard.wording.columns import place_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count

SCREEN, BOARD, NUMBERS = "card updates", "cards board", "cards numbers"
TROUBLE, AT = "cards trouble", "cards at"
LIMIT = 50


@page.body(60)
def cards_tab() -> None:
    """The whole tab, drawn again by itself; a refresh keeps search, filter, place and the open drawer."""
    _cards()


def _cards() -> None:
    who = page.identity()
    bar = list_toolbar(
        who, SCREEN, _from_the_start, export="cards", placeholder="Name, or last four of card or mobile"
    )
    found = cards_to_mend(bar.location_of(who))
    trouble = st.session_state.get(TROUBLE, "")
    headline.draw_headline(
        key=NUMBERS,
        label="What is wrong with the cards, press one to filter",
        cards=numbers(found.report.rows, trouble, bar.may_see),
        sources=freshness(),
        on_press=_press,
    )
    if not found.known and found.report.rows:
        st.warning("No source of cards has answered for three days: others may have ended meanwhile.")
    with bar.menu:
        shown = matching(found.report.rows, trouble, bar.search)
        ask_all(who, [row.key for row in shown], kind=LinkKind.CARD, origin="Cards to mend")
    _board(found, bar.search, trouble, bar.may_see)
    patient_card.draw_drawer(BOARD, who, bar.may_see)


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


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[TROUBLE] = "" if pressed in (st.session_state.get(TROUBLE), "all") else pressed
        _from_the_start()


def _from_the_start() -> None:
    st.session_state[AT] = 1
