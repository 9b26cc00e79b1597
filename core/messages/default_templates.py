"""The texts every practice starts with. They name the person, the practice, the amount and the link: nothing else."""

from enum import StrEnum
from typing import NamedTuple

from core.messages.models import Channel, Purpose


class Use(StrEnum):
    """What a template is for."""

    INVOICE = "invoice"
    PAY_LINK = "pay link"
    CARD_LINK = "new card"
    REMINDER = "reminder"
    RECEIPT = "card receipt"
    AUTHORIZATION = "card authorization"
    OTHER = "other"


class FirstText(NamedTuple):
    name: str
    use: Use
    purpose: Purpose
    subject: str
    text: str
    email: str


_BYE = "\n\n{{ signature }}\n{{ practice }}{% if phone %} · {{ phone }}{% endif %}"
FIRST_TEXTS = (
    FirstText(
        "Invoice",
        Use.INVOICE,
        Purpose.BILLING,
        "Your invoice from {{ practice }}",
        "Hi {{ first_name }}, your invoice from {{ practice }} for {{ amount }}: {{ link }} Reply STOP to opt out.",
        "Hello {{ first_name }},\n\nyour invoice over {{ amount }} is ready. You can look at it and pay here:\n"
        "{{ link }}\n\nThank you!" + _BYE,
    ),
    FirstText(
        "Payment link",
        Use.PAY_LINK,
        Purpose.BILLING,
        "A payment to {{ practice }} is open",
        "Hi {{ first_name }}, {{ amount }} is open at {{ practice }}. Pay here: {{ link }} Reply STOP to opt out.",
        "Hello {{ first_name }},\n\na payment of {{ amount }} is open. You can pay here:\n{{ link }}\n\n"
        "Have you paid already? Then thank you, and please ignore this." + _BYE,
    ),
    FirstText(
        "New card",
        Use.CARD_LINK,
        Purpose.BILLING,
        "Please update your card at {{ practice }}",
        "Hi {{ first_name }}, please update your card at {{ practice }}"
        "{% if last_four %} (ending {{ last_four }}{% if expiry %}, expires {{ expiry }}{% endif %}){% endif %}: "
        "{{ link }} Reply STOP to opt out.",
        "Hello {{ first_name }},\n\nplease put a new card on file"
        "{% if last_four %}; the one ending {{ last_four }}{% if expiry %} (expires {{ expiry }}){% endif %} "
        "needs replacing{% endif %}:\n{{ link }}\n\nThe page belongs to our card processor; "
        "we never see your card number." + _BYE,
    ),
    FirstText(
        "Reminder",
        Use.REMINDER,
        Purpose.BILLING,
        "A friendly reminder from {{ practice }}",
        "Hi {{ first_name }}, a reminder from {{ practice }}: {{ amount }} is still open. {{ link }} "
        "Reply STOP to opt out.",
        "Hello {{ first_name }},\n\n{{ amount }} is still open. You can pay here:\n{{ link }}\n\n"
        "Have you paid already? Then thank you, and please ignore this." + _BYE,
    ),
    FirstText(
        "Receipt of a charge",
        Use.RECEIPT,
        Purpose.BILLING,
        "Your receipt from {{ practice }}",
        "Hi {{ first_name }}, {{ practice }} charged {{ amount }} to your card ending {{ last_four }}. Thank you! "
        "Reply STOP to opt out.",
        "Hello {{ first_name }},\n\nwe charged {{ amount }} to your card ending {{ last_four }}. Thank you!"
        + _BYE,
    ),
    FirstText(
        "What was allowed",
        Use.AUTHORIZATION,
        Purpose.BILLING,
        "What you allowed {{ practice }}",
        "Hi {{ first_name }}, a copy of what you allowed {{ practice }}: {{ terms }} Reply STOP to opt out.",
        "Hello {{ first_name }},\n\nthis is a copy of what you allowed, for you to keep:\n\n{{ terms }}"
        + _BYE,
    ),
    FirstText(
        "Answer",
        Use.OTHER,
        Purpose.CARE,
        "Your message to {{ practice }}",
        "Hi {{ first_name }}, {{ practice }}: thank you for your message. We will call you today. Reply STOP to opt out.",
        "Hello {{ first_name }},\n\nthank you for your message. We will call you today." + _BYE,
    ),
)


def words_of(first: FirstText, channel: str) -> tuple[str, str]:
    """Subject and body of a first text by channel."""
    return ("", first.text) if channel == Channel.TEXT else (first.subject, first.email)
