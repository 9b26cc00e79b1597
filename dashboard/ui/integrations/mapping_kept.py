"""What is kept of exports: the sources that are known by now, to take along or to forget, and loads that can be undone."""

import streamlit as st
from sqlmodel import Session

from core import clock
from core.jobs.ehr_exports.undo import loads_of_today, undo_load
from core.own_exports.commands import (
    Kept,
    forget_profile,
    kept_profiles,
    profile_as_file,
    profile_from_file,
)
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.ui.toasts import toast
from dashboard.wording.text import ago, plain, shown

KEPT, UNDO = "kept profiles", "undo a load"


def loads_list() -> None:
    """Loads of the last day, each with the button that takes it back."""
    loads = loads_of_today(page.engine())
    if not loads:
        return
    st.markdown("**Loads of the last day**")
    for load in loads:
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.markdown(
            f"{plain(load.profile, 40)}, {ago(load.began_at, clock.now())}: {load.stored:,} rows of "
            f"{plain(load.files.replace(chr(10), ', '), 120)}"
        )
        right.button(
            "Undo", key=f"undo load {load.id}", icon=":material/undo:", on_click=_undo, args=(load.id or 0,)
        )
    press.say_error(UNDO)


def _undo(load_id: int) -> None:
    def act(session: Session, who: Identity) -> str:
        done = undo_load(session, who, load_id)
        kept = f" {done.left:,} had changed since and stay." if done.left else ""
        return f"{done.removed:,} rows taken out, {done.restored:,} as they were before.{kept}"

    if said := press.run(UNDO, act):
        toast(said)


def kept_list() -> None:
    """The sources that are known, with their answers."""
    with page.open_reader() as session:
        kept = kept_profiles(session)
    with st.expander(f"Sources Huddle knows by now ({len(kept)})", icon=":material/bookmark:"):
        for one in kept:
            _one(one)
        given = st.file_uploader(
            "Take in a profile from another Huddle (JSON)", type=["json"], key="profile file"
        )
        if given is not None:
            st.button(
                "Keep this profile",
                key="keep profile",
                icon=":material/bookmark_add:",
                on_click=_take,
                args=(given.getvalue(),),
            )
        press.say_error(KEPT)


def _one(one: Kept) -> None:
    left, middle, right = st.columns([4, 1, 1], vertical_alignment="center")
    answered = ", ".join(f"{key}: {value}" for key, value in one.answers.items())
    left.markdown(f"**{plain(one.profile.title or one.name, 60)}**  \n{plain(answered, 200)}")
    middle.download_button(
        "Save as file", profile_as_file(one), file_name=f"{shown(one.name, 40)}.json", mime="application/json",
        key=f"save profile {one.name}", on_click="ignore",
    )  # fmt: skip
    right.button("Forget", key=f"forget profile {one.name}", on_click=_forget, args=(one.name,))


def _forget(name: str) -> None:
    def act(session: Session, who: Identity) -> bool:
        forget_profile(session, who, name)
        return True

    press.run(KEPT, act, done=f"“{shown(name, 40)}” is forgotten.")


def _take(data: bytes) -> None:
    def act(session: Session, who: Identity) -> str:
        return profile_from_file(session, who, data.decode("utf-8", "replace")).name

    press.run(KEPT, act, done="The profile is kept.")
