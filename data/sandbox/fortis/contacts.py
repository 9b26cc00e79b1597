"""Contacts: the processor's word for patients (facts §4)."""

from starlette.responses import Response

from data.sandbox.fortis import requests, wire
from data.sandbox.fortis.catalogue import CONTACTS
from data.sandbox.fortis.resources import Call, checked, keep_unique, known, location_of, shown, stamped


def create(call: Call) -> Response:
    """201; with `update_if_exists: 1` a contact of the same contact_api_id is changed instead, 200."""
    fields = checked(call.body, requests.CONTACT_NEW)
    upsert = fields.pop("update_if_exists", None) == 1
    location = location_of(call.state, fields["location_id"])
    key = fields.get("contact_api_id")
    existing = call.state.find("contacts", api_id=key, location_id=location["id"]) if upsert and key else []
    if existing:
        return shown(call.state, CONTACTS, call.state.update("contacts", existing[0]["id"], **fields))
    keep_unique(call.state, CONTACTS, location["id"], fields)
    contact = call.state.insert("contacts", stamped(call.state, CONTACTS, fields))
    return shown(call.state, CONTACTS, contact, 201)


def change(call: Call) -> Response:
    fields = checked(call.body, requests.CONTACT_CHANGE)
    fields.pop("update_if_exists", None)
    contact = known(call.state, CONTACTS, call.id)
    location_id = fields.get("location_id") or contact["location_id"]
    location_of(call.state, location_id)
    if "last_name" in fields and not fields["last_name"]:
        raise wire.refused_rule('"last_name" is not allowed to be empty', "last_name", kind="string.empty")
    keep_unique(call.state, CONTACTS, location_id, fields, besides=contact["id"])
    return shown(call.state, CONTACTS, call.state.update("contacts", contact["id"], **fields))


def delete(call: Call) -> Response:
    """204. Refused (412) while a recurring of theirs is active: `is_deletable` says so beforehand."""
    contact = known(call.state, CONTACTS, call.id)
    if any(each["status"] == "active" for each in call.state.find("recurrings", contact_id=contact["id"])):
        raise wire.refused_rule("The contact has active recurrings and cannot be deleted", "contact_id")
    call.state.delete("contacts", contact["id"])
    return Response(status_code=204)
