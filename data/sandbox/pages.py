"""The pages a person looks at: /phone (what was texted, and answering it) and /mail (what was mailed).

Everything from outside is shown as text; links in it can be pressed. The same lists as JSON for programs:
/phone.json and /mail.json. Instants are shown in the time of the first location.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from data.sandbox.mail import letters, mailbox
from data.sandbox.sms import delivery, texts, wire
from data.sandbox.state import State

FOLDER = Path(__file__).parent / "templates"
STRICT = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
QUICK = ("STOP", "START", "HELP", "Thanks!")
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
_KINDS = {"css": "text/css", "js": "text/javascript"}
_TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def routes() -> list[Route]:
    return [
        Route("/phone", partial(_shown, _phone)),
        Route("/phone.json", partial(_shown, _phone_json)),
        Route("/phone/{number}", partial(_shown, _phone), methods=["GET"]),
        Route("/phone/{number}", _answer, methods=["POST"]),
        Route("/mail", partial(_shown, _mail)),
        Route("/mail.json", partial(_shown, _mail_json)),
        Route("/mail/{number:int}", partial(_shown, _mail)),
        Route("/mail/{number:int}/html", partial(_shown, _mail_html)),
        Route("/mail/{number:int}/raw", partial(_shown, _mail_raw)),
        Route("/mail/{number:int}/part/{place:int}", partial(_shown, _mail_part)),
        Route("/mail/{number:int}/unsubscribe", partial(_shown, _unsubscribe), methods=["POST"]),
        Route("/pages/newest", partial(_shown, lambda state, _: PlainTextResponse(newest(state)))),
        Route("/pages/{name}", _file),
    ]


async def _shown(made: Callable[[State, Request], Response], request: Request) -> Response:
    return await run_in_threadpool(made, request.app.state.sandbox, request)


def page(template: str, *, policy: str = STRICT, status: int = 200, **values: Any) -> HTMLResponse:
    """A page of a template; nothing but this server may take part in it."""
    text = _TEMPLATES.get_template(template).render(**values)
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(text, status, headers=headers)


def linked(text: str) -> Markup:
    """The text with its web addresses to press; everything else stays text."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        address = escape(found[0])
        parts += [escape(text[end : found.start()])]
        parts += [Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(address, address)]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def newest(state: State) -> str:
    """Changes whenever a text or a mail comes or moves on."""
    row = state.select(
        "SELECT (SELECT count(*) FROM mails), (SELECT count(*) FROM texts), (SELECT max(updated_at) FROM texts),"
        " (SELECT count(*) || '-' || max(changed) FROM genesis_tasks), (SELECT count(*) FROM genesis_entries)"
    )
    return json.dumps(row[0])


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    kind = _KINDS.get(name.rpartition(".")[2])
    if kind is None or not re.fullmatch(r"[a-z.]+", name) or not (FOLDER / name).is_file():
        return PlainTextResponse("There is no such page.", 404)
    return Response((FOLDER / name).read_text(), media_type=kind, headers={"Cache-Control": "no-cache"})


# Phones.


def _phone(state: State, request: Request) -> Response:
    number = request.path_params.get("number", "")
    zone, people = _zone(state), _people(state)
    return page(
        "phone.html",
        live=newest(state),
        phones=_phones(state, zone, people),
        number=number,
        shown_number=_spoken(number),
        person=people.get(number, ""),
        talk=[_bubble(each, number, zone) for each in reversed(_talk(state, number))],
        stopped=delivery.is_stopped(state, wire.BUILT_IN_NUMBER, number),
        quick=QUICK,
    )


def _phones(state: State, zone: ZoneInfo, people: dict[str, str]) -> list[dict[str, str]]:
    """Each phone once, the one with the latest text first."""
    rows = state.select(
        "SELECT phone, max(number) FROM (SELECT recipient AS phone, number FROM texts WHERE direction != 'inbound'"
        " UNION ALL SELECT sender, number FROM texts WHERE direction = 'inbound') GROUP BY phone"
        " ORDER BY 2 DESC LIMIT 200"
    )
    phones = []
    for phone, number in rows:
        last = texts.found(state, "number = ?", [number])[0]
        shown = {"number": phone, "shown": _spoken(phone), "person": people.get(phone, ""), "last": last.body}
        phones.append(shown | {"at": _clock(last.created_at, zone)})
    return phones


def _talk(state: State, number: str) -> list[texts.Text]:
    return texts.found(state, "recipient = ? OR sender = ?", [number, number], most=200) if number else []


def _bubble(text: texts.Text, number: str, zone: ZoneInfo) -> dict[str, Any]:
    lost = text.status in ("undelivered", "failed")
    note = f"not delivered ({text.error_code})" if lost else "on its way" if text.status == "queued" else ""
    return {
        "theirs": text.sender == number,
        "body": linked(text.body),
        "at": _clock(text.created_at, zone),
        "note": note,
    }


def _phone_json(state: State, request: Request) -> Response:
    """Every text, the oldest first; ?to= only those of one phone."""
    to = request.query_params.get("to", "").replace(" ", "+")
    where, values = ("recipient = ?", [to]) if to else ("1", [])
    rows = texts.found(state, where, values, most=100_000)
    return JSONResponse({"texts": [each._asdict() for each in reversed(rows)]})


async def _answer(request: Request) -> Response:
    """A person answers; then the page again."""
    number = request.path_params["number"]
    form = await request.form()
    body = str(form.get("quick") or form.get("body") or "").strip()
    if body:
        state: State = request.app.state.sandbox
        await run_in_threadpool(delivery.reply, state, number, wire.BUILT_IN_NUMBER, body[:1600])
    return RedirectResponse(f"/phone/{quote(number)}", 303)


def _people(state: State) -> dict[str, str]:
    """Who has which phone, by the processor's contacts; families share one."""
    rows = state.select(
        "SELECT json_extract(said, '$.cell_phone'), json_extract(said, '$.first_name'),"
        " json_extract(said, '$.last_name') FROM contacts WHERE json_extract(said, '$.cell_phone') IS NOT NULL"
    )
    people: dict[str, str] = {}
    for phone, first, last in rows:
        name = f"{first or ''} {last or ''}".strip()
        known = people.get(f"+1{phone}", "")
        people[f"+1{phone}"] = f"{known}, {name}" if known and name not in known else name
    return people


def _spoken(number: str) -> str:
    """(614) 555-0100, or the number as it is."""
    us = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", number)
    return f"({us[1]}) {us[2]}-{us[3]}" if us else number


def _zone(state: State) -> ZoneInfo:
    location = next(iter(state.find("locations")), {})
    return ZoneInfo(location.get("tz") or "UTC")


def _clock(seconds: float, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"


# Mail.


def _mail(state: State, request: Request, told: str = "") -> Response:
    to, number = request.query_params.get("to", ""), request.path_params.get("number")
    zone, mail = _zone(state), mailbox.entry(state, number) if number else None
    if number and mail is None:
        return PlainTextResponse("There is no such mail.", 404)
    letter = letters.read(mailbox.raw_of(state, mail.number) or b"") if mail else None
    return page(
        "mail.html",
        live=newest(state),
        mails=[_row(each, zone) for each in mailbox.listed(state, to=to)],
        count=mailbox.count(state),
        to=to,
        mail=mail,
        told=told or request.query_params.get("told", ""),
        headers=letter.headers if letter else [],
        attachments=letter.attachments if letter else [],
        has_html=bool(letter and letter.html),
        text=linked(letter.text) if letter and letter.text else "",
        unsubscribe=letter.one_click if letter else "",
    )


def _row(mail: mailbox.Mail, zone: ZoneInfo) -> dict[str, Any]:
    return mail._asdict() | {"at": _clock(mail.received_at, zone)}


def _letter(state: State, request: Request) -> letters.Letter:
    return letters.read(mailbox.raw_of(state, request.path_params["number"]) or b"")


def _mail_html(state: State, request: Request) -> Response:
    """The letter's own HTML, shown in a frame without scripts; its links open elsewhere."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    body = '<base target="_blank">' + _letter(state, request).html
    return HTMLResponse(body, headers={"Content-Security-Policy": policy})


def _mail_raw(state: State, request: Request) -> Response:
    raw = mailbox.raw_of(state, request.path_params["number"]) or b""
    return PlainTextResponse(raw.decode("utf-8", "replace"))


def _mail_part(state: State, request: Request) -> Response:
    found = [
        each for each in _letter(state, request).attachments if each.place == request.path_params["place"]
    ]
    if not found:
        return PlainTextResponse("There is no such attachment.", 404)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found[0].name)}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found[0].content, media_type=found[0].kind, headers=headers)


def _mail_json(state: State, request: Request) -> Response:
    """Every mail with its headers and text, the oldest first; ?to= only those whose recipient holds this."""
    rows = mailbox.listed(state, to=request.query_params.get("to", ""), most=100_000)
    return JSONResponse({"mails": [_as_json(state, each) for each in reversed(rows)]})


def _as_json(state: State, mail: mailbox.Mail) -> dict[str, Any]:
    letter = letters.read(mailbox.raw_of(state, mail.number) or b"")
    return mail._asdict() | {
        "headers": dict(letter.headers),
        "message_id": letter.message_id,
        "text": letter.text,
        "has_html": bool(letter.html),
        "attachments": [each.name for each in letter.attachments],
    }


def _unsubscribe(state: State, request: Request) -> Response:
    """What a mail program does at a press: POST to the https address of List-Unsubscribe (RFC 8058)."""
    answer = letters.unsubscribe(_letter(state, request))
    return RedirectResponse(f"/mail/{request.path_params['number']}?told={quote(answer)}", 303)
