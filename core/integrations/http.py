"""One polite way to talk to another system: time limits, few retries, no redirects, known hosts only.

Retries are ours and not a library's: the ones at hand cut a long Retry-After short, do not count the time spent on
the wire, and do not see that a body broke off half-way. Only reads are retried (RELIABILITY 11); a change is asked
for once, and where no answer comes its outcome is unknown.
"""

import ipaddress
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from pydantic_core import from_json

from core import clock
from core.errors import (
    BadInput,
    OutcomeUnknown,
    Refused,
    TransportError,
    Unreachable,
    UnreadableAnswer,
    WrongCredentials,
)
from core.integrations.pace import Pace
from core.secrets import mask_card_numbers

ATTEMPTS = 5
BUDGET_SECONDS = 120.0  # of one call, waits and wire together
READ_SECONDS = 30.0
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 20.0
CIRCUIT_FAILURES = 5
CIRCUIT_SECONDS = 30.0
LARGEST_ANSWER = 256 * 1024 * 1024
_AGAIN = frozenset({408, 429, 500, 502, 503, 504, 521, 522, 524})
_NOT_ACTED = 429  # of the above the one that says the request was not even looked at


def require_allowed(url: str, allowed_hosts: str) -> httpx.URL:
    """The parsed address of a system we may call: https at an allowed host, or anything on this machine.

    allowed_hosts: comma-separated. Raises BadInput with a sentence otherwise.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise BadInput(f"“{url}” is not a web address.") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
        raise BadInput(f"“{parsed.copy_with(username=None, password=None)}” is not a web address.")
    if is_loopback(parsed.host):
        return parsed
    hosts = {host.strip().lower() for host in allowed_hosts.split(",")}
    if parsed.host.lower() not in hosts:
        raise BadInput(
            f"{parsed.host} is not among the hosts Huddle may call. Add it to HUDDLE_OUTBOUND_HOSTS."
        )
    if parsed.scheme != "https":
        raise BadInput(f"{parsed.host} must be called over https.")
    return parsed


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(slots=True)
class Circuit:
    """Stops asking a system that does not answer: open after 5 failures in a row, one trial after 30 s."""

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    opened_at: float = 0.0

    def closed(self) -> bool:
        return self.failures < CIRCUIT_FAILURES or self.clock() - self.opened_at >= CIRCUIT_SECONDS

    def failed(self) -> None:
        self.failures += 1
        self.opened_at = self.clock()

    def answered(self) -> None:
        self.failures = 0


class Reader:
    """Reads JSON from one system. name: what its users call it, for sentences. secrets: never shown.

    per_second: calls, retries among them, that the system takes at most; 0 = it does not count.
    accept: judges a parsed answer and raises UnreadableAnswer when it cannot be right, which counts as a failed try.
    sleep, monotonic and transport are arguments so that a test replays a run exactly.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        allowed_hosts: str,
        headers: Mapping[str, str],
        secrets: Sequence[str] = (),
        per_second: float = 0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        base = require_allowed(base_url, allowed_hosts)
        self.name = name
        self._secrets = [secret for secret in secrets if secret]
        self._sleep, self._monotonic, self._jitter = sleep, monotonic, jitter
        self._circuit = Circuit(monotonic)
        self._pace = Pace(1 / per_second, sleep, monotonic) if per_second else None
        self._client = httpx.Client(
            base_url=base,
            headers={"Accept": "application/json", **headers},
            follow_redirects=False,
            timeout=httpx.Timeout(READ_SECONDS, connect=5.0),
            transport=transport,
            verify=base.scheme == "https",  # plain http is this machine alone, and a TLS context costs 0.1 s
            trust_env=not is_loopback(base.host),  # a proxy must not see calls to this machine
        )

    def close(self) -> None:
        self._client.close()

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        accept: Callable[[Any], None] | None = None,
    ) -> Any:
        """The parsed JSON of a GET. Raises WrongCredentials, Unreachable, UnreadableAnswer or TransportError."""
        deadline = self._monotonic() + BUDGET_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            if not self._circuit.closed():
                raise Unreachable(f"{self.name} has not been answering; Huddle waits before asking again.")
            try:
                answer = self._once(path, params or {}, deadline)
                if accept is not None:
                    accept(answer)
            except TransportError as error:
                if error.permanent:
                    raise
                self._wait(error, attempt, deadline)
            else:
                self._circuit.answered()
                return answer
        raise AssertionError("unreachable: the last attempt raises")

    def change(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The parsed JSON of one POST, PUT, PATCH or DELETE, None when the answer is empty. Never asked twice.

        body: sent as JSON; form: as a form.

        Raises OutcomeUnknown when it may have been done without our knowing, Refused when it was not and will not be,
        Unreachable or TransportError when it was not and may be asked again, WrongCredentials.
        """
        if not self._circuit.closed():
            raise Unreachable(f"{self.name} has not been answering; Huddle waits before asking again.")
        try:
            response = self._client.request(method, path, json=body, data=form, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            self._circuit.failed()
            raise Unreachable(f"{self.name} cannot be reached at {self._client.base_url.host}.") from error
        except httpx.HTTPError as error:
            self._circuit.failed()
            raise OutcomeUnknown(
                f"{self.name} did not answer; whether it was done is not known yet."
            ) from error
        if response.status_code >= 500 or response.status_code in _AGAIN - {_NOT_ACTED}:
            self._circuit.failed()
            raise OutcomeUnknown(
                f"{self.name} is having trouble (status {response.status_code}); whether it was done is not known yet."
            )
        self._circuit.answered()
        if not response.is_success:
            raise self._refusal(response, response.content)
        if not response.content.strip():
            return None
        try:
            return self._json(response.content)
        except UnreadableAnswer as error:
            raise OutcomeUnknown(error.sentence) from error

    def _wait(self, error: TransportError, attempt: int, deadline: float) -> None:
        """Before the next attempt: as long as asked, else full jitter. Raises the error when there is no next one."""
        if isinstance(error, Unreachable):
            self._circuit.failed()
        else:
            self._circuit.answered()
        if attempt == ATTEMPTS or not self._circuit.closed():
            raise error
        wait = error.retry_after
        if wait is None:
            wait = self._jitter(0.0, min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**attempt))
        if self._monotonic() + wait >= deadline:
            raise error  # asking again before the time they named would be rude; after the budget, too late
        self._sleep(wait)

    def _once(self, path: str, params: Mapping[str, Any], deadline: float) -> Any:
        if self._pace is not None:
            self._pace.wait()
        left = max(1.0, deadline - self._monotonic())
        try:
            with self._client.stream(
                "GET", path, params=params, timeout=httpx.Timeout(min(READ_SECONDS, left), connect=5.0)
            ) as response:
                body = b"".join(self._body(response, deadline))
        except httpx.TimeoutException as error:
            raise Unreachable(f"{self.name} did not answer in time.") from error
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.DecodingError) as error:
            raise Unreachable(f"{self.name}'s answer broke off half-way.") from error
        except httpx.HTTPError as error:
            raise Unreachable(f"{self.name} cannot be reached at {self._client.base_url.host}.") from error
        if response.is_success:
            return self._json(body)
        raise self._refusal(response, body)

    def _body(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > LARGEST_ANSWER:
                raise UnreadableAnswer(f"{self.name} sent an answer larger than Huddle takes.")
            if self._monotonic() > deadline:
                raise Unreachable(f"{self.name} did not answer in time.")
            yield piece

    def _json(self, body: bytes) -> Any:
        try:
            return from_json(body)
        except ValueError as error:
            # the parser's own words quote the body, which may hold a patient
            raise UnreadableAnswer(f"{self.name} sent an answer that is not readable JSON.") from error

    def _refusal(self, response: httpx.Response, body: bytes) -> TransportError:
        status = response.status_code
        if status in {401, 403}:
            sentence = f"{self.name} refused the keys. Check them and connect again."
            return WrongCredentials(sentence, code=_code(body))
        if status in _AGAIN:
            after = _retry_after(response.headers.get("Retry-After"))
            if status == 429:
                if self._pace is not None:
                    self._pace.slower()
                if after is None:
                    after = _until(response.headers.get("X-RateLimit-Reset"))
                return TransportError(f"{self.name} asks for fewer calls.", retry_after=after)
            return Unreachable(f"{self.name} is having trouble (status {status}).", retry_after=after)
        if response.has_redirect_location:
            return TransportError(
                f"{self.name} pointed to another address; Huddle does not follow.", permanent=True
            )
        sentence = f"{self.name} refused the request (status {status}){self._said(body)}."
        return Refused(sentence, status=status, code=_code(body))

    def _said(self, body: bytes) -> str:
        """The vendor's own words, `detail` before `title` (Fortis §1), without secrets, card numbers or line breaks."""
        try:
            answer = from_json(body)
        except ValueError:
            return ""
        if not isinstance(answer, Mapping):
            return ""
        words = str(answer.get("detail") or answer.get("title") or answer.get("message") or "")
        for secret in self._secrets:
            words = words.replace(secret, "…")
        words = " ".join(mask_card_numbers(words).split())[:200]
        return f": {words.rstrip('.')}" if words else ""


def _code(body: bytes) -> str:
    """The vendor's own code for its refusal, where it gives one (Twilio: 21610)."""
    try:
        answer = from_json(body)
    except ValueError:
        return ""
    return str(answer.get("code") or "") if isinstance(answer, Mapping) else ""


def _retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header, given as seconds or as a date; None when there is none to be read."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        when = parsedate_to_datetime(header)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - _now()).total_seconds())


def _until(header: str | None) -> float | None:
    """Seconds until the Unix second that an X-RateLimit-Reset header names (Cliniko); None when it names none."""
    if not header or not header.strip().isdecimal():
        return None
    return max(0.0, float(header) - _now().timestamp())


def _now() -> datetime:
    return clock.now()
