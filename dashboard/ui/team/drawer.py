"""One person of the team in the drawer: login times, role and place, clerk keys, password, and closing the account."""

from functools import partial

import streamlit as st
from sqlmodel import Session

from core.connections.clerk_keys import set_clerk_key
from core.errors import BadInput
from core.permissions import Identity, Role
from core.practice.reports import LocationChoice
from core.reports.team import Team, TeamLine
from core.staff import commands
from core.staff.team import change_place, change_role, staff_of
from dashboard.ui import press, undo_line
from dashboard.ui.note import note
from dashboard.ui.team import password as team_password
from dashboard.ui.team import sessions as team_sessions
from dashboard.ui.team import week as team_week
from dashboard.ui.team.board import EVERYWHERE
from dashboard.ui.toasts import toast
from dashboard.wording.text import plain, shown

ROLE, KEYS, ACCOUNT = "save role", "save clerk key", "close account"


def person(line: TeamLine, team: Team, who: Identity, places: list[LocationChoice]) -> None:
    """Everything the owner may decide about this person; about oneself only the clerk keys."""
    press.refresh_what_changed()
    note(f"{plain(line.username)} · {plain(line.role)} · {plain(line.place or EVERYWHERE)}")
    if line.staff_id == who.staff_id:
        st.info(
            "This is you. Another owner changes your role, location and login times; your password is on My account.",
            icon=":material/person:",
        )
        _keys(line, team)
        return
    names = [
        "Login times",
        "Role and location",
        *(["Clerk keys"] if team.wanting else []),
        "Password and account",
    ]
    times, role, *keys, account = st.tabs(names)
    with times:
        team_week.week_editor(
            line,
            [one for one in team.people if one.enabled and one.staff_id not in (line.staff_id, who.staff_id)],
        )
    with role:
        _role(line, places)
    for tab in keys:
        with tab:
            _keys(line, team)
    with account:
        _account(line, places[0].time_zone if places else "UTC")


def _role(line: TeamLine, places: list[LocationChoice]) -> None:
    here = {None: EVERYWHERE, **{place.key: place.name for place in places}}
    role = st.selectbox(
        "Role", list(Role), index=list(Role).index(Role(line.role)) if line.role in set(Role) else 0, key=f"role {line.staff_id}",
        format_func=str.capitalize,
    )  # fmt: skip
    known = list(here)
    where = st.selectbox(
        "Location", known, index=known.index(line.location_id) if line.location_id in known else 0,
        key=f"place {line.staff_id}", format_func=lambda one: shown(here[one], 60),
    )  # fmt: skip
    note("It holds from the person's next click on.")
    st.button(
        "Save role and location", key=f"save role {line.staff_id}", type="primary", icon=":material/save:",
        on_click=_save_role, args=(line, role, where),
    )  # fmt: skip
    press.say_error(ROLE)


def _save_role(line: TeamLine, role: str, where: int | None) -> None:
    if _put_role(line.staff_id, (line.role, line.location_id), (role, where), "Role and location are saved."):
        back = partial(_put_role, line.staff_id, (role, where), (line.role, line.location_id), "Put back.")
        undo_line.offer(f"{line.display_name} is now {role}.", back)


def _put_role(
    staff_id: int, before: tuple[str, int | None], now: tuple[str, int | None], done: str
) -> bool | None:
    def act(session: Session, who: Identity) -> bool:
        if now[0] != before[0]:
            change_role(session, who, staff_id=staff_id, role=now[0])
        if now[1] != before[1]:
            change_place(session, who, staff_id=staff_id, location_id=now[1])
        return now != before

    return press.run(ROLE, act, done)


def _keys(line: TeamLine, team: Team) -> None:
    """One line a connection: the last four of the key, and a field for another."""
    for one in team.wanting:
        kept = line.keys.get(one.connection_id, "")
        field = f"key {line.staff_id} {one.connection_id}"
        st.markdown(f"**{plain(one.name, 40)}** · {f'key {kept}' if kept else 'no key yet'}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                f"Clerk key for {plain(one.name, 40)}", key=field, type="password", autocomplete="off",
                max_chars=400, placeholder="Paste the key", label_visibility="collapsed", width=340,
            )  # fmt: skip
            st.button("Save", key=f"save {field}", icon=":material/save:", on_click=_save_key, args=(line.staff_id, one.connection_id, field, bool(kept)))  # fmt: skip
            if kept:
                st.button("Remove", key=f"remove {field}", icon=":material/key_off:", on_click=_save_key, args=(line.staff_id, one.connection_id, ""))  # fmt: skip
    if team.wanting:
        note("Kept sealed and shown by its last four characters only. It stamps what this person does there.")
    press.say_error(KEYS)


def _save_key(staff_id: int, connection_id: int, field: str, has_one: bool = False) -> None:
    typed = str(st.session_state.get(field, "")) if field else ""
    if field and has_one and not typed.strip():
        return  # pressed twice: the field is empty because the key is saved

    def act(session: Session, who: Identity) -> bool:
        if field and not typed.strip():
            raise BadInput("Paste the key first. To take a key away, press Remove.")
        return set_clerk_key(session, who, staff_id=staff_id, connection_id=connection_id, key=typed)

    strays = press.run(KEYS, act, proved=True)
    if strays is not None:
        st.session_state[field or "removed"] = ""
        toast(
            "The key is saved; stray spaces were taken out." if strays
            else "The key is saved." if field else "The key is removed."
        )  # fmt: skip


def _account(line: TeamLine, zone: str) -> None:
    team_password.invite_again(line)
    team_password.reset(line)
    st.divider()
    team_sessions.sessions_of(line.staff_id, zone)
    st.divider()
    st.markdown(f"Second step: **{'on' if line.second_step else 'not set up'}**")
    if line.enabled:
        note("Closing the account signs the person out everywhere at once. What they did stays.")
    st.button(
        "Disable the account" if line.enabled else "Enable the account",
        key=f"switch {line.staff_id} {'off' if line.enabled else 'on'}",
        icon=":material/person_off:" if line.enabled else ":material/person:",
        on_click=_switch,
        args=(line, not line.enabled),
    )
    press.say_error(ACCOUNT)


def _switch(line: TeamLine, enabled: bool) -> None:
    word = "enabled" if enabled else "disabled"
    if _put_account(line.staff_id, enabled):
        undo_line.offer(f"{line.display_name} is {word}.", partial(_put_account, line.staff_id, not enabled))


def _put_account(staff_id: int, enabled: bool) -> bool | None:
    def act(session: Session, who: Identity) -> bool:
        change = commands.enable if enabled else commands.disable
        change(session, who, staff_of(session, who, staff_id))
        return True

    return press.run(ACCOUNT, act, "The account is open again." if enabled else "The account is disabled.")
