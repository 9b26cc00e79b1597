"""The tab “Reconciliation”: the processor's payments against the ledger, by day, with what to do about each row."""

from datetime import date, timedelta
from urllib.parse import urlencode

import streamlit as st

from core import clock
from core.money import dollars
from core.permissions import Identity, Permission, may
from core.postings.reconcile import BookDay, Books, reconcile
from core.practice.reports import LocationChoice, places
from core.store.engine import reader
from core.store.version import data_version
from dashboard.ui import page
from dashboard.ui.activity import books_bar, books_list
from dashboard.ui.components import board, headline
from dashboard.ui.components.rows import draw_rows
from dashboard.ui.note import note
from dashboard.ui.patient import drawer as patient_card
from dashboard.ui.place_picker import place_picker
from dashboard.ui.privacy import sight_with_switch
from dashboard.ui.reads import freshness
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import day_words

SCREEN, BOARD, NUMBERS = "activity", "books board", "books numbers"
DAYS, PRESSED, AT, DAY = "books days", "books pressed", "books at", "books day"
SHOWN_DAYS, MOST_DAYS, LIMIT = 14, 92, 50


@st.cache_resource(max_entries=16, ttl=120, show_spinner=False)
def _books(
    store: str, version: int, practice_id: int, location_id: int | None, first: date, last: date
) -> Books:
    """Once per change of the data, shared by all who look."""
    with reader(page.engine()) as session:
        return reconcile(
            session,
            practice_id=practice_id,
            first=first,
            last=last,
            as_of=clock.now(),
            location_id=location_id,
        )


@page.body(30)
def books_tab() -> None:
    """The whole tab, drawn again by itself; a refresh keeps days, filter, ticks, place and the open drawer."""
    _tab()


def _tab() -> None:
    who = page.identity()
    with page.open_reader() as session:
        offered, version = places(session, who.location_id), data_version(session)
    today = clock.today(offered[0].time_zone if offered else "UTC")
    with st.container(horizontal=True, vertical_alignment="center"):
        first, last = _days(today)
        place = place_picker(offered, who, SCREEN, _from_the_start)
        st.space("stretch")
        may_see = sight_with_switch(who)
        _export(who, first, last, place, may_see)
    location = place.key if place else who.location_id
    with st.spinner("Comparing…"):
        books = _books(str(page.engine().url), version, who.practice_id, location, first, last)
    pressed, day = st.session_state.get(PRESSED, ""), _chosen_day(books)
    headline.draw_headline(
        key=NUMBERS,
        label="Processor against ledger, press a number to see its rows",
        cards=books_list.numbers(books, pressed),
        sources=freshness(),
        on_press=_press,
    )
    _by_day(books, today)
    lines, at = books_list.matching(books, pressed, day), st.session_state.get(AT, 1)
    rows = lines[(at - 1) * LIMIT : at * LIMIT]
    books_bar.books_bar(who, [line.payment_id for line in rows if line.payment_id is not None])
    ticked = books_bar.ticked()
    board.draw_board(
        board.Board(
            caption="Processor against ledger",
            words=books_list.list_words(lines, (at - 1) * LIMIT, len(rows), len(lines)),
            view=f"{first} {last} {pressed} {day} {at} {location} {may_see}",
            columns=books_list.HEADS,
            rows=[books_list.drawn(line, place, may_see, ticked, today) for place, line in enumerate(rows)],
            empty=books_list.why_empty(pressed, known=bool(books.days), narrowed=day is not None),
            back=patient_card.closed(BOARD),
        ),
        key=BOARD,
        on_open=_open,
        on_tick=lambda: books_bar.tick(BOARD),
    )
    if len(lines) > LIMIT:
        st.pagination(-(-len(lines) // LIMIT), key=AT)
    patient_card.draw_drawer(BOARD, who, may_see)


def _days(today: date) -> tuple[date, date]:
    """The chosen days; while only the first is chosen, that one alone."""
    chosen = st.date_input(
        "Days",
        value=(today - timedelta(days=SHOWN_DAYS - 1), today),
        max_value=today,
        format="MM/DD/YYYY",
        key=DAYS,
        label_visibility="collapsed",
        width=240,
        on_change=_from_the_start,
    )
    picked = [chosen] if isinstance(chosen, date) else list(chosen)
    first, last = (picked[0], picked[-1]) if picked else (today, today)
    return max(first, last - timedelta(days=MOST_DAYS - 1)), last


def _by_day(books: Books, today: date) -> None:
    """Each day's sums; a day can be picked to see only its rows."""
    if not books.days:
        return
    off = [day for day in books.days if day.difference_cents]
    words = f"By day: {len(off)} of {len(books.days)} differ" if off else "By day: every day agrees"
    with st.expander(words, icon=":material/calendar_month:"):
        st.selectbox(
            "Show the rows of",
            [day.day for day in books.days],
            index=None,
            placeholder="Rows of: every day",
            format_func=day_words,
            key=DAY,
            label_visibility="collapsed",
            width=220,
            on_change=_back_to_first,
        )
        draw_rows(
            ["Day", "Payments", "Processor", "Ledger", "Difference", "Ledger only"],
            [_day_row(day, today) for day in books.days],
            caption="Processor against ledger by day",
            key="books by day",
            numbers=[1, 2, 3, 4, 5],
            short=[0],
        )
        note(
            "“Ledger only” is cash, checks and what was typed by hand: no processor knows it, so it is no difference."
        )


def _day_row(day: BookDay, today: date) -> list[str]:
    words = "Today" if day.day == today else day_words(day.day)
    cents = (day.processor_cents, day.ledger_cents, day.difference_cents, day.ledger_only_cents)
    return [words, f"{day.payments:,}", *(dollars(one) for one in cents)]


def _chosen_day(books: Books) -> date | None:
    chosen = st.session_state.get(DAY)
    return chosen if chosen in {day.day for day in books.days} else None


def _export(who: Identity, first: date, last: date, place: LocationChoice | None, may_see: MaySee) -> None:
    if not may(who.role, Permission.EXPORT):
        return
    asked = {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "location": place.external_id if place else "",
    }
    query = urlencode(asked | ({"initials": "1"} if may_see.initials else {}))
    with st.popover("Export", icon=":material/download:"):
        address = f"/export/books.csv?{query}"
        st.link_button("Spreadsheet (CSV)", address, icon=":material/download:", width="stretch")


def _open() -> None:
    """The drawer of the patient; a payment that is linked to nobody has none."""
    pressed = st.session_state[BOARD].open
    if pressed and pressed.get("key") is not None:
        patient_card.open_from(BOARD)


def _press() -> None:
    pressed = st.session_state[NUMBERS].press
    if pressed is not None:
        st.session_state[PRESSED] = "" if pressed in ("apart", st.session_state.get(PRESSED)) else pressed
        _back_to_first()


def _from_the_start() -> None:
    st.session_state.pop(DAY, None)
    _back_to_first()


def _back_to_first() -> None:
    st.session_state[AT] = 1
