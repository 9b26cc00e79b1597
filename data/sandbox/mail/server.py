"""The mail server: takes every mail for everybody and keeps it, on the event loop of the web server.

Signing in is possible and not needed; a wrong password is refused (535). Its faults (POST /control, `"at": "smtp"`,
matched by `{"to": "ana@example.com"}`, the beginning of an address):
    latency          waits latency_ms before it answers a message
    status           answers `status` (451 later, 550 never) to RCPT TO and keeps nothing
    timeout_before   keeps nothing and never answers the message
    timeout_after    keeps the message and never answers
    drop             closes the connection at RCPT TO
    reset            keeps the message and closes the connection instead of answering
"""

import asyncio
import hmac
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from data.sandbox.faults import Fault, Kind
from data.sandbox.mail import mailbox
from data.sandbox.state import State

USERNAME = "practice"
USUAL_PORT = 8625


def password(state: State) -> str:
    return state.key("smtp password")


async def start(state: State, port: int) -> asyncio.Server:
    """Listen on 127.0.0.1; on another port when this one is taken (0: any). state.smtp_port tells which."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            _Mailman(state),
            hostname="sandbox.example",
            ident="Huddle sandbox",
            auth_require_tls=False,
            authenticator=lambda *given: _signed_in(state, given[-1]),
            enable_SMTPUTF8=True,
            loop=loop,
        )

    try:
        server = await loop.create_server(protocol, "127.0.0.1", port)
    except OSError:
        server = await loop.create_server(protocol, "127.0.0.1", 0)
    state.smtp_port = server.sockets[0].getsockname()[1]
    return server


def _signed_in(state: State, given: Any) -> AuthResult:
    right = (
        isinstance(given, LoginPassword)
        and given.login == USERNAME.encode()
        and hmac.compare_digest(given.password, password(state).encode())
    )
    return AuthResult(success=right, handled=False)


class _Mailman:
    def __init__(self, state: State) -> None:
        self.state = state
        self.fault: Fault | None = None
        self.wait = 0.0

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        wait, fault = self.state.faults.choose("MAIL", address.lower(), at="smtp")
        self.wait = max(self.wait, wait)
        if fault and fault.kind is Kind.STATUS:
            return f"{fault.status} The sandbox was asked to refuse this"
        if fault and fault.kind is Kind.DROP:
            await _dropped(server)
        self.fault = fault or self.fault
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        fault, wait, self.fault, self.wait = self.fault, self.wait, None, 0.0
        await asyncio.sleep(wait)
        if fault and fault.kind is Kind.TIMEOUT_BEFORE:
            await asyncio.Event().wait()
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        recipients, sender = list(envelope.rcpt_tos), envelope.mail_from or ""
        await asyncio.to_thread(mailbox.keep, self.state, sender, recipients, content)
        if fault and fault.kind is Kind.TIMEOUT_AFTER:
            await asyncio.Event().wait()
        if fault and fault.kind is Kind.RESET:
            await _dropped(server)
        return "250 OK: kept"


async def _dropped(server: SMTP) -> None:
    """Close the connection at once; aiosmtpd cancels this command when it is gone."""
    if server.transport is not None:
        server.transport.abort()
    await asyncio.Event().wait()
