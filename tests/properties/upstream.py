"""A model of the processor for the convergence test: the truth, its clock, and a wire that fails as it is told."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx

Record = dict[str, Any]
START = 1_790_000_000
LOCATION = "11e95f8ec39de8fbdb0a4f1a"


class HalfABody(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self.body[: len(self.body) // 2]
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


class Upstream:
    """`records` by resource and id. `faults` come in turn, one a request; `meanwhile` happens after one request."""

    def __init__(self) -> None:
        self.now, self.made = START, 0
        self.records: dict[str, dict[str, Record]] = {"tokens": {}, "declined-recurring-transactions": {}}
        self.faults: list[str] = []
        self.meanwhile: list[Callable[[], None]] = []
        self.past: list[dict[str, dict[str, Record]]] = []
        self.waited = 0.0

    # what happens at the processor

    def create(self, resource: str, skew: int) -> None:
        self._remember()
        self.made += 1
        record_id = f"31f{self.made:021x}"
        record = {
            "id": record_id,
            "location_id": LOCATION,
            "created_ts": self.now,
            "modified_ts": self.now - skew,
        }
        fields = {"tokens": {"payment_method": "cc", "last_four": "4242", "exp_date": "1227", "title": "a"}}
        self.records[resource][record_id] = record | fields.get(resource, {"status": "unpaid"})

    def change(self, resource: str, place: int, skew: int) -> None:
        """A change moves modified_ts, by a clock that may be behind but never back behind the record's own."""
        if not (held := self.records[resource]):
            return
        self._remember()
        record = held[sorted(held)[place % len(held)]]
        record["modified_ts"] = max(record["modified_ts"], self.now - skew)
        if resource == "tokens":
            record["last_four"] = f"{(int(record['last_four']) + 1) % 10_000:04d}"
        else:
            record["status"] = {"paid": "unpaid", "unpaid": "paid"}[record["status"]]

    def delete(self, resource: str, place: int) -> None:
        if held := self.records[resource]:
            self._remember()
            del held[sorted(held)[place % len(held)]]

    def _remember(self) -> None:
        self.past = [*self.past[-3:], copy.deepcopy(self.records)]

    # what goes over the wire

    def answer(self, request: httpx.Request) -> httpx.Response:
        fault = self.faults.pop(0) if self.faults else ""
        answer = self._answer(request, fault)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return answer

    def _answer(self, request: httpx.Request, fault: str) -> httpx.Response:
        match fault:
            case "500" | "503":
                return httpx.Response(int(fault))
            case "429":
                return httpx.Response(429)
            case "429 with Retry-After":
                return httpx.Response(429, headers={"Retry-After": "2"})
            case "time-out":
                raise httpx.ReadTimeout("no answer", request=request)
            case "refused":
                raise httpx.ConnectError("refused", request=request)
        params = request.url.params
        resource = request.url.path.rsplit("/", 1)[1]
        source = self.past[0] if fault == "old version" and self.past else self.records
        body = _page(list(source[resource].values()), params, fault)
        text = json.dumps(body).encode()
        if fault == "reset":
            return httpx.Response(200, stream=HalfABody(text))
        if fault == "garbage":
            return httpx.Response(200, content=text[: len(text) // 2])
        return httpx.Response(200, content=text)

    def sleep(self, seconds: float) -> None:
        self.waited += seconds

    def wire(self) -> dict[str, Any]:
        """Arguments of http.Reader."""
        transport = httpx.MockTransport(self.answer)
        return {"transport": transport, "sleep": self.sleep, "monotonic": lambda: self.waited}


def _page(rows: list[Record], params: httpx.QueryParams, fault: str) -> dict[str, Any]:
    place = 0
    while (key := params.get(f"filter_by[{place}][key]")) is not None:
        rows = [
            row
            for row in rows
            if _holds(row[key], params[f"filter_by[{place}][operator]"], params[f"filter_by[{place}][value]"])
        ]
        place += 1
    rows.sort(key=lambda row: (row[params["order[0][key]"]], row["id"]))
    size, number = int(params["page[size]"]), int(params["page[number]"])
    total = len(rows)
    shown = {"page repeated": max(1, number - 1), "cursor loop": 1}.get(fault, number)
    page = rows[(shown - 1) * size : shown * size]
    match fault:
        case "half page":
            page = page[: len(page) // 2]
        case "empty page":
            page = []
        case "duplicate ids":
            page = page + page[: (len(page) + 1) // 2]
        case "other order":
            page = page[::-1]
    pagination = {"total_count": total, "page_number": number, "page_size": size}
    following = "/v1/again" if fault == "cursor loop" else None
    return {"list": page, "links": {"next": following}, "pagination": pagination}


def _holds(value: Any, operator: str, wanted: str) -> bool:
    if operator == "=":
        return str(value) == wanted
    return value >= int(wanted) if operator == ">=" else value <= int(wanted)
