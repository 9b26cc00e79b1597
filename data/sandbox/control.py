"""GET and POST /control: what a client needs to know of the sandbox, and everything a test or a demo may do to it.

POST takes one JSON object; any of these keys, done in this order, all answered in one object:

    {"clear": true}                                   no faults, no ordered declines, every setting as at first
    {"now": "2026-11-21T13:00:00Z", "freeze": true}   the clock stands there; without freeze it goes on from there
    {"advance": {"days": 3, "hours": 1}}              the clock moves (arguments of a timedelta)
    {"decline": {"token_id": "...", "reason_code_id": 1616, "times": 1}}
                                                      the token's next charges are declined; with "token_id": "next"
                                                      whatever is charged next, on a hosted page too
    {"change": {"resource": "contacts", "id": "...", "fields": {"email": null}}}
                                                      a record changes upstream; its modified_ts moves
    {"delete": {"resource": "tokens", "id": "..."}}   a record is gone upstream
    {"listing_delay": 1800}                           seconds until a new quick invoice is listed (it can be read at once)
    {"sms": {"idempotency": true, "numbers": {"+16145550123": 30003}}}
                                                      how the text gateway behaves (see sms/settings.py)
    {"smtp": {"honours_message_id": true}}            a mail sent again (same Message-ID, same address) is kept once
    {"genesis": {"honours_keys": false}}              Genesis posts a repeated Transaction_ID or Task_Key again
    {"cash_practice": {"decline": {"sch_id": "S4001", "code": "51", "times": 1}}}
                                                      its next runs are declined; with "now": true it is run at once
    {"cash_practice": {"pay": {"order_id": "O0000123"}}}
                                                      the patient pays a declined payment online (see cashpractice/control.py)
    {"cliniko": {"change": {"resource": "patients", "id": "…", "fields": {}}}}
                                                      a record changes, goes or is merged (see cliniko/control.py)
    {"events": {"copies": 2, "shuffle_seconds": 1, "hold": false, "pause_seconds": 1, "attempts": 3}}
                                                      what goes wrong with calls to others (see calls.py)
    {"run_drafts": true}                              every recurring due up to now is charged
    {"settle": true}                                  every account's open charges are closed into a batch
    {"faults": [{"kind": "status", "status": 429, "retry_after": 2, "times": 3,
                 "match": {"method": "GET", "path": "/v1/transactions"}}]}
                                                      what goes wrong from now on (added to what goes wrong already)

A fault has a `kind` (see faults.Kind), a place `at` (fortis, sms, genesis, cash_practice, cliniko or smtp), `match` (a method and the beginning of a
path, both optional; for smtp `to`, the beginning of an address), and `times`, or
`probability` with `seed`, or neither: then it lasts until cleared. `latency` takes `latency_ms`, `status` takes
`status` and `retry_after` (seconds). 400 with {"error": sentence} for anything else, and then nothing is done.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from data.sandbox import calls
from data.sandbox.cashpractice import charging, records
from data.sandbox.cashpractice import control as cash_practice_control
from data.sandbox.cashpractice import keys as cash_practice_keys
from data.sandbox.cliniko import control as cliniko_control
from data.sandbox.cliniko import keys as cliniko_keys
from data.sandbox.faults import Fault
from data.sandbox.fortis.batches import settle
from data.sandbox.fortis.catalogue import ALL
from data.sandbox.fortis.charges import NEXT, order_decline
from data.sandbox.fortis.drafts import run_drafts
from data.sandbox.fortis.elements import SCRIPT
from data.sandbox.fortis.resources import LISTING_DELAY, twinned
from data.sandbox.genesis import keys as genesis_keys
from data.sandbox.genesis import office as genesis_office
from data.sandbox.mail import mailbox
from data.sandbox.mail import server as mail_server
from data.sandbox.sms import settings as sms_settings
from data.sandbox.sms import wire as sms_wire
from data.sandbox.state import State

KNOWN = (
    "clear",
    "now",
    "freeze",
    "advance",
    "decline",
    "change",
    "delete",
    "listing_delay",
    "sms",
    "smtp",
    "genesis",
    "cash_practice",
    "cliniko",
    "events",
    "run_drafts",
    "settle",
    "faults",
)
_SETTINGS = {
    "sms": sms_settings.change,
    "smtp": mailbox.change,
    "genesis": genesis_office.change,
    "events": calls.change,
}


def addresses(state: State, root_url: str) -> dict[str, Any]:
    """Every address and key a client needs (CONTRACTS §5)."""
    locations = state.select("SELECT id FROM locations ORDER BY rowid")
    return {
        "fortis": {
            "base_url": f"{root_url}/fortis",
            "user_id": state.login["user-id"],
            "user_api_key": state.login["user-api-key"],
            "developer_id": state.login["developer-id"],
            "location_id": locations[0][0] if locations else None,
        },
        "sms": {
            "base_url": f"{root_url}/twilio",
            "account_sid": sms_wire.account_sid(state),
            "auth_token": sms_wire.auth_token(state),
            "from_number": sms_wire.BUILT_IN_NUMBER,
        },
        "smtp": {
            "host": "127.0.0.1",
            "port": state.smtp_port,
            "username": mail_server.USERNAME,
            "password": mail_server.password(state),
        },
        "genesis": {
            "base_url": f"{root_url}/genesis",
            "cp_id": genesis_keys.cp_id(state),
            "cp_mkey": genesis_keys.cp_mkey(state),
            "clerk_keys": genesis_keys.clerk_keys(state),
        },
        "cash_practice": {
            "base_url": f"{root_url}/cashpractice",
            "api_key": cash_practice_keys.api_key(state),
            "cp_id": cash_practice_keys.cp_id(state),
            "cp_mkey": cash_practice_keys.cp_mkey(state),
            "clerk_keys": cash_practice_keys.clerk_keys(state),
            "patients": len(records.find(state, "customers")),
        },
        "cliniko": {
            "base_url": f"{root_url}/cliniko",
            "api_key": cliniko_keys.api_key(state),
            "contact_email": "desk@example.com",
        },
        "pages": {
            "home": root_url,
            "control": f"{root_url}/control",
            "phone": f"{root_url}/phone",
            "mail": f"{root_url}/mail",
            "workbench": f"{root_url}/workbench",
            "ledger": f"{root_url}/ledger",
            "cash_practice": f"{root_url}/cash-practice",
            "card_script": f"{root_url}/fortis/js/{SCRIPT}",
        },
        "calls": calls.overview(state),
        "ehr_files": str((state.folder / "ehr").resolve()),
        "now": state.now().isoformat(timespec="seconds"),
    }


def root_url(request: Request) -> str:
    host, port = request.scope["server"]
    return f"http://{host}:{port}"


async def control(request: Request) -> JSONResponse:
    state: State = request.app.state.sandbox
    if request.method == "GET":
        return JSONResponse(await run_in_threadpool(addresses, state, root_url(request)))
    try:
        wishes = json.loads(await request.body() or b"{}")
        return JSONResponse({"ok": True, **await run_in_threadpool(obey, state, wishes)})
    except KeyError as error:
        return JSONResponse({"ok": False, "error": f"{error} is missing"}, status_code=400)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        return JSONResponse({"ok": False, "error": str(error)}, status_code=400)


def obey(state: State, wishes: Any) -> dict[str, Any]:
    """Do what POST /control asks for. Raises ValueError, KeyError, TypeError or AttributeError for a wish it does not understand."""
    if not isinstance(wishes, dict):
        raise ValueError("the body is a JSON object")  # noqa: TRY004 (bad JSON is a bad value here)
    unknown = set(wishes) - set(KNOWN)
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(KNOWN)}")
    faults = [Fault.parse(wish) for wish in wishes.get("faults", [])]
    done: dict[str, Any] = {}
    with state.transaction():
        if wishes.get("clear"):
            for name in ("declines", calls.EVENTS):
                state.remember(name, {})
            state.remember(LISTING_DELAY, 0)
            state.remember(mailbox.SETTINGS, mailbox.USUAL)
            state.remember(genesis_office.SETTINGS, {})
            state.remember(cliniko_control.SETTINGS, {})
            state.remember(charging.DECLINES_WANTED, {})
            sms_settings.clear(state)
        _move_clock(state, wishes)
        done |= _interfere(state, wishes)
        if "listing_delay" in wishes:
            state.remember(LISTING_DELAY, _seconds(wishes["listing_delay"], "listing_delay"))
        for name, change in _SETTINGS.items():
            if name in wishes:
                change(state, wishes[name])
        if "cash_practice" in wishes:
            done["cash_practice"] = cash_practice_control.obey(state, wishes["cash_practice"])
        if "cliniko" in wishes:
            done["cliniko"] = cliniko_control.obey(state, wishes["cliniko"])
        if wishes.get("run_drafts"):
            done["drafts"] = run_drafts(state)
            if records.any_there(state):
                done["auto_debits"] = charging.run_due(state)
        if wishes.get("settle"):
            done["batches"] = settle(state)
    state.faults.wanted = faults if wishes.get("clear") else [*state.faults.wanted, *faults]
    done["faults"] = [fault.as_json() for fault in state.faults.wanted]
    return done | {"now": state.now().isoformat(timespec="seconds")}


def _move_clock(state: State, wishes: dict[str, Any]) -> None:
    instant = state.now()
    if "now" in wishes:
        instant = datetime.fromisoformat(wishes["now"])
        instant = instant.replace(tzinfo=instant.tzinfo or UTC)
    instant += timedelta(**wishes.get("advance", {}))
    frozen = bool(wishes.get("freeze", state.remembered("frozen_at") is not None and "now" not in wishes))
    if {"now", "advance", "freeze"} & set(wishes):
        state.set_now(instant, frozen=frozen)


def _seconds(wish: Any, name: str) -> float:
    if isinstance(wish, bool) or not isinstance(wish, int | float) or wish < 0:
        raise ValueError(f"{name} is a number of seconds, 0 or more")
    return wish


def _interfere(state: State, wishes: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {}
    if "decline" in wishes:
        wish = wishes["decline"]
        if wish["token_id"] != NEXT and state.get("tokens", wish["token_id"]) is None:
            raise ValueError(f"there is no token {wish['token_id']}")
        order_decline(
            state, wish["token_id"], int(wish.get("reason_code_id", 1616)), int(wish.get("times", 1))
        )
    if "change" in wishes:
        done["changed"] = _change(state, **wishes["change"])
    if "delete" in wishes:
        wish = wishes["delete"]
        if wish["resource"] not in ALL or not state.delete(wish["resource"], wish["id"]):
            raise ValueError(f"there is no {wish['resource']} {wish['id']}")
    return done


def _change(state: State, resource: str, id: str, fields: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 (the wire's word)
    if resource not in ALL or state.get(resource, id) is None:
        raise ValueError(f"there is no {resource} {id}")
    strange = set(fields) - (set(ALL[resource].shape) - {"id"})
    if strange:
        raise ValueError(f"{resource} have no field to change {', '.join(sorted(strange))}")
    return state.update(resource, id, **twinned(fields, ALL[resource].shape))
