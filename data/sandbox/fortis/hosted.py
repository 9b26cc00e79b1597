"""The pages a payer sees: /fortis/pay/{invoice|paylink|declined}/{link}. A person chooses a test card and presses Pay.

How the real pages look and what they ask is not published; this one asks for the least.
"""

import secrets
from datetime import date
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router

from core.money import dollars
from data.sandbox.fortis import bills
from data.sandbox.fortis.cards import BadCard, Card, typed
from data.sandbox.fortis.charges import REASONS
from data.sandbox.pages import page
from data.sandbox.state import Record, State

CHOICES = {
    "visa": ("4111111111111111", "Visa ending 1111", "approved"),
    "mastercard": ("5555555555554444", "Mastercard ending 4444", "approved"),
    "no-funds": ("4000000000009995", "Visa ending 9995", "declined: insufficient funds"),
    "do-not-honor": ("4000000000000002", "Visa ending 0002", "declined: do not honor"),
    "expired": ("4000000000000069", "Visa ending 0069", "declined: card expired"),
}
_PRESSES = "presses"
_KEPT_PRESSES = 500


def router(state: State) -> Router:
    async def answer(request: Request) -> Response:
        if request.method == "POST":
            form = await request.form()
            return await run_in_threadpool(_pressed, state, request, form)
        return await run_in_threadpool(_opened, state, request)

    return Router([Route("/{kind}/{link}", answer, methods=["GET", "POST"])])


def _opened(state: State, request: Request) -> Response:
    with state.transaction() as db:
        bill = _bill(state, request)
        if bill is None:
            return _nowhere()
        if "result" not in request.query_params:
            remote = request.client.host if request.client else None
            db.execute(
                "INSERT INTO views (link_id, seen_at, remote_ip) VALUES (?, ?, ?)",
                (bill.record["id"], state.now().timestamp(), remote),
            )
        return _page(state, bill, result=_result(state, bill, request.query_params.get("result")))


def _pressed(state: State, request: Request, form: FormData) -> Response:
    """One press, one charge: the same press again is answered like the first."""
    with state.transaction():
        bill = _bill(state, request)
        if bill is None:
            return _nowhere()
        presses = state.remembered(_PRESSES, {})
        press = str(form.get("press", ""))
        if press in presses:
            return _after(request, presses[press])
        if bill.closed:
            return _page(state, bill, status=409)
        try:
            cents = bills.amount(bill, str(form.get("amount", "")))
            card = _card(state, bill, form)
        except (bills.NotPayable, BadCard) as error:
            return _page(state, bill, complaint=str(error), chosen=str(form.get("card", "")), status=422)
        made = bills.pay(state, bill, card, cents, replace=form.get("replace") == "1")
        word = "declined" if made["status_code"] == 301 else "approved"
        latest = dict(list(presses.items())[-_KEPT_PRESSES:])
        state.remember(_PRESSES, latest | ({press: word} if press else {}))
        return _after(request, word)


def _after(request: Request, word: str) -> Response:
    return RedirectResponse(f"{request.url.path}?result={word}", 303)


def _bill(state: State, request: Request) -> bills.Bill | None:
    return bills.of_link(state, request.path_params["kind"], request.path_params["link"])


def _card(state: State, bill: bills.Bill, form: FormData) -> Card | None:
    """The chosen card, None for the bank account. Raises BadCard."""
    today, choice = state.today(bill.location_id), str(form.get("card", ""))
    if choice == "bank" and bill.bank:
        return None
    holder = str(form.get("holder", ""))
    if choice in CHOICES:
        return typed(CHOICES[choice][0], f"12/{(today.year + 3) % 100:02d}", on=today, holder=holder)
    return typed(str(form.get("number", "")), str(form.get("expiry", "")), on=today, holder=holder)


def _result(state: State, bill: bills.Bill, word: str | None) -> dict[str, Any] | None:
    """What the latest try on this link came to, said after a press."""
    tries = _tries(state, bill)
    if word not in ("approved", "declined") or not tries:
        return None
    last = tries[-1]
    approved = last["status_code"] != 301
    reason = REASONS.get(last["reason_code_id"], "declined").lower()
    amount = dollars(last["auth_amount"] if approved else last["transaction_amount"])
    pending = last["payment_method"] == "ach"
    return {
        "good": approved,
        "sentence": (
            f"{amount} {'will be debited from your account' if pending else 'paid'}. Thank you."
            if approved
            else f"The card was declined: {reason}. Nothing was charged."
        ),
        "code": last["auth_code"] if approved else None,
    }


def _tries(state: State, bill: bills.Bill) -> list[Record]:
    if bill.kind == "declined":
        rows = state.find("transactions", recurring_id=bill.record["recurring_id"])
        return [each for each in rows if each["trx_source_id"] == bills.SOURCE_DECLINED]
    return state.paying("quick_invoice_id" if bill.kind == "invoice" else "paylink_id", bill.record["id"])


def _page(
    state: State,
    bill: bills.Bill,
    *,
    result: dict[str, Any] | None = None,
    complaint: str = "",
    chosen: str = "",
    status: int = 200,
) -> Response:
    onward = _onward(bill, result)
    return page(
        "pay.html",
        status=status,
        bill=bill,
        dollars=dollars,
        choices=CHOICES,
        chosen=chosen or next(iter(CHOICES)),
        result=result,
        complaint=complaint,
        press=secrets.token_hex(12),
        due=_day(bill.record.get("due_date")),
        onward=onward,
        delay=int(bill.record.get("redirect_url_delay") or 5),
    )


def _day(text: str | None) -> str:
    """5 December 2026."""
    day = date.fromisoformat(text) if text else None
    return f"{day.day} {day:%B %Y}" if day else ""


def _onward(bill: bills.Bill, result: dict[str, Any] | None) -> str:
    """Where a paylink sends its payer after a try."""
    if result is None or bill.kind != "paylink":
        return ""
    url = bill.record["redirect_url_on_approve" if result["good"] else "redirect_url_on_decline"] or ""
    return url if url.startswith(("https://", "http://")) else ""


def _nowhere() -> Response:
    return page("nowhere.html", status=404)
