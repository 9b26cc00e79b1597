"""A blast whose worker is killed again and again: nobody is left out, nobody gets it twice (RELIABILITY 1–3)."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from core.audit.models import AuditEntry
from core.blasts.audience import Blast, Wanted
from core.blasts.batches import make_batch
from core.blasts.in_doubt import doubtful, settle_by_hand
from core.blasts.progress import progress
from core.connections.commands import connect, split_secrets
from core.jobs.crashpoints import OUTBOX_POINTS
from core.messages.models import Channel, MessageState
from core.outbox.models import OutboxRow
from core.settings import settings
from core.store.engine import open_store, reader, transaction
from tests.conftest import fresh_sqlite
from tests.crash.sending import start
from tests.messages.clinic import Clinic, open_clinic, words
from tests.messages.servers import gateway, mail_server

SEED = int(os.environ.get("SEED", "4"))
Say = Callable[[str, object], None]  # pytest's record_property


@pytest.fixture(autouse=True)
def _any_hour(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUDDLE_QUIET_FROM", "0")
    monkeypatch.setenv("HUDDLE_QUIET_UNTIL", "0")
    settings.cache_clear()
    yield
    settings.cache_clear()


def blast(folder: Path, people: int, channel: str, wire: dict[str, str]) -> tuple[Clinic, int]:
    """A clinic with a blast in its outbox: (clinic, batch id). wire: the fields of its connection."""
    engine = open_store(fresh_sqlite(folder))
    kind = "sms" if channel == Channel.TEXT else "email"
    plain, secret = split_secrets(kind, wire)
    with transaction(engine) as session:
        connect(session, kind=kind, name=kind, settings=plain, secrets=secret)
    clinic = open_clinic(engine, [{"first_name": f"Pat {chr(97 + n % 26)}"} for n in range(people)])
    with transaction(engine) as session:
        batch = make_batch(
            session,
            clinic.manager,
            Blast(
                "Cards",
                words_for(clinic, channel),
                [Wanted(patient_id, {"amount": "$10.00"}) for patient_id in clinic.patients],
            ),
            form="form",
            typed_count=people,
            undo=timedelta(0),
        )
    return clinic, batch.id or 0


def words_for(clinic: Clinic, channel: str) -> Any:
    return words(
        clinic.engine, channel=channel, body="Hi {{ first_name }}, {{ amount }} is open at {{ practice }}."
    )


def send_with_murders(clinic: Clinic, kills: int, taken: Callable[[], int] = lambda: 0) -> int:
    """Let workers send, each killed in the middle of its work, the last one undisturbed: how many were killed.

    taken: how many messages the other side has; a worker dies soon after a random few more of them.
    """
    chance = random.Random(SEED)  # noqa: S311 - to be replayed, not to be secret
    url = clinic.engine.url.render_as_string(hide_password=False)
    killed, few = 0, max(2, len(clinic.patients) // max(1, kills))
    for _ in range(kills):
        enough = taken() + chance.randint(1, few)
        worker = start(url)
        while worker.is_alive() and taken() < enough:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.02))
        if worker.is_alive() and worker.pid:
            os.kill(worker.pid, signal.SIGKILL)
            killed += 1
        worker.join()
    last = start(url)
    last.join(150)
    assert last.exitcode == 0, f"SEED={SEED}"
    return killed


def states(clinic: Clinic) -> Counter[str]:
    with reader(clinic.engine) as session:
        return Counter(session.exec(select(OutboxRow.state)))


def audited(clinic: Clinic) -> set[int]:
    """How often the end of a message was written down: once each, so {1}."""
    with reader(clinic.engine) as session:
        ends = session.exec(select(AuditEntry.subject_id).where(AuditEntry.action == "message finished"))
        return set(Counter(ends).values())


def murdered_texts(folder: Path, people: int, kills: int, say: Say, *, keys: bool) -> None:
    with gateway(honours_keys=keys) as other_side:
        clinic, batch_id = blast(folder, people, Channel.TEXT, other_side.fields)
        killed = send_with_murders(clinic, kills, lambda: len(other_side.taken))
        got = Counter(text["to"] for text in other_side.taken)
        assert (len(got), set(got.values())) == (people, {1}), f"SEED={SEED}"
    assert states(clinic) == {"settled": people}
    assert audited(clinic) == {1}
    assert killed >= kills // 2
    with reader(clinic.engine) as session:
        assert progress(session, batch_id).state == "done"
    _tell(say, people, killed, "texts", keys=keys)


def murdered_mails(folder: Path, people: int, kills: int, say: Say, *, keys: bool) -> None:
    """keys: the receiving side drops a second mail with the same Message-ID, as mailboxes of some providers do."""
    taken: list[str] = []
    known: set[bytes] = set()

    def take(recipient: str, mail: bytes) -> None:
        message_id = mail.partition(b"Message-ID: ")[2].partition(b"\r\n")[0]
        if not keys or message_id not in known:
            taken.append(recipient)
        known.add(message_id)

    with mail_server(take) as port:
        wire = {"host": "127.0.0.1", "port": str(port), "security": "none", "sender": "desk@maple.example"}
        clinic, _ = blast(
            folder, people, Channel.EMAIL, {**wire, "honours_message_id": "yes" if keys else "no"}
        )
        killed = send_with_murders(clinic, kills, lambda: len(taken))
        assert killed >= kills // 2
        assert set(Counter(taken).values()) == {1}, f"SEED={SEED}"
        with reader(clinic.engine) as session:
            shown = doubtful(session)
        assert states(clinic) == +Counter(settled=people - len(shown), unknown=len(shown))
        assert {each.to_address for each in shown} >= set(addresses(people)) - set(taken), (
            "nobody is lost silently"
        )
        assert len(shown) <= (0 if keys else 10 * killed)
        settle_all(clinic, {each.message_id: each.to_address in taken for each in shown})
        assert Counter(taken) == dict.fromkeys(addresses(people), 1)
    assert states(clinic) == {"settled": people}
    _tell(say, people, killed, "mails", keys=keys)


def _tell(say: Say, people: int, killed: int, what: str, *, keys: bool) -> None:
    """For the table of `make reliability`."""
    known = "known by their key" if keys else "without keys"
    say("reached", f"{people:,} {what} {known}, {killed} kills: 0 lost, 0 twice")
    say("seed", SEED)


def addresses(people: int) -> list[str]:
    return [f"patient{number}@mail.example" for number in range(people)]


def settle_all(clinic: Clinic, arrived: dict[int, bool]) -> None:
    """What the staff does after having asked the patients."""
    with transaction(clinic.engine) as session:
        for message_id, did in arrived.items():
            settle_by_hand(session, clinic.manager, message_id=message_id, arrived=did)
    send_with_murders(clinic, 0)


@pytest.mark.parametrize("keys", [True, False])
def test_texts_with_eight_murders(tmp_path: Path, record_property: Say, keys: bool) -> None:
    murdered_texts(tmp_path, 80, 8, record_property, keys=keys)


def test_mails_with_eight_murders_every_doubtful_one_is_shown(tmp_path: Path, record_property: Say) -> None:
    murdered_mails(tmp_path, 80, 8, record_property, keys=False)


def test_mails_whose_receiver_knows_their_ids_with_five_murders(tmp_path: Path, record_property: Say) -> None:
    murdered_mails(tmp_path, 50, 5, record_property, keys=True)


@pytest.mark.night
@pytest.mark.parametrize("kills", [20, 200])
@pytest.mark.parametrize("keys", [True, False])
def test_a_thousand_texts_with_many_murders(
    tmp_path: Path, record_property: Say, keys: bool, kills: int
) -> None:
    murdered_texts(tmp_path, 1000, kills, record_property, keys=keys)


@pytest.mark.night
@pytest.mark.parametrize("kills", [20, 200])
@pytest.mark.parametrize("keys", [True, False])
def test_a_thousand_mails_with_many_murders(
    tmp_path: Path, record_property: Say, keys: bool, kills: int
) -> None:
    murdered_mails(tmp_path, 1000, kills, record_property, keys=keys)


@pytest.mark.parametrize("place", [f"{point}:2" for point in OUTBOX_POINTS])
def test_killed_at_a_named_place_the_rows_end_as_if_nothing_had_happened(tmp_path: Path, place: str) -> None:
    with gateway(honours_keys=False) as other_side:
        clinic, batch_id = blast(tmp_path, 20, Channel.TEXT, other_side.fields)
        dying = start(clinic.engine.url.render_as_string(hide_password=False), crash=place)
        dying.join(60)
        assert dying.exitcode == -9, place
        assert states(clinic)["sending"] + states(clinic)["waiting"] > 0
        send_with_murders(clinic, 0)
        assert Counter(text["to"] for text in other_side.taken) == {
            f"+1303555{n + 1000}": 1 for n in range(20)
        }
    assert {message.state for message in clinic.messages()} == {MessageState.SENT}
    with reader(clinic.engine) as session:
        assert progress(session, batch_id).state == "done"
