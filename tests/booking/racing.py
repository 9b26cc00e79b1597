"""Many people for few times: phones that ask over HTTP, server processes that are killed, and a processor in trouble."""

import contextlib
import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape

import httpx
from sqlmodel import col, func, select

from core.booking.models import Booking, BookingState
from core.outbox.models import OPEN_STATES, OutboxKind, OutboxRow
from core.store.engine import reader
from tests.booking.office import BAD_CARD, GOOD_CARD, Office
from tests.booking.serving import Server

FORTIS_KINDS = (OutboxKind.BOOKING_CHARGE, OutboxKind.BOOKING_BACK, OutboxKind.BOOKING_TAKE)
FAULTS = (("timeout_after", 0.06), ("timeout_before", 0.04), ("reset", 0.04), ("status", 0.03))
AT_ONCE = 24
_STAMP = re.compile(r'name="stamp" value="([^"]+)"')
_TIMES = re.compile(r'name="at" value="([^"]+)"')
_HEAD = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)


@dataclass
class Race:
    """What is run, and what became of each person: booked, full (all times are gone) or gave up (no card was taken).

    odd: answers of the servers that no patient should ever see.
    """

    office: Office
    slug: str
    seed: int
    people: int
    slots: int
    servers: list[Server] = field(default_factory=list)
    answers: dict[int, str] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)
    killed: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, *, servers: int, kills: int, seconds: float) -> None:
        """Everybody presses at once; servers die now and then; then quiet, until nothing is open any more."""
        assert self.office.sandbox is not None
        sale = {"method": "POST", "path": "/v1/transactions/cc/sale"}
        wishes = [
            {"kind": kind, "probability": share, "seed": self.seed + n, "match": sale}
            for n, (kind, share) in enumerate(FAULTS)
        ]
        self.office.sandbox.control({"faults": wishes})
        url = self.office.engine.url.render_as_string(hide_password=False)
        self.servers = [Server(url) for _ in range(servers)]
        pool = ThreadPoolExecutor(AT_ONCE)
        deadline = time.monotonic() + seconds
        try:
            self._wait_for_servers(deadline)
            waiting = [pool.submit(self._person, number) for number in range(self.people)]
            self._kill_servers(kills, waiting)
            for each in waiting:
                each.result(max(1.0, deadline - time.monotonic()))
            self.office.sandbox.control({"clear": True})
            self._until_quiet(deadline)
        finally:
            self.over.set()
            pool.shutdown(cancel_futures=True)
            for server in self.servers:
                server.kill()

    def _wait_for_servers(self, deadline: float) -> None:
        for server in self.servers:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(f"{server.base_url}/book", timeout=5)
                    break
                time.sleep(0.1)

    def _kill_servers(self, kills: int, waiting: list) -> None:  # type: ignore[type-arg]
        """Each after so many people have got through, so that all of the race is killed at, however fast it runs."""
        dice = random.Random(self.seed)  # noqa: S311 (a seed to run again)
        for number in range(kills):
            due = (self.people * number) // (kills + 1)
            while len(self.answers) < due and not all(each.done() for each in waiting):
                time.sleep(0.02)
            time.sleep(dice.uniform(0.05, 0.6))
            server = dice.choice(self.servers)
            server.kill()
            server.start()
            self.killed += 1

    def _person(self, number: int) -> None:
        phone = Phone(self, number)
        while not self.over.is_set():
            if answer := phone.try_once():
                self.answers[number] = answer
                return

    def all_booked(self) -> bool:
        """Whether every time is booked for good."""
        with reader(self.office.engine) as session:
            booked = select(func.count()).select_from(Booking).where(Booking.state == BookingState.BOOKED)
            return session.exec(booked).one() >= self.slots

    def _until_quiet(self, deadline: float) -> None:
        open_rows = select(func.count()).select_from(OutboxRow)
        open_rows = open_rows.where(
            col(OutboxRow.kind).in_(FORTIS_KINDS), col(OutboxRow.state).in_(list(OPEN_STATES))
        )
        paying = select(func.count()).select_from(Booking).where(Booking.state == BookingState.PAYING)
        while time.monotonic() < deadline:
            with reader(self.office.engine) as session:
                if not session.exec(open_rows).one() and not session.exec(paying).one():
                    return
            time.sleep(0.2)
        raise AssertionError(f"the outbox did not come to rest; seed {self.seed}")


class Phone:
    """One person with a phone: any server may answer, and what is not answered is pressed again."""

    def __init__(self, race: Race, number: int) -> None:
        self.race, self.number = race, number
        self.dice = random.Random(race.seed * 1_000 + number)  # noqa: S311 (a seed to run again)
        self.client = httpx.Client(
            timeout=20, trust_env=False, headers={"x-forwarded-for": f"10.0.{number // 250}.{number % 250}"}
        )

    def try_once(self) -> str:
        """One way through the pages: how it ended, "" to begin anew."""
        address = self._hold()
        if not address or address == "full":
            return address
        self._ask("POST", f"{address}/details", self._form())
        cards = (
            BAD_CARD if self.dice.random() < 0.3 else GOOD_CARD,
            GOOD_CARD if self.dice.random() < 0.8 else BAD_CARD,
        )
        for card in cards:
            ended = self._pay(address, card)
            if ended != "again":
                return ended
        self._ask("POST", f"{address}/cancel", {})
        return "gave up"

    def _form(self) -> dict[str, str]:
        number = self.number
        return {
            "first_name": f"P{number}x", "last_name": "Ruiz", "birth_date": "1984-02-29",
            "mobile": f"(303) 555-{number:04d}", "email": f"p{number}@mail.example",
        }  # fmt: skip

    def _hold(self) -> str:
        """The address of a time that is kept, "full" when every time is booked for good, "" to look again."""
        page = self._ask("GET", f"/book/{self.race.slug}").text
        times, stamp = _TIMES.findall(page), _STAMP.search(page)
        if not times or stamp is None:
            if self.race.all_booked():
                return "full"
            time.sleep(self.dice.uniform(0.3, 1.2))
            return ""
        pressed = {"stamp": stamp[1], "at": unescape(self.dice.choice(times)), "website": ""}
        answer = self._ask("POST", f"/book/{self.race.slug}", pressed)
        return answer.headers["location"] if answer.status_code == 303 else ""

    def _pay(self, address: str, number: str) -> str:
        """booked; "again" when another card may be tried, "" when this time is over."""
        if self.dice.random() < 0.2:
            self._ask("GET", f"{address}/pay")  # the frame opens
        ticket = self.race.office.ticket(number)
        for _ in range(2 if self.dice.random() < 0.2 else 1):  # a second press of the same
            self._ask("POST", f"{address}/paid", {"ticket": ticket})
        while not self.race.over.is_set():
            page = self._ask("GET", address)
            head = _HEAD.search(page.text)
            words = head[1] if head else page.text[:200]
            if "You are booked" in words:
                return "booked"
            if words == "Pay to book":
                return "again"
            if "ran out" in words or "is not booked" in words:
                return ""
            if "under way" not in words and "has not answered" not in words:
                self.race.odd.append(f"{page.status_code} {words}")
                return ""
            time.sleep(self.dice.uniform(0.2, 0.6))
        return ""

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> httpx.Response:
        while True:
            server = self.dice.choice(self.race.servers)
            try:
                answer = self.client.request(method, f"{server.base_url}{path}", data=form)
            except httpx.TransportError:
                if self.race.over.is_set():
                    raise
                time.sleep(0.1)
                continue
            if answer.status_code >= 500 or answer.status_code in (400, 403, 429):
                self.race.odd.append(f"{method} {path.split('/visit/', maxsplit=1)[0]} {answer.status_code}")
            return answer
