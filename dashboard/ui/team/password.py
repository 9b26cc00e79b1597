"""A password set by the owner: of a new person, or for somebody who has forgotten theirs."""

import streamlit as st
from sqlmodel import Session

from core.errors import BadInput, HuddleError
from core.permissions import Identity, Permission, Role, require
from core.practice.reports import LocationChoice
from core.reports.team import TeamLine
from core.staff import commands
from core.staff.team import staff_of
from dashboard.ui import page, press
from dashboard.ui.team.board import EVERYWHERE
from dashboard.ui.toasts import toast
from dashboard.web import passwords
from dashboard.wording.text import plain, shown

RESET, ADD = "reset password", "add a person"
ADDING = "adding a person"  # session state: the dialog is open
DONE = "password set"  # session state: of whom, at the press before
_HELP = f"At least {passwords.SHORTEST} characters, 15 or more is better. A few unrelated words do well."


def reset(line: TeamLine) -> None:
    """Two fields and a button; every session of the person ends."""
    with st.form(f"reset {line.staff_id}", border=False, clear_on_submit=True):
        new, again = _twice(f"reset {line.staff_id}")
        note = "The person is signed out everywhere and signs in with the new one."
        st.markdown(f":small[{note}]")
        pressed = st.form_submit_button("Set a new password", icon=":material/lock_reset:")
    emptied = not new and not again and st.session_state.get(DONE) == line.staff_id  # by the press before
    if pressed and not emptied:
        _reset(line, new, again)
    press.say_error(RESET)


def _reset(line: TeamLine, new: str, again: str) -> None:
    def act(session: Session, who: Identity) -> bool:
        require(who.role, Permission.MANAGE_TEAM)
        hashed = _hashed(new, again, line.username, line.display_name)
        commands.change_password(session, who, staff_of(session, who, line.staff_id), password_hash=hashed)
        return True

    st.session_state[DONE] = line.staff_id if press.run(RESET, act, "The new password is set.") else None


@st.dialog("Add a person", width="medium", on_dismiss=lambda: st.session_state.pop(ADDING, None))
def add_person(who: Identity, places: list[LocationChoice]) -> None:
    """User name, name, role, location and the first password."""
    with st.form("add person", border=False, enter_to_submit=True):
        left, right = st.columns(2)
        username = left.text_input("User name", max_chars=100, placeholder="dana.lee", autocomplete="off")
        name = right.text_input("Name", max_chars=100, placeholder="Dana Lee", autocomplete="off")
        role = left.selectbox("Role", list(Role), index=2, format_func=str.capitalize)
        here = {**({} if who.location_id else {None: EVERYWHERE}), **{one.key: one.name for one in places}}
        where = right.selectbox("Location", list(here), format_func=lambda one: shown(here[one], 60))
        new, again = _twice("first")
        pressed = st.form_submit_button("Add", type="primary", icon=":material/person_add:")
    if not pressed:
        return
    try:
        _add(username, name, role, where, new, again)
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")
        return
    st.session_state.pop(ADDING, None)
    toast(f"{name or username} can sign in now.")
    st.rerun()


def _add(username: str, name: str, role: str, where: int | None, new: str, again: str) -> None:
    """Raises BadInput, NotAllowed."""
    hashed = _hashed(new, again, username, name)
    with page.acting() as (session, who):
        commands.add_staff(
            session, who, username=username, display_name=name, role=role,
            password_hash=hashed, location_id=where,
        )  # fmt: skip


def _twice(place: str) -> tuple[str, str]:
    left, right = st.columns(2)
    new = left.text_input(
        "Password",
        type="password",
        key=f"{place} new",
        autocomplete="new-password",
        max_chars=200,
        help=_HELP,
    )
    again = right.text_input(
        "Password again", type="password", key=f"{place} again", autocomplete="new-password", max_chars=200
    )
    return new, again


def _hashed(new: str, again: str, username: str, name: str) -> str:
    if new != again:
        raise BadInput("The two passwords are not the same. Type them again.")
    return passwords.hash_password(new, username=username, display_name=name)
