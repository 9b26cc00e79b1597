"""A wire for tests: answers in turn, and a clock that only moves when somebody waits."""

from collections.abc import Callable
from typing import Any

import httpx

from core.integrations.http import Reader

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Wire:
    """`answers` come in turn, the last one for ever; `asked` and `waits` remember."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.asked, self.waits, self.now = list(answers), [], [], 1_000.0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((self.now, request))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def options(self) -> dict[str, Any]:
        return {
            "transport": httpx.MockTransport(self.answer),
            "sleep": self.sleep,
            "monotonic": lambda: self.now,
        }

    def reader(self, base_url: str = "https://api.fortis.tech", **also: Any) -> Reader:
        headers = {"user-api-key": "canary-key-0123456789"}
        options = {"allowed_hosts": "api.fortis.tech", "headers": headers, **self.options(), **also}
        return Reader("Fortis", base_url, secrets=("canary-key-0123456789",), **options)
