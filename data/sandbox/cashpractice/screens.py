"""Cash Practice for a person: what is not paid up, and the “Pay Online” page its payment request leads to."""

from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from data.sandbox import pages
from data.sandbox.cashpractice import charging, records
from data.sandbox.state import State


def routes() -> list[Route]:
    return [
        Route("/cash-practice", partial(_shown, _not_paid_up)),
        Route("/cash-practice/pay/{order_id}", partial(_shown, _pay_online), methods=["GET"]),
        Route("/cash-practice/pay/{order_id}", _press, methods=["POST"]),
    ]


async def _shown(made: Any, request: Request) -> Response:
    return await run_in_threadpool(made, request.app.state.sandbox, request)


def _not_paid_up(state: State, _request: Request) -> Response:
    waiting = [alert for alert in records.find(state, "alerts") if alert["Status"] in ("Open", "Rescheduled")]
    rows = [_row(state, alert["Order_ID"]) | {"alert": alert["Status"]} for alert in reversed(waiting)]
    return _page("Not paid up", rows[:500], alone=False)


def _pay_online(state: State, request: Request) -> Response:
    row = _row(state, request.path_params["order_id"])
    if not row:
        return PlainTextResponse("There is no such payment.", 404)
    return _page("Pay online", [row | {"alert": row["status"]}], alone=True)


def _row(state: State, order_id: str) -> dict[str, Any]:
    payment = records.get(state, "payments", order_id)
    if payment is None:
        return {}
    customer = records.get(state, "customers", payment["Customer_ID"]) or {}
    alerts = records.find(state, "alerts", Order_ID=order_id)
    paid = any(alert["Status"] == "Paid" for alert in alerts)
    return {
        "order_id": order_id,
        "person": f"{customer.get('FirstName', '')} {customer.get('LastName', '')}".strip(),
        "amount": payment["Transaction_amount"],
        "why": payment["DeclineText"].capitalize(),
        "until": payment.get("RescheduledFor", ""),
        "status": "Paid" if paid else payment["Status"],
    }


def _page(title: str, rows: list[dict[str, Any]], *, alone: bool) -> Response:
    return pages.page(
        "not_paid_up.html", title=title, rows=[row for row in rows if row.get("order_id")], alone=alone
    )


async def _press(request: Request) -> Response:
    """Pay, then the page again: paid, or why not."""
    state: State = request.app.state.sandbox
    order_id = request.path_params["order_id"]
    try:
        await run_in_threadpool(charging.pay, state, order_id)
    except (LookupError, ValueError) as error:
        return PlainTextResponse(str(error.args[0]), 409)
    return RedirectResponse(f"/cash-practice/pay/{order_id}", 303)
