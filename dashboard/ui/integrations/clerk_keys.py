"""Clerk keys of a connection: every login, who has none yet, and a field to paste each one's key."""

import uuid

import streamlit as st

from core.connections.clerk_keys import ClerkKeyLine, clerk_key_gaps, set_clerk_key
from core.connections.fields import looks_like_key
from core.errors import HuddleError
from core.permissions import Identity, Permission, may
from dashboard.ui import page, press
from dashboard.ui.components.rows import chip_cell, draw_rows
from dashboard.ui.integrations.places import KEYS_SAID
from dashboard.ui.note import note
from dashboard.wording.text import count, plain

MARK = "clerk key form"  # session state: changes when keys were saved, so that the fields are empty again


def clerk_keys(connection_id: int, who: Identity) -> None:
    """The list with its gaps, and for who manages the team the fields."""
    with page.open_reader() as session:
        lines = clerk_key_gaps(session, connection_id)
    gaps = [one for one in lines if not one.has_key]
    st.markdown("**Clerk keys**")
    if gaps:
        st.markdown(
            f":orange-badge[:material/key_off: {count(len(gaps), 'login')} without a key] "
            "What these people do cannot be sent with their name."
        )
    else:
        st.markdown(":green-badge[:material/check_circle: Every login has its key]")
    left, right = st.columns(2, gap="large")
    with left:
        draw_rows(
            ["Login", "Role", "Clerk key"],
            [_row(one) for one in lines],
            caption="Logins and their clerk keys",
            key=f"clerk keys {connection_id}",
            short=[1, 2],
        )
    with right:
        if may(who.role, Permission.MANAGE_TEAM):
            _form(connection_id, lines, who)
        else:
            note("The owner gives clerk keys.")


def _row(one: ClerkKeyLine) -> list:  # type: ignore[type-arg]  # cells of rows.py
    name = f"{one.display_name} ({one.username})" if one.display_name != one.username else one.username
    has = chip_cell(one.masked, "good", "key") if one.has_key else chip_cell("Missing", "high", "key_off")
    return [name, one.role, has]


def _form(connection_id: int, lines: list[ClerkKeyLine], who: Identity) -> None:
    mark = st.session_state.setdefault(MARK, uuid.uuid4().hex)
    with st.form(f"{MARK} {connection_id}"):
        st.markdown("Paste a key beside each login; an empty field changes nothing.")
        typed = {
            one.staff_id: st.text_input(
                plain(one.display_name, 60),
                type="password",
                autocomplete="new-password",
                placeholder=one.masked or "No key yet",
                max_chars=200,
                key=f"{mark} {one.staff_id}",
            )
            for one in lines
        }
        pressed = st.form_submit_button("Save the keys", icon=":material/key:")
    keys = {staff_id: value for staff_id, value in typed.items() if value.strip()}
    if pressed and keys:
        _save(connection_id, keys, lines, who)
        return
    # what was saved stays said when the form, empty by then, is pressed once more
    said = st.session_state.get(KEYS_SAID, {}).get(connection_id)
    for words, wrong in said or ([("Nothing to save.", True)] if pressed else []):
        (st.warning if wrong else st.success)(plain(words, 300))


def _save(connection_id: int, typed: dict[int, str], lines: list[ClerkKeyLine], who: Identity) -> None:
    names = {one.staff_id: one.display_name for one in lines}
    freed: list[str] = []
    try:
        with page.acting(who, proved=True) as (session, _):
            for staff_id, key in typed.items():
                if set_clerk_key(session, who, staff_id=staff_id, connection_id=connection_id, key=key):
                    freed.append(names[staff_id])
    except HuddleError as error:
        press.say(error.sentence)
        return
    said = [(f"{count(len(typed), 'key')} saved.", False)]
    if freed:
        said.append((f"Spaces or invisible characters were taken out for {', '.join(freed)}.", False))
    odd = [
        names[one]
        for one, key in typed.items()
        if (bare := "".join(key.split())) and not looks_like_key(bare)
    ]
    if odd:
        said.append((f"{', '.join(odd)}: a clerk key usually has 44 characters and ends in “=”.", True))
    mark = st.session_state.pop(MARK, "")
    for key in [key for key in st.session_state if mark and str(key).startswith(mark)]:
        del st.session_state[key]
    st.session_state[KEYS_SAID] = {connection_id: said}
    st.rerun()
