"""Who may hold a connection, and how long without saying anything: uvicorn has no time-outs but the one between requests.

A visitor has HEADER_SECONDS to say what they want, may be silent for BODY_SILENT while sending a body, and must take what
they asked for. Of one address so many connections are open, of all together so many: beyond that the one that has been
idle longest is closed, so that a flood of idle ones never keeps a person out. The shape of uvicorn's h11 protocol is
relied on here and nowhere else; pyproject.toml pins Streamlit, which brings it. A proxy in front does the same sooner.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from core.settings import settings

try:
    import resource
except ImportError:  # Windows keeps no such limit
    resource = None  # type: ignore[assignment]

HEADER_SECONDS = 10.0
BODY_SILENT, BODY_SECONDS = 10.0, 300.0
UNREAD_SECONDS = 60.0  # an answer that nobody takes
SWEEP_SECONDS = 1.0
PER_ADDRESS, IN_ALL = 300, 1_000
FILES_WANTED = 8_192
FILES_KEPT_FREE = 256  # for the store, its WAL, outgoing calls
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@dataclass(slots=True, eq=False)
class Line:
    """One connection. began: when it began to say what it wants, None between requests. Times are the loop's seconds."""

    protocol: Any
    transport: asyncio.Transport
    address: str
    made: float
    heard: float
    began: float | None
    unread: tuple[int, float] = (0, 0.0)

    def busy(self) -> bool:
        """A request is being answered, or it has become a websocket."""
        cycle = self.protocol.cycle
        over = self.transport.get_protocol() is not self.protocol
        return over or (cycle is not None and not cycle.response_complete and not cycle.more_body)

    def too_slow(self, now: float) -> bool:
        """Whether what it should have said by now is missing."""
        if self.transport.get_protocol() is not self.protocol:
            return False
        cycle = self.protocol.cycle
        if cycle is None or cycle.response_complete:
            return self.began is not None and now - self.began > HEADER_SECONDS
        if cycle.more_body and not self.protocol.flow.read_paused:
            return now - self.heard > BODY_SILENT or now - (self.began or self.made) > BODY_SECONDS
        return False

    def leaves_unread(self, now: float) -> bool:
        """Whether nothing of what we say has been taken for a long time."""
        size = self.transport.get_write_buffer_size()
        if size == 0 or size != self.unread[0]:
            self.unread = (size, now)
        return size > 0 and now - self.unread[1] > UNREAD_SECONDS


_lines: dict[asyncio.BaseTransport, Line] = {}  # oldest first
_sweeping: list[asyncio.TimerHandle] = []


def watch_connections() -> None:
    """For the process that serves pages, before the first connection. Calling it again changes nothing."""
    if getattr(AutoHTTPProtocol, "huddle_watches", False):
        return
    AutoHTTPProtocol.huddle_watches = True  # type: ignore[attr-defined]
    _allow_files()
    _after(AutoHTTPProtocol, "connection_made", _made)
    _after(AutoHTTPProtocol, "connection_lost", _lost)
    _before(AutoHTTPProtocol, "data_received", _heard)
    _after(AutoHTTPProtocol, "on_response_complete", _answered)


def _after(of: type, name: str, then: Callable[..., None]) -> None:
    plain = getattr(of, name)

    def both(self: Any, *given: Any) -> None:
        plain(self, *given)
        then(self)

    setattr(of, name, both)


def _before(of: type, name: str, first: Callable[..., None]) -> None:
    plain = getattr(of, name)

    def both(self: Any, *given: Any) -> None:
        first(self)
        plain(self, *given)

    setattr(of, name, both)


def _made(protocol: Any) -> None:
    transport, now = protocol.transport, protocol.loop.time()
    peer = transport.get_extra_info("peername")
    _lines[transport] = Line(protocol, transport, str(peer[0]) if peer else "", now, now, now)
    if not _sweeping:
        _sweeping.append(protocol.loop.call_later(SWEEP_SECONDS, _sweep, protocol.loop))
    _make_room(_lines[transport])


def _heard(protocol: Any) -> None:
    line, now = _lines.get(protocol.transport), protocol.loop.time()
    if line is not None:
        line.heard = now
        line.began = now if line.began is None else line.began


def _answered(protocol: Any) -> None:
    """From here uvicorn waits a few seconds for the next request."""
    if line := _lines.get(protocol.transport):
        line.began = None


def _lost(protocol: Any) -> None:
    _lines.pop(protocol.transport, None)


def _make_room(new: Line) -> None:
    """Close the longest idle one of the same address, or of all, when there are too many; without an idle one, the new one."""
    _forget_closed()
    held = Counter(line.address for line in _lines.values())
    if held[new.address] > PER_ADDRESS and new.address not in _proxies():
        _close_idle([line for line in _lines.values() if line.address == new.address], new)
    elif len(_lines) > in_all():
        most = max(held, key=lambda address: held[address])
        _close_idle([line for line in _lines.values() if line.address == most], new)


def _close_idle(among: list[Line], new: Line) -> None:
    idle = [line for line in among if line is not new and not line.busy()]
    _end(min(idle, key=lambda line: line.heard, default=new))


def _end(line: Line) -> None:
    _lines.pop(line.transport, None)
    line.transport.abort()


def _sweep(loop: asyncio.AbstractEventLoop) -> None:
    _sweeping.clear()
    now = loop.time()
    _forget_closed()
    for line in list(_lines.values()):
        if line.leaves_unread(now):
            _end(line)
        elif line.too_slow(now):
            with contextlib.suppress(RuntimeError, OSError):  # gone in this very moment
                if line.protocol.cycle is None or line.protocol.cycle.response_complete:
                    line.transport.write(TOO_SLOW)
                    line.transport.close()
                    continue
            _end(line)
    if _lines:
        _sweeping.append(loop.call_later(SWEEP_SECONDS, _sweep, loop))


def _forget_closed() -> None:
    """A websocket that has ended tells its own protocol, not the one that was watched."""
    for transport in [transport for transport in _lines if transport.is_closing()]:
        del _lines[transport]


def _proxies() -> set[str]:
    return {address.strip() for address in settings().trusted_proxies.split(",")}


def _allow_files() -> None:
    """As many open files as the system lets us have: a flood is accepted in one go, before any of it can be closed."""
    if resource is not None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES_WANTED if most == resource.RLIM_INFINITY else min(FILES_WANTED, most)
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), most)
        )


def in_all() -> int:
    """How many connections are held at most: fewer where this process may open few files."""
    if resource is None:
        return IN_ALL
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return IN_ALL if allowed == resource.RLIM_INFINITY else max(64, min(IN_ALL, allowed - FILES_KEPT_FREE))
