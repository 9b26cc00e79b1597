"""My account: the second step at sign-in, set up with an authenticator app."""

from io import BytesIO

import segno
import streamlit as st

from core.errors import HuddleError
from core.permissions import Identity
from core.staff import second_step as steps
from core.staff.passkeys import passkeys_of
from core.staff.reports import practice_name
from dashboard.ui import page, press
from dashboard.ui.toasts import toast
from dashboard.wording.text import plain

_SECRET, _CODES = "second step: secret", "second step: recovery codes"  # session state


def second_step(me: Identity) -> None:
    """On or off, with what each needs."""
    with page.open_reader() as session:
        on, left = steps.has_app(session, me.staff_id), steps.codes_left(session, me.staff_id)
        keys = passkeys_of(session, me.staff_id)
        practice = practice_name(session)
    with st.container(border=True):
        st.markdown("**Second step at sign-in**")
        if codes := st.session_state.get(_CODES):
            _show(codes)
        elif on:
            st.write(
                f"It is on: a code of your app is asked after the password. {left} recovery codes are left."
            )
            _turn_off(me)
        else:
            _turn_on(me, practice)
        words = ", ".join(plain(one.name, 60) for one in keys) or "none"
        st.markdown(f"Passkeys: {words}. [Add or remove passkeys](/passkeys)")


def _turn_on(me: Identity, practice: str) -> None:
    if me.role in steps.WANTED_OF:
        st.warning(
            "Your account can do almost everything. Protect it with a second step.", icon=":material/shield:"
        )
    else:
        st.write("A code of an app on your phone, asked after the password.")
    secret = st.session_state.get(_SECRET)
    if secret is None:
        if st.button("Set up", icon=":material/qr_code_2:", key="second step: begin"):
            st.session_state[_SECRET] = steps.new_secret()
            st.rerun()
        return
    picture = BytesIO()
    segno.make(steps.address_for_app(secret, me.username, practice)).save(
        picture, kind="png", scale=5, border=3
    )
    st.image(picture.getvalue(), caption="Scan this with your authenticator app.")
    st.caption(f"Or type it in: {' '.join(secret[at : at + 4] for at in range(0, len(secret), 4))}")
    with st.form("second step: on", border=False):
        code = st.text_input("Code the app shows now", max_chars=10, autocomplete="one-time-code")
        pressed = st.form_submit_button("Turn on", type="primary")
    if pressed:
        try:
            with page.acting(me, proved=True) as (session, who):  # a screen left open sets up no app
                st.session_state[_CODES] = steps.turn_on(session, who, secret=secret, code=code)
        except HuddleError as error:
            press.say(error.sentence)
            return
        st.session_state.pop(_SECRET, None)
        st.rerun()


def _show(codes: list[str]) -> None:
    st.success("The second step is on.", icon=":material/check:")
    st.write("Keep these recovery codes where your phone is not. Each works once; they are not shown again.")
    st.code("\n".join(codes), language=None)
    if st.button("I have kept them", key="second step: kept"):
        st.session_state.pop(_CODES, None)
        st.rerun()


def _turn_off(me: Identity) -> None:
    with st.form("second step: off", border=False, clear_on_submit=True):
        code = st.text_input("Code, or a recovery code", max_chars=40, autocomplete="one-time-code")
        pressed = st.form_submit_button("Turn off")
    if pressed:
        try:
            with page.acting(me) as (session, who):
                steps.turn_off(session, who, code=code)
        except HuddleError as error:
            st.error(plain(error.sentence), icon=":material/error:")
            return
        toast("The second step is off.")
        st.rerun()
