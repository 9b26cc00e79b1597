"""Handing practice files over at the screen: dropped here, read in the background, counted file by file."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from sqlmodel import Session
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.connections.by_hand import ask_for_files
from core.integrations.practice_files.columns import FILES
from core.jobs.background import begin, begun
from core.jobs.practice_files.load import import_folder
from core.permissions import Identity
from dashboard.ui import page, press
from dashboard.wording.text import plain, shown

PLACE, WORK, DROPPED = "load files", "load practice files", "dropped files"
LOADED = "loaded files"  # session state: the ids of the files that were loaded last


def file_drop(connection_id: int | None) -> None:
    """A place to drop CSV files, and what became of the last ones. connection_id None: the one that is made then."""
    st.file_uploader(
        "Drop practice files here (CSV)",
        type=["csv"],
        accept_multiple_files=True,
        key=DROPPED,
        help="Named after what they hold: patients.csv, appointments.csv … The same files again change nothing.",
    )
    st.button(
        "Load these files",
        key=PLACE,
        icon=":material/upload_file:",
        on_click=_load,
        args=(connection_id,),
        disabled=not st.session_state.get(DROPPED),
    )
    press.say_error(PLACE)
    loaded()


@st.fragment(run_every=2)
def loaded() -> None:
    """How far the files are, and then what came of them."""
    page.identity()
    work = begun(page.engine(), WORK)
    if work is None:
        return
    if work.going:
        st.info(plain(work.said or "Reading the files…"), icon=":material/downloading:")
    elif work.error:
        st.error(plain(work.error, 400), icon=":material/error:")
    else:
        with st.expander("What came of the files", icon=":material/task_alt:", expanded=True):
            st.markdown("\n".join(f"- {plain(one, 240)}" for one in work.lines))


def _load(connection_id: int | None) -> None:
    """Read them in the background; not while files are being read, and not the same ones twice (a double click)."""
    files: list[UploadedFile] = st.session_state.get(DROPPED) or []
    going, these = begun(page.engine(), WORK), [one.file_id for one in files]
    if going and (going.going or (not going.error and st.session_state.get(LOADED) == these)):
        return
    known = {name: one for one in files if (name := _known(one.name))}

    def act(session: Session, who: Identity) -> bool:
        ask_for_files(session, who, list(known))
        return True

    if press.run(PLACE, act):
        folder = Path(tempfile.mkdtemp(prefix="huddle-files-"))
        for name, one in known.items():
            (folder / f"{name}.csv").write_bytes(one.getvalue())
        strange = [one.name for one in files if not _known(one.name)]
        engine = page.engine()

        def work(said: Callable[[str], None]) -> list[str]:
            try:
                result = import_folder(
                    engine,
                    folder,
                    connection_id=connection_id,
                    progress=lambda file, rows: said(f"{file}: {rows:,} rows read"),
                )
                return [
                    *result.as_text().splitlines(),
                    *result.errors,
                    *(_left_out(name) for name in strange),
                ]
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        st.session_state[LOADED] = these
        if not begin(engine, WORK, work):
            shutil.rmtree(folder, ignore_errors=True)


def _left_out(name: str) -> str:
    return f"{shown(name, 60)} is none of the practice files and was left out."


def _known(name: str) -> str:
    """Which of our files a dropped one is, "" for none: only our own names become names on this machine."""
    stem = Path(name).stem.casefold().replace(" ", "_").replace("-", "_")
    return stem if stem in FILES else ""
