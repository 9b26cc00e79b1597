"""The browser's side of Elements: the script, and the frame a card is typed into (facts §1, §10, §11).

    var elements = new Commerce.elements(client_token);
    elements.on("ready" | "submitted" | "validationError" | "done" | "error", function (told) { ... });
    elements.create({container: "#payment", showSubmitButton: true, ...});
    elements.submit();                    // instead of the button in the frame

`elements.eventBus.on` is the same as `elements.on`. For a ticket intention `done` tells
`{"type": "Ticket", "data": {"id": …, "location_id", "contact_id"}}`, for a transaction intention
`{"type": "Transaction", "data": {…the record…}}`; `error` tells `{"type": "Error", "detail": sentence}`.

Left open by the facts, taken so here: the event names other than `done`, and that the ticket stands in `data.id`.
The page gets these messages and nothing else: numbers go from the frame to this server alone, which keeps none.
"""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from data.sandbox.fortis import charges, keyed
from data.sandbox.fortis.cards import BadCard, Card, typed
from data.sandbox.fortis.tickets import claims_of, keep_ticket
from data.sandbox.pages import FOLDER, page
from data.sandbox.state import Record, State

SCRIPT = "commercejs-v1.0.0.min.js"
# The frame may stand in any page: that is what it is for. It talks to this server only.
FRAME_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'none'; base-uri 'none'"
)


def router(state: State) -> Router:
    async def pressed(request: Request) -> Response:
        wish = await request.json()
        return await run_in_threadpool(_pressed, state, wish)

    async def frame(_: Request) -> Response:
        return page("card.html", policy=FRAME_POLICY)

    async def script(_: Request) -> Response:
        text = (FOLDER / "commerce.js").read_text()
        return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    return Router(
        [Route(f"/{SCRIPT}", script), Route("/frame", frame), Route("/frame/card", pressed, methods=["POST"])]
    )


def _pressed(state: State, wish: Any) -> Response:
    """A card was typed into the frame: what `done` tells the page, or what is wrong with which field."""
    with state.transaction():
        claims = claims_of(state, str(wish.get("client_token", "")))
        if claims is None:
            return JSONResponse({"error": "This form has expired. Open it again."}, 401)
        today = state.today(claims["location_id"])
        try:
            card = typed(
                str(wish.get("number", "")), str(wish.get("expiry", "")), on=today, holder=wish.get("holder")
            )
        except BadCard as error:
            return JSONResponse({"field": error.field, "error": error.sentence}, 422)
        return _made(state, claims, card)


def _made(state: State, claims: Record, card: Card) -> Response:
    owner = {"location_id": claims["location_id"], "contact_id": claims.get("contact_id")}
    if claims["action"] == "ticket":
        ticket = keep_ticket(state, card, **owner)
        return JSONResponse({"type": "Ticket", "data": {"id": ticket["id"], **owner}})
    if claims["action"] in ("tokenization", "avs-only"):
        token = keyed.keep_card(state, card, **owner, title=claims.get("save_account_title"))
        return JSONResponse({"type": "Token", "data": token})
    return _charged(state, claims, card, owner)


def _charged(state: State, claims: Record, card: Card, owner: Record) -> Response:
    kept = {"contact_id": owner["contact_id"], "title": claims.get("save_account_title")}
    made = keyed.charge_card(
        state,
        card,
        claims["amount"],
        **owner,
        keep=kept if claims.get("save_account") else None,
        only_authorise=claims["action"] == "auth-only",
        trx_source_id=charges.SOURCE_ELEMENTS,
        trx_source_code=charges.SOURCE_ELEMENTS,
    )
    if made["status_code"] == 301:
        reason = charges.REASONS.get(made["reason_code_id"], "declined").lower()
        return JSONResponse(
            {"error": f"The card was declined: {reason}.", "told": {"type": "Transaction", "data": made}}, 402
        )
    return JSONResponse({"type": "Transaction", "data": made})
