"""What the gateway may be asked to do differently: POST /control {"sms": {...}}."""

from typing import Any

from data.sandbox.state import State

USUAL: dict[str, Any] = {
    "inbound_url": "",  # where replies are posted (also SmsUrl of IncomingPhoneNumbers)
    "sent_after": 0.05,  # seconds from queued to sent
    "delivered_after": 0.15,  # seconds from queued to the final state
    "idempotency": False,  # whether the same Idempotency-Key header again answers the first message (Twilio has none)
    "opt_out_handling": True,  # STOP blocks and is confirmed by the gateway itself, as Twilio does by default
    "listing_delay": 0,  # seconds until a message is listed (it can be read by its sid at once)
    "numbers": {},  # {"+16145550123": 30003}: this number's texts fail with this code, see numbers.py
}


def of(state: State) -> dict[str, Any]:
    return USUAL | state.remembered("sms", {})


def change(state: State, wish: Any) -> None:
    """Raises ValueError for what is no setting."""
    if not isinstance(wish, dict) or set(wish) - set(USUAL):
        raise ValueError(f"sms takes an object of {', '.join(USUAL)}")
    for name, value in wish.items():
        kind = type(USUAL[name])
        allowed = (int, float) if kind in (int, float) else kind
        if not isinstance(value, allowed) or (kind is not bool and isinstance(value, bool)):
            raise ValueError(f"sms: {name} must be {'a number' if kind in (int, float) else kind.__name__}")
    state.remember("sms", state.remembered("sms", {}) | wish)


def clear(state: State) -> None:
    """As at first; where replies go is the account's own doing and stays."""
    state.remember("sms", {"inbound_url": of(state)["inbound_url"]})
