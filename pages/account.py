"""My account: one's own password, and where one is signed in."""

import streamlit as st

from core.errors import BadInput, HuddleError
from core.permissions import Identity
from core.staff import commands, reports
from core.staff.models import Staff
from core.staff.sign_in import begin_attempt, was_right
from dashboard.ui import page
from dashboard.ui.second_step import second_step
from dashboard.ui.team.sessions import sessions_of
from dashboard.web import passwords
from dashboard.wording.text import plain


def main() -> None:
    me = page.identity()
    st.write(f"{plain(me.display_name)} · user name **{plain(me.username)}** · {plain(me.role)}")
    left, right = st.columns(2, gap="large")
    with left:
        _password(me)
        second_step(me)
    with right:
        _sessions(me)


def _password(me: Identity) -> None:
    with st.form("password", border=True):
        st.markdown("**Change my password**")
        current = st.text_input("Current password", type="password", autocomplete="current-password")
        new = st.text_input(
            "New password",
            type="password",
            autocomplete="new-password",
            help=f"At least {passwords.SHORTEST} characters, 15 or more is better. A few unrelated words do well.",
        )
        again = st.text_input("New password again", type="password", autocomplete="new-password")
        st.caption("You are signed out everywhere and sign in with the new one.")
        pressed = st.form_submit_button("Change password", type="primary")
    if not pressed:
        return
    try:
        _change(me, current, new, again)
    except HuddleError as error:
        st.error(plain(error.sentence), icon=":material/error:")
        return
    st.success("Your password is changed. Sign in with the new one.", icon=":material/check:")
    st.stop()


def _change(me: Identity, current: str, new: str, again: str) -> None:
    """Raises BadInput, TooManyAttempts. Wrong current passwords count like wrong ones at the door."""
    if new != again:
        raise BadInput("The two new passwords are not the same. Type them again.")
    if new == current:
        raise BadInput("The new password is the old one. Choose another.")
    with page.acting(me) as (session, _):
        attempt = begin_attempt(session, username=me.username, address="").id or 0
    with page.open_reader() as session:
        account = reports.account(session, me.username)
    if not passwords.is_right(current, account.password_hash if account else None):
        raise BadInput("The current password is not right.")
    hashed = passwords.hash_password(new, username=me.username, display_name=me.display_name)
    with page.acting(me) as (session, _):
        was_right(session, attempt)
        commands.change_password(session, me, session.get_one(Staff, me.staff_id), password_hash=hashed)


def _sessions(me: Identity) -> None:
    with page.open_reader() as session:
        zone = reports.time_zone(session)
    with st.container(border=True):
        st.markdown("**Where I am signed in**")
        sessions_of(me.staff_id, zone, mine=me.session_id, most=10)
        if st.button("Sign out everywhere", icon=":material/logout:"):
            with page.acting(me) as (session, _):
                commands.end_all_sessions(session, session.get_one(Staff, me.staff_id))
            st.rerun()


main()
