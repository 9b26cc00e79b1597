"""What a visitor is told while the store cannot be read or written: one sentence, and no page half drawn."""

import logging

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection
from starlette.responses import Response

from core.errors import StoreError
from dashboard.web.templates import plain_page

AWAY = (SQLAlchemyError, StoreError)
SENTENCE = "Nothing is lost. Try again in a minute; if it stays so, ask whoever looks after this computer."
log = logging.getLogger("huddle")


def store_away(_connection: HTTPConnection, error: Exception) -> Response:
    """503 with a plain page. The log gets the kind of error, not its text: that may hold what was being stored."""
    log.error("the store cannot be used: %s", type(error).__name__)
    sentence = error.sentence if isinstance(error, StoreError) else SENTENCE
    return plain_page("store_away.html", status=503, headers={"retry-after": "60"}, sentence=sentence)
