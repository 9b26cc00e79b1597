"""The tab “Jobs”: who does the work behind the screens, what waits for it, and what was given up."""

import streamlit as st

from core import clock
from core.errors import HuddleError
from core.jobs.queues import FailedJob, QueueState, failed_jobs, has_queue, queue_states, workers_alive
from core.jobs.registry import JOBS
from dashboard.ui import page
from dashboard.ui.components.rows import Cell, chip_cell, draw_rows
from dashboard.ui.note import note
from dashboard.web.lifespan import worker_state
from dashboard.wording.text import ago, count, plain

MOST = 50
LATE_SECONDS = 60  # a job that waits longer past its time is late, much longer: nobody does the work
MUCH_SECONDS = 600
# queue → its words; the others are called by the job's own name
WORDS = {
    "sync": "Syncs",
    "outbox": "Messages, charges and invoices going out",
    "inbox": "Reports from outside coming in",
    "clock": "Looking for work",
    "roll_up": "The overview's counts",
}


@st.fragment(run_every=10)
def jobs_tab() -> None:
    """Workers alive, the queues, and what failed."""
    try:
        page.identity()
        engine = page.engine()
        shared, alive = has_queue(engine), workers_alive(engine)
        queues, failed = queue_states(engine), failed_jobs(engine, MOST)
    except HuddleError as error:
        st.error(plain(error.sentence, 400), icon=":material/error:")
        return
    _who_works(alive, shared=shared)
    if shared:
        _queues(queues)
        _failed(failed)


def _who_works(alive: int, *, shared: bool) -> None:
    inside = worker_state()
    if shared and alive:
        st.caption(f":material/engineering: {count(alive, 'worker')} alive.")
    elif inside == "running":
        st.caption(
            ":material/engineering: The worker inside this dashboard runs; jobs are done as they come."
        )
    elif inside == "stopped":
        st.warning(
            "The worker inside this dashboard has stopped. Start Huddle again.", icon=":material/error:"
        )
    else:
        st.warning(
            "No worker is alive: nothing is synced and nothing goes out. Start one with huddle worker.",
            icon=":material/error:",
        )


def _queues(queues: list[QueueState]) -> None:
    """Every queue there is: one without a job is not told of by the store."""
    told = {one.queue: one for one in queues}
    every = dict.fromkeys((*WORDS, *(job.name for job in JOBS), *told))
    draw_rows(
        ["Queue", "Waiting", "Under way", "Failed", "Oldest waits"],
        [
            [_name(one.queue), f"{one.waiting:,}", f"{one.doing:,}", f"{one.failed:,}", _late(one)]
            for one in (told.get(name) or QueueState(name, 0, 0, 0, 0.0) for name in every)
        ],
        caption="Jobs by queue",
        key="queues",
        numbers=[1, 2, 3],
        short=[4],
    )


def _failed(failed: list[FailedJob]) -> None:
    st.markdown("**Jobs that were given up**")
    if not failed:
        note("None in the last days.")
        return
    note(
        "Each was tried again first. What they were for is done by the next one of their kind; the log says why."
    )
    draw_rows(
        ["Job", "Connection", "Tries", "When"],
        [
            [_name(one.job), one.connection or "–", f"{one.attempts:,}", ago(one.at, clock.now())]
            for one in failed
        ],
        caption="Jobs that were given up",
        key="failed jobs",
        numbers=[2],
        short=[3],
    )


def _name(queue: str) -> str:
    return WORDS.get(queue) or queue[:1].upper() + queue[1:]


def _late(one: QueueState) -> Cell:
    minutes = f"{one.oldest_seconds / 60:,.0f} min"
    if one.oldest_seconds < LATE_SECONDS:
        return "–"
    if one.oldest_seconds < MUCH_SECONDS:
        return chip_cell(minutes, "medium", "schedule")
    return chip_cell(minutes, "high", "error")
