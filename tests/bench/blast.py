"""A blast through the outbox beside a bare smtplib loop to the same mail server, in rounds that take turns.

The loop is what a script would do: build each mail (plain and HTML), send it on one open connection, remember nothing.
The outbox asks consent and opt-outs again, marks, sends, and writes down what came of each, durably.
"""

import multiprocessing
import os
import smtplib
import statistics
import time
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.blasts.audience import Blast, Wanted
from core.blasts.batches import make_batch
from core.connections.commands import connect
from core.integrations.email import as_html
from core.jobs.outbox.send_and_settle import work_outbox
from core.messages.commands import edited
from core.messages.templates import template_for
from core.settings import settings
from core.store.engine import open_store, transaction
from core.store.migrate import migrate
from tests.messages.clinic import Clinic, open_clinic
from tests.messages.servers import mail_server

LEAST = 0.7
ROUNDS, MAILS = 5, 400
BODY = "Hello {{ first_name }},\n\na payment of {{ amount }} is open at {{ practice }}.\n\nThank you!"


def blast_lines(folder: Path, rounds: int = ROUNDS, mails: int = MAILS) -> list[str]:
    """One line: mails a second of both, and their ratio (median of the rounds)."""
    os.environ.update(
        {"HUDDLE_KEY_FILE": str(folder / "key.txt"), "HUDDLE_QUIET_FROM": "0", "HUDDLE_QUIET_UNTIL": "0"}
    )
    settings.cache_clear()
    port, stop = _mail_server()
    try:
        clinic = _clinic(folder, port, rounds, mails)
        ours, bare = [], []
        for turn in range(rounds):
            people = clinic.patients[turn * mails : (turn + 1) * mails]
            bare.append(mails / _bare(port, people))
            ours.append(mails / _ours(clinic, people, str(turn)))
    finally:
        stop()
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    return [
        f"| blast of {mails:,} e-mails, every one marked before and after | {statistics.median(ours):.0f} a second "
        f"| bare smtplib loop {statistics.median(bare):.0f} a second | {ratio:.2f} × | ≥ {LEAST} × "
        f"| {'yes' if ratio >= LEAST else 'no'} |"
    ]


def _clinic(folder: Path, port: int, rounds: int, mails: int) -> Clinic:
    engine: Engine = open_store(f"sqlite:///{folder / 'blast.db'}")
    migrate(engine)
    clinic = open_clinic(engine, [{} for _ in range(rounds * mails)])
    with transaction(engine) as session:
        server = {"host": "127.0.0.1", "port": str(port), "security": "none", "sender": "desk@maple.example"}
        connect(session, kind="email", name="mail", settings=server, secrets={})
    return clinic


def _ours(clinic: Clinic, people: list[int], form: str) -> float:
    """Seconds from the first claim to the last outcome written down."""
    with transaction(clinic.engine) as session:
        words = edited(template_for(session, "pay link", "email"), subject="A payment is open", body=BODY)
        wanted = [Wanted(patient_id, {"amount": "$10.00"}) for patient_id in people]
        make_batch(
            session,
            clinic.manager,
            Blast(form, words, wanted),
            form=form,
            typed_count=len(people),
            undo=timedelta(0),
        )
    begun = time.perf_counter()
    did = work_outbox(clinic.engine)
    taken = time.perf_counter() - begun
    assert [each.settled for each in did.values()] == [len(people)]
    return taken


def _bare(port: int, people: list[int]) -> float:
    begun = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for number in people:
            message = EmailMessage()
            message["From"], message["To"] = "desk@maple.example", f"patient{number}@mail.example"
            message["Subject"], message["Date"] = "A payment is open", formatdate()
            message["Message-ID"] = make_msgid(domain="maple.example")
            text = (
                "Hello Zoë,\n\na payment of $10.00 is open at Maple Street.\n\nThank you!\n\n--\nMaple Street"
            )
            message.set_content(text)
            message.add_alternative(as_html(text), subtype="html")
            smtp.send_message(message)
    return time.perf_counter() - begun


def _mail_server() -> tuple[int, Any]:
    """A mail server in a process of its own: its port, and how to end it."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    return ours.recv(), process.terminate


def _serve(told: Connection) -> None:
    with mail_server(lambda _recipient, _mail: None) as port:
        told.send(port)
        while True:
            time.sleep(60)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory(prefix="huddle-bench-") as at:
        print("\n".join(blast_lines(Path(at))))
