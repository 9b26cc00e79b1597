"""Invoices: every invoice, payment link and new-card link with its life, and a new invoice with its PDF beside it."""

import streamlit as st

from core import clock
from core.permissions import Identity
from core.practice.reports import places
from core.reports.links import link_ledger, link_totals
from dashboard.ui import page, press
from dashboard.ui.asking import actions as asking
from dashboard.ui.components import board, headline
from dashboard.ui.invoices import list as link_list
from dashboard.ui.invoices import new_invoice
from dashboard.ui.output import list_menu
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.privacy import sight_with_switch
from dashboard.ui.reads import freshness
from dashboard.wording.columns import place_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count

BOARD, NUMBERS = "invoices board", "invoices numbers"
SEARCH, KIND, PRESSED, AT = "invoices search", "invoices kind", "invoices pressed", "invoices at"
LIMIT = 50


@page.body(60)
def invoices() -> None:
    """The whole page, drawn again by itself; a refresh keeps search, filter, place and the open drawer."""
    _invoices()


def _invoices() -> None:
    press.refresh_what_changed()
    who = page.identity()
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search",
            key=SEARCH,
            placeholder="Name, or invoice number",
            label_visibility="collapsed",
            type="search",
            live="200ms",
            icon=":material/search:",
            width=260,
            max_chars=60,
            on_change=_from_the_start,
        )
        kind = st.segmented_control(
            "Kind", list(link_list.KINDS), key=KIND, default="", required=True,
            format_func=lambda one: link_list.KINDS[one], label_visibility="collapsed", on_change=_from_the_start,
        )  # fmt: skip
        st.space("stretch")
        may_see = sight_with_switch(who)
        list_menu("links", None, who, may_see)
        st.button("New invoice", type="primary", icon=":material/add:", on_click=new_invoice.start)
    with page.open_reader() as session:
        offered = places(session, who.location_id)
    zone = offered[0].time_zone if offered else "UTC"
    new_invoice.new_invoice(who, may_see, zone)
    _ledger(who, may_see, zone, search.strip(), kind or "")
    patient_card.draw_drawer(BOARD, who, may_see)


def _ledger(who: Identity, may_see: MaySee, zone: str, search: str, kind: str) -> None:
    pressed, at = st.session_state.get(PRESSED, ""), st.session_state.get(AT, 1)
    kinds, states = ((kind,) if kind else ()), link_list.states_of(pressed)
    now = clock.now()
    with page.open_reader() as session:
        totals = link_totals(session, who, kinds=kinds, search=search)
        lines = link_ledger(
            session,
            who,
            as_of=now,
            kinds=kinds,
            states=states,
            search=search,
            offset=(at - 1) * LIMIT,
            limit=LIMIT,
        )
    headline.draw_headline(
        key=NUMBERS,
        label="What was asked for, press one to see it",
        cards=link_list.numbers(totals, pressed),
        sources=freshness(),
        on_press=_press,
    )
    total = sum(found.links for state, found in totals.items() if not states or state in states)
    place = place_of(zone)
    board.draw_board(
        board.Board(
            caption="Invoices, payment links and new-card links",
            words=f"{count(total, 'link')}, newest first" if total else "",
            view=f"{search} {kind} {pressed} {at} {may_see}",
            columns=link_list.HEADS,
            rows=[link_list.drawn(line, place, may_see) for line in lines],
            empty=link_list.why_empty(narrowed=bool(search or kind or pressed)),
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=_open,
    )
    if total > LIMIT:
        st.pagination(-(-total // LIMIT), key=AT)


def _open() -> None:
    """The drawer of the patient, with the pressed link on top."""
    pressed = st.session_state[BOARD].open
    if pressed:
        patient_card.open_from(BOARD)
        asking.ask(int(pressed["key"]), "send", link=int(str(pressed["id"]).removeprefix("link ")))


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[PRESSED] = "" if pressed == st.session_state.get(PRESSED) else pressed
        _from_the_start()


def _from_the_start() -> None:
    st.session_state[AT] = 1


invoices()
