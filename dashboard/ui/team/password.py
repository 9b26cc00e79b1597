"""A password set by the owner: of a new person, or for somebody who has forgotten theirs."""

from urllib.parse import urlsplit

import streamlit as st
from sqlmodel import Session

from core.errors import BadInput, HuddleError
from core.permissions import Identity, Permission, Role, require
from core.practice.reports import LocationChoice
from core.reports.team import TeamLine
from core.settings import settings
from core.staff import commands
from core.staff.invitations import invite
from core.staff.team import staff_of
from dashboard.ui import page, press
from dashboard.ui.team.board import EVERYWHERE
from dashboard.ui.toasts import toast
from dashboard.web import passwords
from dashboard.wording.text import plain, shown

RESET, ADD, INVITE = "reset password", "add a person", "invite"
LINK, LINK_FOR = "invitation link", "invitation for"  # session state: (whose, token), and their name
BY_LINK, TYPED = "By a link", "I type one"
ADDING = "adding a person"  # session state: the dialog is open
DONE = "password set"  # session state: of whom, at the press before
_HELP = f"At least {passwords.SHORTEST} characters, 15 or more is better. A few unrelated words do well."


def invite_again(line: TeamLine) -> None:
    """A link by which the person chooses a new password alone."""
    if line.enabled:
        st.button(
            "Make a link to choose a password", key=f"invite {line.staff_id}", icon=":material/link:",
            on_click=_invite, args=(line.staff_id,),
        )  # fmt: skip
    show_link(line.staff_id)
    press.say_error(INVITE)


def _invite(staff_id: int) -> None:
    def act(session: Session, who: Identity) -> str:
        return invite(session, who, staff_of(session, who, staff_id))

    if token := press.run(INVITE, act, "The link is made. It works once."):
        st.session_state[LINK] = (staff_id, token)


def show_link(staff_id: int) -> None:
    """The link just made for this person, as long as the drawer is open; it is not shown again."""
    whose, token = st.session_state.get(LINK, (0, ""))
    if whose == staff_id and token:
        st.code(f"{_here()}/welcome/{token}", language=None)
        st.markdown(
            ":small[Give it to this person only. It works once, for three days, and is not shown again.]"
        )


def _here() -> str:
    """Where this Huddle is reached: as set, else as this browser reaches it."""
    here = urlsplit(st.context.url or "")
    return settings().public_url.rstrip("/") or f"{here.scheme}://{here.netloc}"


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


def new_link() -> None:
    """The link of the person who was just added, until it is taken away."""
    if name := st.session_state.get(LINK_FOR):
        with st.container(border=True):
            st.markdown(f"**The link for {plain(name, 60)}**")
            show_link(st.session_state[LINK][0])
            st.button("I have it", key="invitation taken", on_click=forget_link)


def forget_link() -> None:
    st.session_state.pop(LINK, None)
    st.session_state.pop(LINK_FOR, None)


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
        way = st.segmented_control(
            "First password", [BY_LINK, TYPED], default=BY_LINK, required=True, key="first way"
        )
        new, again = _twice("first")
        st.markdown(":small[With a link the person chooses it alone; leave the two fields empty.]")
        pressed = st.form_submit_button("Add", type="primary", icon=":material/person_add:")
    if not pressed:
        return
    try:
        link = _add(username, name, role, where, None if way == BY_LINK and not new else (new, again))
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")
        return
    st.session_state.pop(ADDING, None)
    if link is not None:
        st.session_state[LINK], st.session_state[LINK_FOR] = link, name or username
    toast(f"{name or username} can sign in now." if link is None else "The link is made.")
    st.rerun()


def _add(
    username: str, name: str, role: str, where: int | None, typed: tuple[str, str] | None
) -> tuple[int, str] | None:
    """The person and their link; None when a password was typed. Raises BadInput, NotAllowed."""
    hashed = _hashed(*typed, username, name) if typed else passwords.nobodys_hash()
    with page.acting() as (session, who):
        added = commands.add_staff(
            session, who, username=username, display_name=name, role=role,
            password_hash=hashed, location_id=where, must_change_password=True,
        )  # fmt: skip
        return None if typed else (added.id or 0, invite(session, who, added))


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
