"""The tab “Set-up”: what is still missing, the page's address, which types are offered, and who prepays."""

import io
from functools import partial
from typing import Any

import segno
import streamlit as st
from sqlmodel import Session

from core.booking.commands import offer_type, save_booking_rules, switch_booking
from core.booking.costs import Charge
from core.booking.missing import Lack, Missing
from core.booking.models import OnlineType
from core.booking.reports import SetUp, TypeRow, booking_setup, snippet
from core.money import short_dollars
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.ui.booking import prepay, type_editor
from dashboard.ui.components import board
from dashboard.ui.note import note
from dashboard.wording.text import count, plain, shown

BOARD, RULES, TURN = "types board", "booking rules", "turn a type"
HEADS = [
    {"key": "who", "label": "Appointment type", "kind": "who"},
    {"key": "state", "label": "Online", "kind": "text"},
    {"key": "providers", "label": "Providers", "kind": "text"},
    {"key": "pays", "label": "Patient pays", "kind": "text"},
    {"key": "say", "label": "Missing", "kind": "say"},
]
# where a press on the button of a missing thing leads; what is not here is a type's own editor
LEADS = {
    Lack.PROCESSOR: ("../pages/integrations.py", {"set_up": "fortis"}),
    Lack.MESSAGES: ("../pages/integrations.py", {"set_up": "email"}),
    Lack.HOURS: ("../pages/booking.py", {"tab": "Hours"}),
}
PUBLIC_ADDRESS = (
    "Huddle must be reachable from the internet under a name of yours. Set it up as docs/running.md says, then start "
    "Huddle with `HUDDLE_PUBLIC_URL=https://huddle.example.com`. This goes away by itself."
)


@page.body(60)
def setup_tab() -> None:
    """The whole tab, drawn again by itself; what is being typed stays."""
    press.refresh_what_changed()
    who = page.identity()
    with page.open_reader() as session:
        found = booking_setup(session, practice_id=who.practice_id)
    _missing(found)
    _address(found)
    _types(found)
    _rules(found)
    type_editor.draw(found)


def _missing(found: SetUp) -> None:
    """What nobody can book without, a button each; good news when there is nothing."""
    press.say_error(TURN)
    blocking = [one for one in found.missing if one.blocks]
    if not found.missing:
        st.success("Everything is ready: patients can book online.", icon=":material/check_circle:")
        return
    words = (
        f"{count(len(blocking), 'thing is', 'things are')} missing before patients can book"
        if blocking
        else "Patients can book"
    )
    st.markdown(f"**{words}**")
    for place, one in enumerate(found.missing):
        with st.container(horizontal=True, vertical_alignment="center"):
            icon = ":material/error:" if one.blocks else ":material/info:"
            st.markdown(f"{icon} {plain(one.sentence, 300)}", width="stretch")
            _mend(one, place, found)


def _mend(one: Missing, place: int, found: SetUp) -> None:
    label = one.lack.value.capitalize()
    if one.lack in LEADS:
        page_file, query = LEADS[one.lack]
        st.page_link(page_file, label=label, query_params=query, width="content")
    elif one.online_type_id is not None:
        st.button(label, key=f"mend {place}", on_click=type_editor.open_type, args=(one.online_type_id,))
    elif one.lack is Lack.SWITCH:
        st.button(label, key=f"mend {place}", icon=":material/play_arrow:", on_click=_open_booking)
    elif one.lack is Lack.TYPE:
        _offer_one(label, found)
    elif one.lack is Lack.PUBLIC_ADDRESS:
        with st.popover(label, icon=":material/public:"):
            st.markdown(PUBLIC_ADDRESS)


def _offer_one(label: str, found: SetUp) -> None:
    """Every type that is not offered yet; a press offers it, switched off, and opens its drawer."""
    with st.popover(label, icon=":material/add:"):
        for row in found.types:
            if row.online_type_id is None:
                st.button(
                    shown(row.name, 60), key=f"offer {row.appointment_type_id}", type="tertiary", on_click=_offer,
                    args=(row.appointment_type_id,),
                )  # fmt: skip
        if not found.types:
            note("Appointment types come with the EHR's data. Connect it under Integrations first.")


def _open_booking() -> None:
    def act(session: Session, who: Identity) -> bool:
        switch_booking(session, who, on=True)
        return True

    press.run(TURN, act, "Online booking is open.")


def _address(found: SetUp) -> None:
    """The page's address as a link, a QR code and a snippet, and as a patient sees it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.link_button("See it as a patient", "/book?preview=1", icon=":material/visibility:")
        if found.url:
            st.code(found.url, language=None)
    if not found.url:
        note(
            "With a public address (HUDDLE_PUBLIC_URL) the link, a QR code and a snippet for your site stand here."
        )
        return
    with st.expander("QR code and snippet for your own site", icon=":material/qr_code_2:"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.image(qr_code(found.url), width=180, caption="For the front desk or a card")
            st.download_button(
                "Download the QR code", partial(qr_code, found.url), "book-online.png", "image/png", icon=":material/download:",
                on_click="ignore",
            )  # fmt: skip
        note("Paste this into your site. It only shows on the sites that are named below.")
        st.code(snippet(), language="html")


def qr_code(url: str) -> bytes:
    """The address as a PNG, large enough to print."""
    out = io.BytesIO()
    segno.make(url, error="m").save(out, kind="png", scale=8, border=2)
    return out.getvalue()


def _types(found: SetUp) -> None:
    names = {each.provider_id: each.name for each in found.providers}
    board.draw_board(
        board.Board(
            caption="Appointment types and how they are offered online",
            words=f"{count(len(found.types), 'appointment type')} in the EHR; press one to offer it or change how",
            view="types",
            columns=HEADS,
            rows=[type_row(row, names) for row in found.types],
            empty=(
                "No appointment types yet",
                "They come with the EHR's data. Connect it under Integrations.",
            ),
            back=st.session_state.get(type_editor.CLOSED),
        ),
        key=BOARD,
        on_open=_open,
    )


def type_row(row: TypeRow, providers: dict[int, str]) -> dict[str, object]:
    """One type as the board draws it. providers: names by store id."""
    taken = [providers[one] for one in row.provider_ids if one in providers]
    lacks = " ".join(one.sentence for one in row.missing) or " ".join(row.warnings)
    return {
        "id": f"type {row.appointment_type_id}",
        "key": row.appointment_type_id,
        "severity": "medium" if row.online_type_id and row.missing else "",
        "quiet": row.online_type_id is None,
        "cells": {
            "who": {"name": shown(row.name, 60), "sub": count(row.minutes, "minute")},
            "state": {
                "words": "On" if row.is_on else "Off" if row.online_type_id else "Not offered",
                "sub": row.who if row.online_type_id else "",
            },
            "providers": {"words": shown(", ".join(taken), 80) or "–", "sub": ""},
            "pays": {"words": pays_words(row), "sub": ""},
            "say": {"words": shown(lacks, 300) if row.online_type_id else "", "calm": not row.missing},
        },
    }


def pays_words(row: TypeRow) -> str:
    """`Nothing`, `$60 deposit`, `$85 before booking`, `$85 held until the visit`, `Card on file`."""
    if row.online_type_id is None:
        return "–"
    price = short_dollars(row.price_cents) if row.price_cents else "no price"
    return {
        Charge.NOTHING: "Nothing",
        Charge.FULL: f"{price} before booking",
        Charge.DEPOSIT: f"{short_dollars(row.deposit_cents) if row.deposit_cents else 'no amount'} deposit",
        Charge.HOLD: f"{price} held until the visit",
        Charge.CARD: "Card on file",
    }[Charge(row.charge)]


def _open() -> None:
    """A type that is not offered yet is offered by the press, switched off."""
    pressed = st.session_state[BOARD].open
    if pressed:
        _offer(int(pressed["key"]), pressed)


def _offer(appointment_type_id: int, pressed: dict[str, Any] | None = None) -> None:
    def act(session: Session, who: Identity) -> OnlineType:
        return offer_type(session, who, appointment_type_id=appointment_type_id)

    if (made := press.run(TURN, act)) is not None and made.id is not None:
        type_editor.open_type(made.id, pressed)


def _rules(found: SetUp) -> None:
    """Who prepays whatever a type asks for, and which sites may show the page."""
    with st.expander("Who always prepays, and where the page may be shown", icon=":material/rule:"):
        shows = st.number_input(
            "Prepay after this many missed visits",
            0,
            20,
            found.no_shows_prepay or 0,
            key="prepay no shows",
            help="0: no such rule",
            width=320,
        )
        days = st.number_input(
            "Prepay when booking more than this many days ahead", 0, 366, found.days_ahead_prepay or 0, key="prepay days", help="0: no such rule",
            width=320,
        )  # fmt: skip
        hosts = st.text_input(
            "Sites that may show the page in a frame", ", ".join(found.frame_hosts), key="frame hosts", max_chars=300,
            placeholder="www.example.com",
        )  # fmt: skip
        st.button(
            "Save",
            key="save booking rules",
            type="primary",
            icon=":material/save:",
            on_click=partial(_save_rules, int(shows), int(days), hosts),
        )
        press.say_error(RULES)
        prepay.by_name(found)


def _save_rules(shows: int, days: int, hosts: str) -> None:
    def act(session: Session, who: Identity) -> bool:
        save_booking_rules(
            session,
            who,
            no_shows_prepay=shows or None,
            days_ahead_prepay=days or None,
            frame_hosts=hosts.split(","),
        )
        return True

    press.run(RULES, act, "Saved.")
