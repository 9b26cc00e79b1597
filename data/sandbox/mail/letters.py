"""A mail taken apart: headers, text, HTML, attachments, and the one-click way out (RFC 8058)."""

import re
from dataclasses import dataclass
from typing import Any

import httpx

from data.sandbox.calls import on_this_machine
from data.sandbox.mail.mailbox import parsed

SHOWN = (
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
)


@dataclass(frozen=True, slots=True)
class Attachment:
    place: int
    name: str
    kind: str
    content: bytes

    @property
    def size(self) -> str:
        return f"{max(len(self.content) // 1024, 1)} KB"


@dataclass(frozen=True, slots=True)
class Letter:
    headers: list[tuple[str, str]]
    message_id: str
    text: str
    html: str
    attachments: list[Attachment]
    one_click: str  # where to POST to opt out, empty when there is no such way


def read(raw: bytes) -> Letter:
    """A broken mail is read as far as it can be."""
    message = parsed(raw)
    headers = [(name, str(message[name])) for name in SHOWN if message[name] is not None]
    return Letter(
        headers=headers,
        message_id=str(message["Message-ID"] or ""),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        attachments=[_attachment(place, part) for place, part in enumerate(message.iter_attachments())]
        if message.is_multipart()
        else [],
        one_click=_one_click(message),
    )


def _body(message: Any, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return part.get_content()
    except (LookupError, UnicodeDecodeError):
        return (part.get_payload(decode=True) or b"").decode("utf-8", "replace")


def _attachment(place: int, part: Any) -> Attachment:
    content = part.get_payload(decode=True) or b""
    return Attachment(place, part.get_filename() or f"part {place + 1}", part.get_content_type(), content)


def _one_click(message: Any) -> str:
    if "one-click" not in str(message["List-Unsubscribe-Post"] or "").lower():
        return ""
    found = re.search(r"<(https?://[^>]+)>", str(message["List-Unsubscribe"] or ""))
    return found[1] if found else ""


def unsubscribe(letter: Letter) -> str:
    """Do it; what came of it, in a sentence."""
    if not letter.one_click:
        return "This mail has no one-click way out."
    if not on_this_machine(letter.one_click):
        return "The sandbox calls only addresses of this machine."
    try:
        answer = httpx.post(
            letter.one_click,
            data={"List-Unsubscribe": "One-Click"},
            timeout=10,
            trust_env=False,
            verify=False,  # noqa: S501 (loopback)
        )
    except httpx.HTTPError as error:
        return f"Nobody answered: {error}"
    return "Unsubscribed." if answer.is_success else f"It was answered with {answer.status_code}."
