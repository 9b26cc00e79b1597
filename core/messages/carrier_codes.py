"""What the codes of carriers and gateways mean for whoever reads them at the desk: one sentence each (Twilio's numbers)."""

from core.integrations import sms

NOT_REGISTERED = frozenset({"30032", "30033", "30034"})  # nothing goes out until the registration is mended
_SENTENCES = {
    "30003": "The phone is switched off or out of reach.",
    "30004": "The phone or its carrier blocks our texts.",
    "30005": "This number does not exist any more. Ask for a new one.",
    "30006": "This is a landline or cannot get texts. Ask for a mobile number.",
    "30007": "The carrier held this text back as unwanted.",
    "30008": "The carrier did not say why it was not delivered.",
    "30022": "Too many texts at once for this registration; the carrier turned it away.",
    "30023": "The day's limit of this registration is reached; texts go out again tomorrow.",
    "30027": "The day's limit of the carrier T-Mobile is reached; texts go out again tomorrow.",
    "30032": "The toll-free number is not verified yet: carriers take no texts from it.",
    "30033": "The carriers have suspended the registration of our texts.",
    "30034": "The carrier takes no texts from our number: it is not registered.",
    sms.OPTED_OUT: "This phone opted out of our texts.",
}


def sentence_of(code: str) -> str:
    """Why a text did not arrive."""
    return _SENTENCES.get(code, f"The gateway could not deliver it (code {code or 'unknown'}).")


def known_codes() -> dict[str, str]:
    """Every code that has a sentence, in order."""
    return dict(sorted(_SENTENCES.items()))
