"""The envelopes and error bodies of the processor (Fortis facts §1)."""

import json
import uuid
from typing import Any

from starlette.responses import Response

from data.sandbox.fortis.schemas import Complaint

AUTH_HEADERS = ("user-id", "user-api-key", "developer-id")


class Refused(Exception):
    """The processor answers with an error body instead of doing what was asked."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("detail") or body.get("message"))
        self.status, self.body = status, body


def unauthorised() -> Refused:
    return Refused(401, {"statusCode": 401, "error": "Unauthorized", "message": "Invalid token"})


def no_such_path() -> Refused:
    return Refused(404, {"statusCode": 404, "error": "Not Found", "message": "Not Found"})


def wrong_method() -> Refused:
    return Refused(405, {"statusCode": 405, "error": "Method Not Allowed", "message": "Method Not Allowed"})


def no_such_record(kind: str) -> Refused:
    return Refused(404, _error(404, "Not Found", f"{kind} not found", []))


def invalid(complaints: list[Complaint]) -> Refused:
    """412, the API's normal "bad input": every complaint in meta.details, the first one as `detail`."""
    details = [complaint.as_wire() for complaint in complaints]
    return Refused(412, _error(412, "Precondition Failed", complaints[0].message, details))


def refused_rule(message: str, *path: str, kind: str = "any.invalid") -> Refused:
    """412 for a rule that holds between fields or records."""
    return invalid([Complaint(message, path, kind)])


def _error(status: int, title: str, detail: str, details: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "Error",
        "id": f"ck{uuid.uuid4().hex[:23]}",
        "statusCode": status,
        "title": title,
        "detail": detail,
        "meta": {"details": details},
    }


def answer(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, separators=(",", ":")), status, media_type="application/json")


def one(kind: str, record: dict[str, Any], status: int = 200) -> Response:
    """A single record in its envelope: {"type": "Contact", "data": {...}}."""
    return answer({"type": kind, "data": record}, status)


def many(kind: str, bodies: list[str], rest: dict[str, Any]) -> Response:
    """A list envelope. The records come as JSON text already, so that a page of 5,000 costs no parsing."""
    tail = json.dumps(rest, separators=(",", ":"))[1:]
    text = f'{{"type":"{kind}sCollection","list":[{",".join(bodies)}],{tail}'
    return Response(text, media_type="application/json")
