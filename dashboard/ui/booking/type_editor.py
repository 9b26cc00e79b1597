"""How one appointment type is offered online, in the drawer: providers, times, who may book, and what is paid."""

from typing import Any

import streamlit as st
from sqlmodel import Session

from core.booking.commands import assign_providers, save_type, turn_type
from core.booking.costs import Charge
from core.booking.models import Who
from core.booking.reports import SetUp, TypeRow
from core.money import dollars, parse_dollars
from core.permissions import Identity
from dashboard.ui import press
from dashboard.ui.note import note
from dashboard.wording.text import plain, shown

OPEN, CLOSED, SAVE = "open online type", "closed online type", "save online type"
NOTICE = {
    0: "at any time",
    60: "1 hour",
    120: "2 hours",
    240: "4 hours",
    720: "12 hours",
    1440: "1 day",
    2880: "2 days",
}
CHARGES = {
    Charge.NOTHING: "Nothing",
    Charge.FULL: "The full price, before it is booked",
    Charge.DEPOSIT: "A deposit, kept as a credit",
    Charge.HOLD: "The price is held, and taken at arrival",
    Charge.CARD: "Nothing, but a card on file",
}


def open_type(online_type_id: int, pressed: dict[str, Any] | None = None) -> None:
    """Open the drawer of a type. pressed: the row of the board, where the keyboard goes back to."""
    press.clear_error()
    st.session_state[OPEN] = (online_type_id, pressed)


def draw(found: SetUp) -> None:
    """The drawer of the type that is open."""
    wanted = st.session_state.get(OPEN)
    row = next((one for one in found.types if wanted and one.online_type_id == wanted[0]), None)
    if row is not None:
        st.dialog(plain(row.name, 60), position="right", width=640, on_dismiss=_close)(_editor)(row, found)


def _close() -> None:
    st.session_state[CLOSED] = st.session_state.pop(OPEN)[1]


def _editor(row: TypeRow, found: SetUp) -> None:
    press.refresh_what_changed()
    key = row.online_type_id
    with st.container(horizontal=True, vertical_alignment="center"):
        if row.is_on:
            st.badge("Patients can book it", color="green", icon=":material/check:")
            st.button("Switch off", key=f"off {key}", on_click=_turn, args=(key, False))
        else:
            st.badge("Not offered", color="gray")
            st.button("Switch on", key=f"on {key}", type="primary", on_click=_turn, args=(key, True))
        st.link_button("See it as a patient", f"/book/{row.slug}?preview=1", icon=":material/visibility:")
    press.say_error(SAVE)
    for one in row.missing:
        st.warning(plain(one.sentence, 300), icon=":material/error:")
    for words in row.warnings:
        note(f":material/info: {plain(words, 300)}")
    typed = {**_times(row, found), **_money(row)}
    st.button(
        "Save",
        key=f"save type {key}",
        type="primary",
        icon=":material/save:",
        on_click=_save,
        args=(row, typed),
    )


def _times(row: TypeRow, found: SetUp) -> dict[str, Any]:
    key, names = row.online_type_id, {each.provider_id: each.name for each in found.providers}
    known = [one for one in row.provider_ids if one in names]
    providers = st.multiselect(
        "Providers who take these bookings", list(names), known, key=f"providers {key}", format_func=lambda one: shown(names[one], 60),
        placeholder="Choose at least one",
    )  # fmt: skip
    left, right = st.columns(2)
    minutes = left.number_input("Minutes", 5, 480, row.minutes, 5, key=f"minutes {key}")
    step = right.number_input("A time begins every … minutes", 5, 480, row.step_minutes, 5, key=f"step {key}")
    notices = sorted({*NOTICE, row.notice_minutes})
    notice = left.selectbox(
        "Book no later than, before the visit", notices, notices.index(row.notice_minutes), key=f"notice {key}",
        format_func=lambda one: NOTICE.get(one, f"{one} minutes"),
    )  # fmt: skip
    ahead = right.number_input("Days ahead, at most", 0, 366, row.days_ahead, key=f"ahead {key}")
    people = left.number_input("People at the same time", 1, 50, row.capacity, key=f"capacity {key}")
    prep = right.number_input("Minutes kept free before it", 0, 120, row.prep_minutes, 5, key=f"prep {key}")
    group = st.text_input(
        "Counts together with", row.group_name, key=f"group {key}", max_chars=40, placeholder="A name that several types share",
        help="Types with the same name here share the people at the same time.",
    )  # fmt: skip
    whom = st.selectbox(
        "Who may book it",
        list(Who),
        list(Who).index(Who(row.who)),
        key=f"who {key}",
        format_func=lambda one: str(one).capitalize(),
    )
    text = st.text_area("What the patient reads", row.text, key=f"text {key}", max_chars=600, height=80)
    return {
        "providers": providers, "minutes": int(minutes), "step_minutes": int(step), "notice_minutes": notice, "days_ahead": int(ahead),
        "capacity": int(people), "prep_minutes": int(prep), "group_name": group, "who": whom, "text": text,
    }  # fmt: skip


def _money(row: TypeRow) -> dict[str, Any]:
    key, kinds = row.online_type_id, list(CHARGES)
    charge = st.selectbox(
        "Charge for the appointment",
        kinds,
        kinds.index(Charge(row.charge)),
        key=f"charge {key}",
        format_func=CHARGES.__getitem__,
    )
    left, right = st.columns(2)
    price = deposit = ""
    if charge in (Charge.FULL, Charge.HOLD):
        price = left.text_input(
            "Price", dollars(row.own_price_cents) if row.own_price_cents else "", key=f"price {key}",
            placeholder=f"{dollars(row.ehr_price_cents)} in the EHR" if row.ehr_price_cents else "no price in the EHR", max_chars=12,
        )  # fmt: skip
    if charge == Charge.DEPOSIT:
        deposit = left.text_input(
            "Deposit",
            dollars(row.deposit_cents) if row.deposit_cents else "",
            key=f"deposit {key}",
            placeholder="$60.00",
            max_chars=12,
        )
    cutoff, timely, late = row.cutoff_hours, row.refund_percent, row.refund_percent_late
    if charge not in (Charge.NOTHING, Charge.CARD):
        cutoff = right.number_input(
            "A cancellation is timely until … hours before", 0, 720, row.cutoff_hours, key=f"cutoff {key}"
        )
        timely = left.number_input("Timely: goes back, %", 0, 100, row.refund_percent, 5, key=f"timely {key}")
        late = right.number_input("Late: goes back, %", 0, 100, row.refund_percent_late, 5, key=f"late {key}")
    members = st.toggle("A member's visits within the limit are free", row.members_free, key=f"members {key}")
    return {
        "charge": charge, "price": price, "deposit": deposit, "cutoff_hours": int(cutoff), "refund_percent": int(timely),
        "refund_percent_late": int(late), "members_free": members,
    }  # fmt: skip


def _save(row: TypeRow, typed: dict[str, Any]) -> None:
    def act(session: Session, who: Identity) -> bool:
        price, deposit = typed.pop("price"), typed.pop("deposit")
        providers = typed.pop("providers")
        assign_providers(session, who, online_type_id=row.online_type_id or 0, provider_ids=providers)
        save_type(
            session, who, online_type_id=row.online_type_id or 0, **typed,
            price_cents=parse_dollars(price) if price.strip() else None,
            deposit_cents=parse_dollars(deposit) if deposit.strip() else None,
        )  # fmt: skip
        return True

    press.run(SAVE, act, "Saved. What is booked already keeps what was agreed.")


def _turn(online_type_id: int, on: bool) -> None:
    def act(session: Session, who: Identity) -> bool:
        turn_type(session, who, online_type_id=online_type_id, on=on)
        return True

    press.run(
        SAVE, act, "Patients can book it now." if on else "It is no longer offered. What is booked stays."
    )
