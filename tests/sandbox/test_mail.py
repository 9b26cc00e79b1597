"""The mail server and its mailbox page, over real SMTP."""

import asyncio
import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from data.sandbox.mail.server import start
from data.sandbox.state import State
from tests.sandbox.links import invoice, made
from tests.sandbox.listening import listening
from tests.sandbox.running import Sandbox, run_sandbox


def letter(to: str = "ana@example.com", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "Riverside <desk@example.com>", to
    message["Subject"], message["Message-ID"] = "Your invoice", "<1@riverside>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Pay here: https://pay.example.com/a?b=1&c=2.\n<b>not bold</b>")
    return message


def smtp_of(sandbox: Sandbox) -> tuple[smtplib.SMTP, dict[str, Any]]:
    keys = sandbox.client.get(f"{sandbox.root_url}/control").json()["smtp"]
    return smtplib.SMTP(keys["host"], keys["port"], timeout=5), keys


def sent(sandbox: Sandbox, message: EmailMessage) -> None:
    server, _ = smtp_of(sandbox)
    with server:
        server.send_message(message)


def mails(sandbox: Sandbox, to: str = "") -> list[dict[str, Any]]:
    return sandbox.client.get(f"{sandbox.root_url}/mail.json", params={"to": to}).json()["mails"]


def test_a_mail_is_kept_for_each_recipient(sandbox: Sandbox) -> None:
    sent(sandbox, letter("ana@example.com, ben@example.com"))
    assert [each["recipient"] for each in mails(sandbox)] == ["ana@example.com", "ben@example.com"]
    (bens,) = mails(sandbox, to="ben@")
    assert (bens["subject"], bens["message_id"]) == ("Your invoice", "<1@riverside>")


def test_a_mail_server_whose_port_is_taken_listens_elsewhere_and_stays_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, closing(State(tmp_path)) as state:
        port = taken.getsockname()[1]

        async def listens() -> int:
            (await start(state, port)).close()
            return state.smtp_port

        with ThreadPoolExecutor() as aside:  # a browser's loop may be running in this thread
            assert aside.submit(asyncio.run, listens()).result(10) not in (0, port)


def test_a_restarted_sandbox_takes_mail_on_the_same_port(tmp_path: Path) -> None:
    with run_sandbox(tmp_path) as sandbox:
        before = sandbox.state.smtp_port
        sandbox.restart()
        sent(sandbox, letter())
        assert (sandbox.state.smtp_port, len(mails(sandbox))) == (before, 1)


def test_signing_in_is_possible_and_a_wrong_password_is_refused(sandbox: Sandbox) -> None:
    server, keys = smtp_of(sandbox)
    with server:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            server.login(keys["username"], "wrong")
        server.login(keys["username"], keys["password"])
        server.send_message(letter())
    assert len(mails(sandbox)) == 1


def test_the_page_shows_a_mail_as_text_with_links_to_press(sandbox: Sandbox) -> None:
    sent(sandbox, letter(List_Unsubscribe="<https://example.com/stop/1>"))
    number = mails(sandbox)[0]["number"]
    page = sandbox.client.get(f"{sandbox.root_url}/mail/{number}").text
    assert 'href="https://pay.example.com/a?b=1&amp;c=2"' in page
    assert "&lt;b&gt;not bold&lt;/b&gt;" in page
    assert "&lt;https://example.com/stop/1&gt;" in page
    assert "Unsubscribe with one click" not in page


def test_html_is_shown_in_a_frame_that_runs_nothing(sandbox: Sandbox) -> None:
    message = letter()
    message.add_alternative(
        "<p>Pay <a href='https://pay.example.com'>here</a></p><script>alert(1)</script>", "html"
    )
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="invoice.pdf")
    sent(sandbox, message)
    base = f"{sandbox.root_url}/mail/{mails(sandbox)[0]['number']}"
    frame = sandbox.client.get(f"{base}/html")
    assert "sandbox allow-popups" in frame.headers["content-security-policy"]
    assert "allow-scripts" not in frame.headers["content-security-policy"]
    assert "invoice.pdf" in sandbox.client.get(base).text
    assert sandbox.client.get(f"{base}/part/0").content == b"%PDF-1.4"


def test_one_press_unsubscribes_as_a_mail_program_does(sandbox: Sandbox) -> None:
    with listening() as ear:
        way_out = {
            "List_Unsubscribe": f"<{ear.url}/stop/abc>",
            "List_Unsubscribe_Post": "List-Unsubscribe=One-Click",
        }
        sent(sandbox, letter(**way_out))
        number = mails(sandbox)[0]["number"]
        answer = sandbox.client.post(f"{sandbox.root_url}/mail/{number}/unsubscribe", follow_redirects=True)
        (call,) = ear.heard
    assert (call.path, call.form) == ("/stop/abc", {"List-Unsubscribe": "One-Click"})
    assert "Unsubscribed." in answer.text


@pytest.mark.parametrize(
    ("kind", "kept"), [("drop", 0), ("reset", 1), ("timeout_before", 0), ("timeout_after", 1)]
)
def test_a_lost_line_is_heard_as_such_whether_the_mail_was_kept_or_not(
    sandbox: Sandbox, kind: str, kept: int
) -> None:
    sandbox.control({"faults": [{"at": "smtp", "kind": kind, "times": 1, "match": {"to": "ana@"}}]})
    server, _ = smtp_of(sandbox)
    server.timeout = 0.5
    assert server.sock is not None
    server.sock.settimeout(0.5)
    with pytest.raises((smtplib.SMTPServerDisconnected, TimeoutError)):
        server.send_message(letter())
    server.close()
    assert len(mails(sandbox)) == kept
    sent(sandbox, letter())
    assert len(mails(sandbox)) == kept + 1


@pytest.mark.parametrize(("honours", "kept"), [(False, 2), (True, 1)])
def test_a_mail_sent_again_is_kept_once_only_where_that_is_wished(
    sandbox: Sandbox, honours: bool, kept: int
) -> None:
    sandbox.control({"smtp": {"honours_message_id": honours}})
    for _ in range(2):
        sent(sandbox, letter())
    assert len(mails(sandbox)) == kept


def test_an_address_can_be_refused_and_the_others_get_theirs(sandbox: Sandbox) -> None:
    sandbox.control({"faults": [{"at": "smtp", "kind": "status", "status": 550, "match": {"to": "ben@"}}]})
    server, _ = smtp_of(sandbox)
    with server:
        refused = server.send_message(letter("ana@example.com, ben@example.com"))
    assert refused["ben@example.com"][0] == 550
    assert [each["recipient"] for each in mails(sandbox)] == ["ana@example.com"]


def test_what_fortis_sends_itself_arrives_here_and_on_the_phone(sandbox: Sandbox) -> None:
    reach = {"email": "ana@example.com", "cell_phone": "6145550101"}
    record = made(sandbox, "quick-invoices", invoice(send_email=True, send_text_to_pay=True, **reach))
    assert record["payment_url"] in mails(sandbox)[0]["text"]
    assert record["payment_url"] in sandbox.client.get(f"{sandbox.root_url}/phone/+16145550101").text
