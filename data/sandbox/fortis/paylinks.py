"""Paylinks (facts §9, §10.2).

Left open by the facts, taken so here:
- creating answers 200 (documented), everything else as for other records;
- a paid link takes no PATCH and is not sent again (412); deleting it is allowed and takes only the link away;
- resend sends by the link's delivery_method; `?email=1` or `?sms=1` send that way; a link with neither is refused (412);
- the amount is paid at once or not at all; a declined try leaves the link open;
- a stored token without contact_id belongs to nobody.
"""

from starlette.responses import Response

from data.sandbox.fortis import link_fields, notices, wire
from data.sandbox.fortis.catalogue import PAYLINKS
from data.sandbox.fortis.payable import owned, reachable, real_dates
from data.sandbox.fortis.resources import Call, checked, keep_unique, known, shown, stamped
from data.sandbox.state import Record

_BY_EMAIL, _BY_TEXT = (1, 3), (2, 3)


def create(call: Call) -> Response:
    """200. With a delivery_method Fortis sends the link itself."""
    state = call.state
    fields = checked(call.body, link_fields.PAYLINK_NEW)
    real_dates(fields, "expire_date")
    fields = owned(state, fields)
    keep_unique(state, PAYLINKS, fields["location_id"], fields)
    _deliverable(fields)
    fields["paylink_action"] = fields.get("paylink_action") or "sale"
    unpaid = {"status_code": 0, "status_id": False, "active": True}
    paylink = state.insert(PAYLINKS.name, stamped(state, PAYLINKS, fields | unpaid))
    _send(call, paylink)
    return shown(state, PAYLINKS, paylink, 200, call.params)


def change(call: Call) -> Response:
    fields = checked(call.body, link_fields.PAYLINK_CHANGE)
    paylink = _unpaid(call)
    real_dates(fields, "expire_date")
    fields = owned(call.state, fields, before=paylink)
    keep_unique(call.state, PAYLINKS, fields["location_id"], fields, besides=paylink["id"])
    _deliverable(paylink | fields)
    if "amount_due" in fields and fields["amount_due"] is None:
        raise wire.refused_rule('"amount_due" must be a number', "amount_due", kind="number.base")
    wanted = {name: value for name, value in fields.items() if name in PAYLINKS.shape}
    return shown(
        call.state, PAYLINKS, call.state.update(PAYLINKS.name, paylink["id"], **wanted), 200, call.params
    )


def delete(call: Call) -> Response:
    known(call.state, PAYLINKS, call.id)
    call.state.delete(PAYLINKS.name, call.id)
    return Response(status_code=204)


def resend(call: Call) -> Response:
    paylink = _unpaid(call)
    asked = {name: value for name, value in call.params if name in ("email", "sms")}
    ways = {name: asked.get(name) in ("1", "true") for name in ("email", "sms")} if asked else _ways(paylink)
    if not any(ways.values()):
        raise wire.refused_rule("The paylink has no delivery method", "delivery_method")
    reachable(paylink, email=ways["email"], text=ways["sms"])
    notices.send(call.state, "paylink", paylink, email=ways["email"], text=ways["sms"])
    rest = [(name, value) for name, value in call.params if name not in ("email", "sms")]
    return shown(call.state, PAYLINKS, paylink, 200, rest)


def _unpaid(call: Call) -> Record:
    paylink = known(call.state, PAYLINKS, call.id)
    if paylink["status_code"] == 1:
        raise wire.refused_rule("The paylink is paid", "status_code")
    return paylink


def _ways(paylink: Record) -> dict[str, bool]:
    method = paylink.get("delivery_method")
    return {"email": method in _BY_EMAIL, "sms": method in _BY_TEXT}


def _deliverable(fields: Record) -> None:
    ways = _ways(fields)
    reachable(fields, email=ways["email"], text=ways["sms"])


def _send(call: Call, paylink: Record) -> None:
    ways = _ways(paylink)
    notices.send(call.state, "paylink", paylink, email=ways["email"], text=ways["sms"])
