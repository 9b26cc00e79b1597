"""What happens to a text once it is accepted, and what a phone sends back.

Left open by our facts, taken from Twilio's public documents and behaviour:
- a text is queued, then sent, then delivered, undelivered or failed; a StatusCallback is called at each of these once,
  never again when it fails;
- STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE and OPTOUT block further texts to that phone (21610), START,
  YES and UNSTOP allow them again, HELP and INFO explain; the gateway confirms these itself, and the webhook of the
  number is called all the same;
- the webhook may answer TwiML with <Message>: it is texted back.
"""

import html
import re

from data.sandbox import calls
from data.sandbox.sms import numbers, settings, texts, wire
from data.sandbox.state import State

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})
STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. "
    "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
_MESSAGE = re.compile(r"<Message\b[^>]*>(.*?)</Message>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def accept(
    state: State,
    sender: str,
    recipient: str,
    body: str,
    *,
    callback: str | None = None,
    key: str | None = None,
) -> texts.Text:
    """Queue a text; it is sent and delivered (or not) a moment later."""
    text = texts.keep(state, sender, recipient, body, status="queued", callback=callback, key=key)
    wish, code = settings.of(state), numbers.code_of(state, recipient)
    tell(state, text)
    calls.later(state, {"do": "text", "sid": text.sid, "status": "sent"}, after=wish["sent_after"])
    final = {"do": "text", "sid": text.sid, "status": numbers.final_status(code), "error_code": code}
    calls.later(state, final, after=max(wish["delivered_after"], wish["sent_after"]))
    return text


def step(state: State, sid: str, status: str, error_code: int | None = None) -> None:
    """A text moves on, and whoever asked is told."""
    texts.move(state, sid, status, error_code)
    for text in texts.found(state, "sid = ?", [sid]):
        tell(state, text)


def tell(state: State, text: texts.Text) -> None:
    """The status callback of a text."""
    if not text.callback:
        return
    params = {
        "SmsSid": text.sid,
        "SmsStatus": text.status,
        "MessageStatus": text.status,
        "To": text.recipient,
        "MessageSid": text.sid,
        "AccountSid": wire.account_sid(state),
        "From": text.sender,
        "ApiVersion": wire.API,
    }
    if text.error_code:
        params["ErrorCode"] = str(text.error_code)
    body, headers = wire.signed_call(state, text.callback, params)
    calls.call(state, "sms status", text.callback, body, headers=headers, subject=f"{text.sid} {text.status}")


def is_stopped(state: State, sender: str, recipient: str) -> bool:
    found = state.select("SELECT 1 FROM opt_outs WHERE sender = ? AND recipient = ?", [sender, recipient])
    return bool(found)


def reply(state: State, phone: str, to: str, body: str) -> texts.Text:
    """A person answers by text."""
    with state.transaction():
        text = texts.keep(state, phone, to, body, direction=texts.IN, status="received")
        if settings.of(state)["opt_out_handling"]:
            _obey(state, text)
        _tell_inbound(state, text)
    return text


def _obey(state: State, text: texts.Text) -> None:
    word, stopped = text.body.strip().upper(), is_stopped(state, text.recipient, text.sender)
    pair = (text.recipient, text.sender)
    with state.transaction() as db:
        if word in STOP and not stopped:
            db.execute("INSERT INTO opt_outs VALUES (?, ?)", pair)
            _say(state, text, STOPPED)
        elif word in START and stopped:
            db.execute("DELETE FROM opt_outs WHERE sender = ? AND recipient = ?", pair)
            _say(state, text, STARTED)
        elif word in HELP:
            _say(state, text, HELPED)


def _say(state: State, heard: texts.Text, body: str) -> None:
    texts.keep(state, heard.recipient, heard.sender, body, direction="outbound-reply")


def _tell_inbound(state: State, text: texts.Text) -> None:
    url = settings.of(state)["inbound_url"]
    if not url:
        return
    params = {
        "ToCountry": "US",
        "SmsMessageSid": text.sid,
        "NumMedia": "0",
        "SmsSid": text.sid,
        "SmsStatus": "received",
        "Body": text.body,
        "FromCountry": "US",
        "To": text.recipient,
        "NumSegments": "1",
        "MessageSid": text.sid,
        "AccountSid": wire.account_sid(state),
        "From": text.sender,
        "ApiVersion": wire.API,
    }
    body, headers = wire.signed_call(state, url, params)
    calls.call(state, "sms inbound", url, body, headers=headers, subject=text.sid)


def answered(state: State, sid: str, twiml: str) -> None:
    """The webhook answered: what it says by TwiML goes back to the phone, unless that was blocked."""
    for heard in texts.found(state, "sid = ?", [sid]):
        if is_stopped(state, heard.recipient, heard.sender):
            return
        for said in _MESSAGE.findall(twiml):
            words = html.unescape(_TAG.sub("", said)).strip()
            if words:
                _say(state, heard, words)
