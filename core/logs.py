"""Logs: one JSON object a line on stderr, without secrets, card numbers, phones, e-mails and birth dates.

Everything goes through one redaction, what libraries log included. Log ids and counts, not people.
"""

import logging
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

from core.secrets import mask_card_numbers
from core.settings import settings

_SECRET_KEY = re.compile(
    r"(key|secret|token|password|passwd|authorization|cookie|credential|user-id|developer-id)", re.I
)
_PRIVATE_KEY = re.compile(r"(birth|\bdob\b|phone|mobile|e-?mail|first_name|last_name|address$)", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{10,15}|(?:\+?1[ .-]?)?\(?[2-9]\d{2}\)?[ .-]?\d{3}[ .-]?\d{4})(?![\w.])"
)
# what a patient holds opens their page; the set-up link, the practice; an invitation, an account
_LINK = re.compile(r"(/(?:pay|card|stop|setup|welcome)/)[^\s/?#\"'<>]+")
_DATE = re.compile(r"\b(?:19|20)\d{2}-\d{2}-\d{2}\b(?!T)")
_OURS = frozenset({"timestamp", "level", "logger"})
_GIVEN = "…"
A_MINUTE = 60.0
MOST_OF_A_KIND = 60
KINDS_KEPT = 5_000


def configure() -> None:
    """Send this process's logs to stderr as JSON lines, from HUDDLE_LOG_LEVEL up. Call once, at the edge."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    structlog.configure(
        processors=[
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = Sparing(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings().log_level.upper())
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            take_over(logger)
    logging.captureWarnings(True)

    for chatty in ("httpx", "httpcore", "apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def catch_unforeseen() -> None:
    """What nobody catches, in a thread or anywhere, becomes a log line too. For a process that serves."""
    sys.excepthook = _log_unforeseen
    threading.excepthook = lambda seen: _log_unforeseen(seen.exc_type, seen.exc_value, seen.exc_traceback)
    sys.unraisablehook = lambda seen: _log_unforeseen(seen.exc_type, seen.exc_value, seen.exc_traceback)


def take_over(logger: logging.Logger) -> None:
    """What a library's logger says goes our way too: through the one handler that redacts, and through no other."""
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True


def _log_unforeseen(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    given = (kind, error or kind(), trace)
    logging.getLogger("huddle").critical("something unforeseen went wrong", exc_info=given)


class Sparing(logging.StreamHandler):
    """Writes at most MOST_OF_A_KIND lines of one kind in a minute: a flood must not fill the disk. Then it says how many
    it left out. A kind is a logger, a level and the beginning of the words, without the numbers in them."""

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._now = now
        self._since = 0.0
        self._seen: Counter[tuple[str, int, str]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Called under the handler's lock."""
        moment = self._now()
        if moment - self._since >= A_MINUTE:
            left_out = {kind: n - MOST_OF_A_KIND for kind, n in self._seen.items() if n > MOST_OF_A_KIND}
            self._since = moment
            self._seen.clear()
            for (name, level, words), times in left_out.items():
                super().emit(_summary(name, level, words, times))
        kind = _kind(record)
        self._seen[kind] += 1
        if self._seen[kind] <= MOST_OF_A_KIND and len(self._seen) <= KINDS_KEPT:
            super().emit(record)


def _kind(record: logging.LogRecord) -> tuple[str, int, str]:
    said = record.msg.get("event", "") if isinstance(record.msg, dict) else record.msg
    return record.name, record.levelno, re.sub(r"\d+", "#", str(said)[:80])


def _summary(name: str, level: int, words: str, times: int) -> logging.LogRecord:
    text = "%s more lines like “%s” were left out in the last minute"
    return logging.LogRecord(name, level, "", 0, text, (times, words), None)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the event without what must not be in a log."""
    event.pop("color_message", None)  # uvicorn says each line twice
    for name in list(event):
        if name not in _OURS and not name.startswith("_"):
            event[name] = _without(name, event[name])
    return event


def _without(name: str, value: Any) -> Any:
    if _SECRET_KEY.search(name) or _PRIVATE_KEY.search(name):
        return _GIVEN if value else value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {str(key): _without(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without("", item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(str(value))


def redact_text(text: str) -> str:
    """Free text without card numbers, e-mail addresses, phone numbers, plain dates (they may be birth dates) and the
    tokens of patients' links."""
    masked = _EMAIL.sub("[e-mail]", mask_card_numbers(_LINK.sub(r"\1[link]", text)))
    return _DATE.sub("[date]", _PHONE.sub("[phone]", masked))
