"""Logs: one JSON object a line on stderr, without secrets, card numbers, phones, e-mails and birth dates.

Everything goes through one redaction, what libraries log included. Log ids and counts, not people.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

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
_LINK = re.compile(r"(/(?:pay|card|stop)/)[^\s/?#\"'<>]+")  # what a patient holds: it opens their page
_DATE = re.compile(r"\b(?:19|20)\d{2}-\d{2}-\d{2}\b(?!T)")
_OURS = frozenset({"timestamp", "level", "logger"})
_GIVEN = "…"


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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings().log_level.upper())
    for chatty in ("httpx", "httpcore", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the event without what must not be in a log."""
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
