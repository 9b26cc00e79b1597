"""Which request does what: the processor's paths, behind its sign-in."""

import json
from collections.abc import Callable, Iterable

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from data.sandbox.fortis import (
    contacts,
    declined,
    invoices,
    paylinks,
    recurrings,
    tickets,
    tokens,
    transactions,
    webhooks,
    wire,
)
from data.sandbox.fortis.catalogue import READABLE
from data.sandbox.fortis.resources import Call, Resource, list_records, read_record
from data.sandbox.state import State

Handler = Callable[[Call], Response]

CHANGES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v1/contacts", contacts.create),
    ("PATCH", "/v1/contacts/{id}", contacts.change),
    ("DELETE", "/v1/contacts/{id}", contacts.delete),
    ("POST", "/v1/tokens/cc", tokens.create_card),
    ("POST", "/v1/tokens/ach", tokens.create_bank_account),
    ("POST", "/v1/tokens/ticket", tickets.token_of_ticket),
    ("PATCH", "/v1/tokens/{id}/cc", tokens.change_card),
    ("DELETE", "/v1/tokens/{id}", tokens.delete),
    ("POST", "/v1/recurrings", recurrings.create),
    ("PATCH", "/v1/recurrings/{id}", recurrings.change),
    ("DELETE", "/v1/recurrings/{id}", recurrings.delete),
    ("PUT", "/v1/recurrings/{id}/activate", recurrings.activate),
    ("PUT", "/v1/recurrings/{id}/place-on-hold", recurrings.place_on_hold),
    ("PATCH", "/v1/recurrings/{id}/skip-payment", recurrings.skip),
    ("PATCH", "/v1/recurrings/{id}/defer-payment", recurrings.defer),
    ("POST", "/v1/declined-recurring-transactions/{id}/rerun", declined.rerun),
    ("POST", "/v1/declined-recurring-transactions/{id}/resend", declined.resend),
    ("POST", "/v1/declined-recurring-transaction-payments", declined.pay),
    ("POST", "/v1/tickets", tickets.create),
    ("POST", "/v1/elements/ticket/intention", tickets.ticket_intention),
    ("POST", "/v1/elements/transaction/intention", tickets.transaction_intention),
    ("POST", "/v1/transactions/cc/sale/token", transactions.sale),
    ("POST", "/v1/transactions/ach/debit/token", transactions.debit),
    ("POST", "/v1/transactions/cc/sale/ticket", tickets.sale),
    ("POST", "/v1/transactions/cc/auth-only/ticket", tickets.authorise),
    ("PATCH", "/v1/transactions/{id}/auth-complete", transactions.complete),
    ("PATCH", "/v1/transactions/{id}/refund", transactions.refund),
    ("PUT", "/v1/transactions/{id}/void", transactions.void),
    ("PATCH", "/v1/transactions/{id}/void", transactions.void),
    ("POST", "/v1/quick-invoices", invoices.create),
    ("PATCH", "/v1/quick-invoices/{id}", invoices.change),
    ("DELETE", "/v1/quick-invoices/{id}", invoices.delete),
    ("POST", "/v1/quick-invoices/{id}/resend", invoices.resend),
    ("PUT", "/v1/quick-invoices/{id}/reopen", invoices.reopen),
    ("POST", "/v1/quick-invoices/{id}/transaction", invoices.attach),
    ("DELETE", "/v1/quick-invoices/{id}/transaction", invoices.detach),
    ("POST", "/v1/webhooks/contact", webhooks.create_for_contacts),
    ("POST", "/v1/webhooks/transaction", webhooks.create_for_transactions),
    ("POST", "/v1/webhooks/batch", webhooks.create_for_batches),
    ("PATCH", "/v1/webhooks/{id}/contact", webhooks.change),
    ("PATCH", "/v1/webhooks/{id}/transaction", webhooks.change),
    ("PATCH", "/v1/webhooks/{id}/batch", webhooks.change),
    ("DELETE", "/v1/webhooks/{id}", webhooks.delete),
    ("POST", "/v1/paylinks", paylinks.create),
    ("PATCH", "/v1/paylinks/{id}", paylinks.change),
    ("DELETE", "/v1/paylinks/{id}", paylinks.delete),
    ("PUT", "/v1/paylinks/{id}/resend", paylinks.resend),
)


def router(state: State) -> Router:
    """The processor as one ASGI app, its paths beginning at /v1."""
    paths: dict[str, dict[str, Handler]] = {}
    for method, path, handler in (*_reads(READABLE), *CHANGES):
        paths.setdefault(path, {})[method] = handler
    routes = [Route(path, Endpoint(state, handlers)) for path, handlers in paths.items()]
    # Fixed words before {id}, so that /v1/tokens/cc is not read as the token "cc".
    routes.sort(key=lambda route: route.path.count("{"))
    return Router([*routes, Route("/{path:path}", Endpoint(state, {}))], redirect_slashes=False)


def _reads(resources: Iterable[Resource]) -> Iterable[tuple[str, str, Handler]]:
    for resource in resources:
        yield "GET", f"/v1/{resource.path}", _lists(resource)
        yield "GET", f"/v1/{resource.path}/{{id}}", _reads_one(resource)


def _lists(resource: Resource) -> Handler:
    return lambda call: list_records(call.state, resource, call.params, call.fault)


def _reads_one(resource: Resource) -> Handler:
    return lambda call: read_record(call.state, resource, call.id, call.params)


class Endpoint:
    """One path with its methods: sign-in, body, handler, and the processor's own error bodies."""

    def __init__(self, state: State, handlers: dict[str, Handler]) -> None:
        self.state, self.handlers = state, handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except wire.Refused as refusal:
            response = wire.answer(refusal.body, refusal.status)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if any(request.headers.get(name) != self.state.login[name] for name in wire.AUTH_HEADERS):
            raise wire.unauthorised()
        if not self.handlers:
            raise wire.no_such_path()
        handler = self.handlers.get(request.method)
        if handler is None:
            raise wire.wrong_method()
        params = request.query_params.multi_items()
        identity = request.path_params.get("id", "")
        body = _parsed(await request.body())
        call = Call(self.state, identity, params, body, request.scope.get("fault"))
        return await run_in_threadpool(self._in_one_go, handler, call)

    def _in_one_go(self, handler: Handler, call: Call) -> Response:
        with self.state.transaction():
            return handler(call)


def _parsed(body: bytes) -> dict[str, object]:
    """The JSON body. Raises Refused (412) for anything that is no object."""
    if not body.strip():
        return {}
    try:
        parsed = json.loads(body)
    except ValueError:
        raise wire.refused_rule("Invalid request payload JSON format", kind="object.base") from None
    if not isinstance(parsed, dict):
        raise wire.refused_rule('"value" must be of type object', kind="object.base")
    return parsed
