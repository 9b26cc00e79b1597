"""How the practice calls itself in messages: name, phone, signature and address, everywhere or at one location."""

import streamlit as st
from sqlmodel import Session

from core.messages.templates import letterhead, save_letterhead
from core.permissions import Identity
from core.practice.reports import places
from dashboard.ui import page, press
from dashboard.wording.text import shown

PLACE = "save letterhead"
FIELDS = {
    "practice": "Practice name",
    "phone": "Phone",
    "signature": "Signature",
    "address": "Address",
}
EVERYWHERE = 0


def letterhead_form(who: Identity) -> None:
    """The four lines, and a save button."""
    with page.open_reader() as session:
        offered = {one.key: one.name for one in places(session, who.location_id)}
    where = who.location_id or EVERYWHERE
    if len(offered) > 1:
        where = st.selectbox(
            "Where",
            [EVERYWHERE, *offered],
            key="letterhead where",
            format_func=lambda one: shown(offered[one], 60) if one else "Everywhere",
            width=320,
        )
    with page.open_reader() as session:
        kept = letterhead(session, where or (next(iter(offered), None)))
    columns = st.columns(2)
    for number, (name, label) in enumerate(FIELDS.items()):
        columns[number % 2].text_input(label, value=kept[name], key=_key(where, name), max_chars=120)
    st.button(
        "Save the letterhead",
        key=PLACE,
        icon=":material/save:",
        on_click=_save,
        args=(where,),
    )
    press.say_error(PLACE)


def _key(where: int, name: str) -> str:
    return f"letterhead {where} {name}"


def _save(where: int) -> None:
    typed = {name: str(st.session_state[_key(where, name)]) for name in FIELDS}  # as it stands at the press

    def act(session: Session, who: Identity) -> int | None:
        return save_letterhead(
            session,
            who,
            name=typed["practice"],
            phone=typed["phone"],
            signature=typed["signature"],
            address=typed["address"],
            location_id=where or None,
        ).id

    press.run(PLACE, act, "Saved.")
