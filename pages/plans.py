"""Plans: who is behind and since when, what was promised, what the next thirty days bring in, and what is held."""

import streamlit as st

from core.links.rules import LinkKind
from dashboard.ui import page
from dashboard.ui.card_updates.blast_draft import ask_all, links_sent
from dashboard.ui.components import board, headline
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.plans import board as plan_board
from dashboard.ui.plans import held as held_list
from dashboard.ui.plans import incoming as incoming_list
from dashboard.ui.plans import list as plan_list
from dashboard.ui.plans.reads import plans_report
from dashboard.ui.reads import freshness
from dashboard.ui.toolbar import list_toolbar
from dashboard.wording.text import plain

SCREEN, NUMBERS = "plans", "plans numbers"
PRESSED, AT = "plans pressed", "plans at"


@page.body(60)
def plans() -> None:
    """The whole page, drawn again by itself; a refresh keeps search, filter, place and the open drawer."""
    _plans()


def _plans() -> None:
    who = page.identity()
    pressed = st.session_state.get(PRESSED, "")
    holds = pressed in (held_list.PREPAID, held_list.CREDITS)
    bar = list_toolbar(
        who,
        SCREEN,
        _from_the_start,
        export=pressed if holds else "arrears",
        orders=plan_list.ORDERS,
        print_view="" if holds else "/print/plans",
    )
    found = plans_report(bar.location_of(who))
    headline.draw_headline(
        key=NUMBERS,
        label="Who is behind and what comes in, press one to see it",
        cards=[
            *plan_list.numbers(found.report.rows, pressed),
            *incoming_list.numbers(found.coming, pressed),
            *held_list.numbers(found.prepaid.rows, found.credits.rows, pressed),
        ],
        sources=freshness(),
        on_press=_press,
    )
    window = incoming_list.window_of(pressed)
    with bar.menu:
        if window and window.id == "fail":  # what will fail is mended with another card, before it does
            ask_all(who, [row.key for row in found.coming[window.id] if row.key], kind=LinkKind.CARD, origin="Likely to fail")  # fmt: skip
        elif not window and not holds:
            rows = plan_list.matching(found.report.rows, pressed, bar.search)
            ask_all(who, [row.key for row in rows], kind=LinkKind.PAY, origin="Plans")
            links_sent(who)
    at = st.session_state.get(AT, 1)
    shown = (
        plan_board.held(found, pressed, bar.may_see, at)
        if holds
        else plan_board.coming(found, window, bar.may_see, at)
        if window
        else plan_board.behind(found, pressed, bar.search, bar.order, bar.may_see, at)
    )
    if shown.remark:
        st.markdown(plain(shown.remark, 400))
    board.draw_board(
        shown.board, key=plan_board.BOARD, on_open=lambda: patient_card.open_from(plan_board.BOARD)
    )
    if shown.pages > 1:
        st.pagination(shown.pages, key=AT)
    patient_card.draw_drawer(plan_board.BOARD, who, bar.may_see)


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[PRESSED] = "" if pressed in (st.session_state.get(PRESSED), "behind") else pressed
        _from_the_start()


def _from_the_start() -> None:
    st.session_state[AT] = 1


plans()
