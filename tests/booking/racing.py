"""Many people for few times: threads that press, worker processes that are killed, and a processor in trouble."""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess

from sqlmodel import col, func, select

from core.booking.changing import cancel_by_link
from core.booking.details import BookingOver
from core.booking.holding import TimeTaken, TooManyHolds
from core.booking.models import Booking, BookingState
from core.errors import HuddleError
from core.integrations import http
from core.jobs.booking.tend import tend_bookings
from core.jobs.outbox import work
from core.jobs.outbox.work import work_outbox
from core.outbox.models import OPEN_STATES, OutboxKind, OutboxRow
from core.settings import settings
from core.store.engine import open_store, reader, transaction
from tests.booking.office import ANA, BAD_CARD, GOOD_CARD, Office
from tests.forks import FORKS

SETTLE_SECONDS, READ_SECONDS = "1", 0.5
FORTIS_KINDS = (OutboxKind.BOOKING_CHARGE, OutboxKind.BOOKING_BACK, OutboxKind.BOOKING_TAKE)
FAULTS = (("timeout_after", 0.06), ("timeout_before", 0.04), ("reset", 0.04), ("status", 0.03))


def start_worker(store_url: str) -> BaseProcess:
    """A worker process of its own, which goes on until it is killed."""
    process = FORKS.Process(target=_work, args=(store_url, os.environ["HUDDLE_KEY_FILE"]), daemon=True)
    process.start()
    return process


def _work(store_url: str, key_file: str) -> None:
    os.environ.update({"HUDDLE_KEY_FILE": key_file, "HUDDLE_SETTLE_SECONDS": SETTLE_SECONDS})
    settings.cache_clear()
    http.READ_SECONDS, work.FIRST_WAIT_SECONDS = READ_SECONDS, 0.2
    http.CIRCUIT_SECONDS = 0.3
    engine = open_store(store_url)
    tended = 0.0
    while True:
        try:
            work_outbox(engine)
            if time.monotonic() - tended > 1.0:
                tend_bookings(engine)
                tended = time.monotonic()
        except HuddleError:
            time.sleep(0.2)
        time.sleep(0.02)


@dataclass
class Race:
    """What is run, and what became of each person: booked, full (all times are gone) or gave up (no card was taken)."""

    office: Office
    slug: str
    seed: int
    people: int
    slots: int
    answers: dict[int, str] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self, *, workers: int, kills: int, seconds: float) -> None:
        """Everybody presses at once; workers die now and then; then quiet, until nothing is open any more."""
        url = self.office.engine.url.render_as_string(hide_password=False)
        assert self.office.sandbox is not None
        wishes = [
            {
                "kind": kind,
                "probability": share,
                "seed": self.seed + n,
                "match": {"method": "POST", "path": path},
            }
            for n, (kind, share) in enumerate(FAULTS)
            for path in ("/v1/transactions/cc/sale",)
        ]
        self.office.sandbox.control({"faults": wishes})
        running = [start_worker(url) for _ in range(workers)]
        dice = random.Random(self.seed)  # noqa: S311 (a seed to run again)
        pool = ThreadPoolExecutor(24)
        waiting = [pool.submit(self._person, number) for number in range(self.people)]
        deadline = time.monotonic() + seconds
        for _ in range(kills):
            time.sleep(dice.uniform(0.1, 0.6))
            place = dice.randrange(workers)
            running[place].kill()
            running[place].join(5)
            running[place] = start_worker(url)
        for each in waiting:
            each.result(max(1.0, deadline - time.monotonic()))
        self.office.sandbox.control({"clear": True})
        self._until_quiet(deadline)
        for process in running:
            process.kill()
            process.join(5)
        pool.shutdown()

    def _person(self, number: int) -> None:
        dice = random.Random(self.seed * 1_000 + number)  # noqa: S311 (a seed to run again)
        who = ANA._replace(
            first_name=f"P{number}x", mobile=f"(303) 555-{number:04d}", email=f"p{number}@mail.example"
        )
        while not self.over.is_set():
            token = self._hold(dice)
            if not token:
                self.answers[number] = "full"
                return
            try:
                self.office.say(token, who)
                answer = self._pay(token, dice)
            except (TimeTaken, BookingOver):
                continue
            if answer:
                self.answers[number] = answer
                return

    def _hold(self, dice: random.Random) -> str:
        """A time, "" when every time is booked for good."""
        while True:
            free = self.office.times(self.slug, days=7)
            if not free:
                if self._booked() >= self.slots:
                    return ""
                time.sleep(0.1)
                continue
            try:
                return self.office.hold(self.slug, dice.choice(free))
            except (TimeTaken, TooManyHolds):
                continue

    def _pay(self, token: str, dice: random.Random) -> str:
        for card in (
            BAD_CARD if dice.random() < 0.3 else GOOD_CARD,
            GOOD_CARD if dice.random() < 0.8 else BAD_CARD,
        ):
            self.office.pay(token, card, work=False)
            if dice.random() < 0.2:  # a second press of the same
                self.office.pay(token, card, work=False)
            state = self._settled(token)
            if state == BookingState.BOOKED:
                return "booked"
            if state != BookingState.HELD:
                return ""
        with transaction(self.office.engine) as session:
            cancel_by_link(session, token)
        return "gave up"

    def _settled(self, token: str) -> str:
        while True:
            state = self.office.booking(token).state
            if state != BookingState.PAYING:
                return state
            time.sleep(0.1)

    def _booked(self) -> int:
        with reader(self.office.engine) as session:
            booked = select(func.count()).select_from(Booking).where(Booking.state == BookingState.BOOKED)
            return session.exec(booked).one()

    def _until_quiet(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            with reader(self.office.engine) as session:
                still = (
                    select(func.count())
                    .select_from(OutboxRow)
                    .where(col(OutboxRow.kind).in_(FORTIS_KINDS), col(OutboxRow.state).in_(list(OPEN_STATES)))
                )
                if not session.exec(still).one():
                    return
            time.sleep(0.1)
        raise AssertionError(f"the outbox did not come to rest; seed {self.seed}")
