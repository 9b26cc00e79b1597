"""Calls the sandbox makes to others by itself: postbacks, status callbacks, inbound texts. And the steps of time
that belong to them. They wait in the state's table `calls`, so that a killed sandbox makes them after its restart.

What goes wrong with them on purpose is the setting `events` (POST /control): every call made `copies` times, each up
to `shuffle_seconds` late (so they arrive out of order), nothing at all while `hold`, tried again after
`pause_seconds` instead of what the receiver asked for, at most `attempts` times.
Only this machine is ever called.
"""

import asyncio
import ipaddress
import json
import random
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from data.sandbox.state import State, silent

EVENTS = "events"  # the setting's name in the state
USUAL = {"copies": 1, "shuffle_seconds": 0, "hold": False, "pause_seconds": None, "attempts": None}
AT_ONCE = 8
ATTEMPT = "%attempt%"  # in a postback's body: which attempt this is
_PATIENCE = 10.0  # seconds for an answer
_NAP = 1.0
_COLUMNS = "number, source, subject, url, headers, body, attempts, most, pause"


class Due(NamedTuple):
    number: int
    source: str
    subject: str
    url: str
    headers: str
    body: str
    attempts: int
    most: int
    pause: float


def change(state: State, wish: Any) -> None:
    """New settings of EVENTS; what was held goes out once `hold` ends. Raises ValueError for what is none."""
    if not isinstance(wish, dict) or set(wish) - set(USUAL):
        raise ValueError(f"events takes an object of {', '.join(USUAL)}")
    for name in ("copies", "attempts", "pause_seconds", "shuffle_seconds"):
        value = wish.get(name)
        whole = name in ("copies", "attempts")
        allowed = int if whole else (int, float)
        if value is not None and (isinstance(value, bool) or not isinstance(value, allowed) or value < whole):
            raise ValueError(
                f"events: {name} must be {'a whole number, 1' if whole else 'a number, 0'} or more"
            )
    state.remember(EVENTS, state.remembered(EVENTS, {}) | wish)
    if "hold" in wish and not wish["hold"]:
        release(state)


def call(
    state: State,
    source: str,
    url: str,
    body: str,
    *,
    headers: dict[str, str],
    subject: str = "",
    most: int = 1,
    pause: float = 1.0,
) -> None:
    """Call `url` by POST soon. source: who calls (postback, sms status, sms inbound); subject: for whom to read."""
    wish = USUAL | state.remembered(EVENTS, {})
    dice = random.Random(f"{state.remembered('seed')} {url} {body}")
    waiting = "held" if wish["hold"] else "waiting"
    most, pause = wish["attempts"] or most, pause if wish["pause_seconds"] is None else wish["pause_seconds"]
    for _ in range(wish["copies"]):
        due = time.time() + dice.random() * wish["shuffle_seconds"]
        _keep(state, source, subject, url, json.dumps(headers), body, due, most, pause, waiting, None)
    state.ring()


def later(state: State, effect: dict[str, Any], *, after: float) -> None:
    """Do something (see Courier.effects) in `after` seconds."""
    due = time.time() + after
    _keep(state, "step", "", None, "{}", "", due, 1, 0, "waiting", json.dumps(effect))
    state.ring()


def _keep(state: State, *values: Any) -> None:
    names = "source, subject, url, headers, body, due, most, pause, state, effect, made_at"
    with state.transaction() as db:
        marks = ", ".join("?" * 11)
        db.execute(f"INSERT INTO calls ({names}) VALUES ({marks})", (*values, state.now().timestamp()))  # noqa: S608


def release(state: State) -> None:
    """What was held back goes out."""
    with state.transaction() as db:
        db.execute("UPDATE calls SET state = 'waiting', due = ? WHERE state = 'held'", (time.time(),))
    state.ring()


def overview(state: State, *, most: int = 20) -> dict[str, Any]:
    """How many calls wait, are held, done and given up, and the latest ones."""
    where = "source != 'step'"
    counts = dict(state.select(f"SELECT state, count(*) FROM calls WHERE {where} GROUP BY state"))  # noqa: S608
    names = ("number", "source", "subject", "url", "state", "attempts", "answer", "error")
    latest = state.select(
        f"SELECT {', '.join(names)} FROM calls WHERE {where} ORDER BY number DESC LIMIT ?",  # noqa: S608
        [most],
    )
    return {
        **{word.replace(" ", "_"): counts.get(word, 0) for word in ("waiting", "held", "done", "given up")},
        "latest": [dict(zip(names, row, strict=True)) for row in latest],
    }


class Courier:
    """Makes the calls as they fall due, as a task of the server's event loop.

    effects: what a step may ask for, by its `do`. answers: who wants to read what a source's call was answered.
    """

    def __init__(
        self,
        state: State,
        effects: dict[str, Callable[..., None]],
        answers: dict[str, Callable[[State, str, str], None]],
    ) -> None:
        self.state, self.effects, self.answers = state, effects, answers
        self._bell = asyncio.Event()
        self._under_way: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        loop = asyncio.get_running_loop()
        self.state.ring = lambda: loop.call_soon_threadsafe(self._bell.set)
        try:
            async with httpx.AsyncClient(verify=False, trust_env=False, timeout=_PATIENCE) as client:  # noqa: S501
                while True:
                    try:
                        await self._round(client)
                    except Exception:  # one bad call must not silence all that come after it
                        traceback.print_exc()
                        await asyncio.sleep(_NAP)
        finally:
            self.state.ring = silent
            for task in self._under_way.values():
                task.cancel()

    async def _round(self, client: httpx.AsyncClient) -> None:
        """Do what is due and start the calls that are; a slow one keeps nobody else waiting."""
        self._bell.clear()
        due, nap = await asyncio.to_thread(self._look)
        for each in due:
            task = asyncio.create_task(self._go(client, each))
            self._under_way[each.number] = task
            task.add_done_callback(lambda _, number=each.number: self._gone(number))
        if not due:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), nap)

    def _gone(self, number: int) -> None:
        del self._under_way[number]
        self._bell.set()

    def _look(self) -> tuple[list[Due], float]:
        """The calls to start now, as many as are free, and how long there is nothing to do otherwise."""
        self._take_steps()
        free = AT_ONCE - len(self._under_way)
        busy = ", ".join(map(str, self._under_way)) or "0"
        where = f"state = 'waiting' AND effect IS NULL AND number NOT IN ({busy})"
        rows = self.state.select(
            f"SELECT {_COLUMNS} FROM calls WHERE {where} AND due <= ? ORDER BY due, number LIMIT ?",  # noqa: S608
            [time.time(), free],
        )
        ((next_due,),) = self.state.select(
            f"SELECT min(due) FROM calls WHERE ({where}) OR effect IS NOT NULL"  # noqa: S608
        )
        wait = _NAP if next_due is None or not free else next_due - time.time()
        return [Due(*row) for row in rows], min(max(wait, 0.001), _NAP)

    def _take_steps(self) -> None:
        with self.state.transaction() as db:
            steps = db.execute(
                "SELECT number, effect FROM calls WHERE effect IS NOT NULL AND due <= ? ORDER BY due, number LIMIT 100",
                [time.time()],
            ).fetchall()
            for number, effect in steps:
                db.execute("DELETE FROM calls WHERE number = ?", (number,))
                wish = json.loads(effect)
                self.effects[wish.pop("do")](self.state, **wish)

    async def _go(self, client: httpx.AsyncClient, due: Due) -> None:
        answer, error, text = await _posted(client, due)
        await asyncio.to_thread(self._settle, due, answer, error, text)

    def _settle(self, due: Due, answer: int | None, error: str | None, text: str) -> None:
        good, attempts = answer is not None and 200 <= answer < 300, due.attempts + 1
        word = "done" if good else "given up" if attempts >= due.most else "waiting"
        with self.state.transaction() as db:
            db.execute(
                "UPDATE calls SET state = ?, attempts = ?, answer = ?, error = ?, due = ?, done_at = ? WHERE number = ?",
                (
                    word,
                    attempts,
                    answer,
                    error,
                    time.time() + due.pause,
                    self.state.now().timestamp(),
                    due.number,
                ),
            )
            if good and due.source in self.answers:
                self.answers[due.source](self.state, due.subject, text)


async def _posted(client: httpx.AsyncClient, due: Due) -> tuple[int | None, str | None, str]:
    if not on_this_machine(due.url):
        return None, "the sandbox calls only addresses of this machine", ""
    body = due.body.replace(ATTEMPT, str(due.attempts + 1), 1) if due.source == "postback" else due.body
    try:
        reply = await client.post(due.url, content=body.encode(), headers=json.loads(due.headers))
    except httpx.HTTPError as error:
        return None, str(error) or type(error).__name__, ""
    return reply.status_code, None, reply.text


def on_this_machine(url: str) -> bool:
    """Whether an address is one of this machine's."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
