"""Memberships: who is over- or under-booked, who has nothing booked, and what to do about visits beyond them."""

import streamlit as st

from core.links.rules import LinkKind
from core.permissions import Identity
from core.reports.head import Report
from dashboard.ui import page
from dashboard.ui.card_updates.blast_draft import ask_all
from dashboard.ui.choices import choices, choose
from dashboard.ui.components import board, headline
from dashboard.ui.memberships import list as members_list
from dashboard.ui.memberships.list import HEADS, ORDERS, drawn_member, in_order, numbers, seen_by, why_empty
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.reads import freshness, memberships_report
from dashboard.ui.toolbar import list_toolbar
from dashboard.wording.columns import place_of
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count

SCREEN, BOARD, NUMBERS = "memberships", "memberships board", "memberships numbers"
TROUBLE, AT = "memberships trouble", "memberships at"
LIMIT = 50


@page.body(60)
def members() -> None:
    """The whole page, drawn again by itself; a refresh keeps search, filter, place and the open drawer."""
    _members()


def _members() -> None:
    who = page.identity()
    bar = list_toolbar(who, SCREEN, _from_the_start, export="memberships", orders=ORDERS)
    report = memberships_report(bar.location_of(who))
    trouble = st.session_state.get(TROUBLE, "")
    headline.draw_headline(
        key=NUMBERS,
        label="What is wrong with the memberships, press one to filter",
        cards=numbers(report.rows, trouble),
        sources=freshness(),
        on_press=_press,
    )
    with bar.menu:
        shown = members_list.members(report.rows, trouble, bar.search)
        ask_all(who, [one.lead.key for one in shown], kind=LinkKind.CARD, origin="Memberships")
    _board(report, bar.search, trouble, bar.order, who, bar.may_see)
    patient_card.draw_drawer(BOARD, who, bar.may_see, first="plans")


def _board(report: Report, search: str, trouble: str, order: str, who: Identity, may_see: MaySee) -> None:
    rows = in_order(members_list.members(report.rows, trouble, search), order)
    at = min(st.session_state.get(AT, 1), max(1, -(-len(rows) // LIMIT)))
    shown = rows[(at - 1) * LIMIT : at * LIMIT]
    place = place_of(report.time_zone, report.day)
    first, last = (at - 1) * LIMIT + 1, (at - 1) * LIMIT + len(shown)
    part = f", {first:,} to {last:,} shown" if len(rows) > LIMIT else ""
    board.draw_board(
        board.Board(
            caption="Memberships with something to say",
            words=f"{count(len(rows), 'member')}, {ORDERS[order].lower()}{part}",
            view=f"{report.location} {trouble} {search} {order} {at} {may_see}",
            columns=HEADS,
            rows=[drawn_member(_seen(one, may_see), place) for one in shown],
            empty=why_empty(
                loaded=any(source.synced_at for source in report.sources),
                trouble=trouble,
                narrowed=bool(search),
            ),
            fold=not trouble and order == "worst",
            quiet_open=bool(choices(who, SCREEN).get("quiet")),
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=lambda: patient_card.open_from(BOARD),
        on_fold=lambda: choose(who, SCREEN, quiet=bool(st.session_state[BOARD].fold)),
    )
    if len(rows) > LIMIT:
        st.pagination(-(-len(rows) // LIMIT), key=AT)


def _seen(one: members_list.Member, may_see: MaySee) -> members_list.Member:
    return members_list.Member(seen_by(one.lead, may_see), tuple(seen_by(row, may_see) for row in one.more))


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[TROUBLE] = "" if pressed in (st.session_state.get(TROUBLE), "all") else pressed
        _from_the_start()


def _from_the_start() -> None:
    st.session_state[AT] = 1


members()
