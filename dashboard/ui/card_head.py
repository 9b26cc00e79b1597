"""The top of the patient card: who it is, how to reach them, what to say now, and every flag with its reason."""

from core.money import dollars
from core.morning.card_rows import ContactPanel, PatientCard
from core.morning.rules import speaks
from core.severity import Flag
from dashboard.ui import blocks
from dashboard.ui.blocks import Block
from dashboard.ui.chips import shown_chip
from dashboard.ui.evidence import evidence_words
from dashboard.ui.sight import Sight, chip_of
from dashboard.ui.text import phone_words, shown

RULES = {
    "Card ends": "A card is good through the last day of its month. It is flagged when it ends within 45 days, or before a draft planned in the next 60.",
    "No card": "Someone with a plan or a membership needs a card on file with the processor.",
    "Missing payment": "An amount is missing when it is still open after its due date: at once after a decline, one business day later when nothing was tried.",
    "Behind": "Behind is the sum of the instalments due before today that are still open.",
    "Membership": "Visits done and booked are counted against what the membership allows in each period.",
    "Insurance": "A check of eligibility is good for 30 days within the same plan year.",
    "Balance": "The balance is the patient's part of charges, less payments and adjustments. Credit and pending amounts stand beside it.",
    "Unknown": "A source is missing, old, or not joined to this patient. Unknown never counts as fine.",
}  # fmt: skip


def initials_of(name: str) -> str:
    return "".join(f"{word[0]}." for word in name.split() if word) or "–"


def head(card: PatientCard, sight: Sight) -> Block:
    """Name, age, family, phone and e-mail with their consents, linked accounts."""
    contact = card.contact
    name = f"{contact.first_name} {contact.last_name}".strip() or "No name"
    return {
        "name": card.row.initials if sight.initials else shown(name, 80),
        "sub": " · ".join(
            word for word in (_age(contact), contact.location_name, _activity(contact)) if word
        ),
        "lines": [*_reach(contact, sight), *_family(contact, sight), *_accounts(card, sight)],
    }


def _age(contact: ContactPanel) -> str:
    return "age unknown" if contact.age is None else f"{contact.age} years"


def _activity(contact: ContactPanel) -> str:
    return "" if contact.active else "not active any more"


def _reach(contact: ContactPanel, sight: Sight) -> list[Block]:
    mobile, email = contact.mobile_phone or "", contact.email or ""
    if sight.initials:
        mobile, email = (f"…{mobile[-4:]}" if mobile else ""), ("e-mail on file" if email else "")
    return [
        blocks.line(
            mobile if sight.initials else phone_words(mobile) or "No mobile",
            sub=_consent(contact.text_consent, "texts"),
            icon="smartphone",
        ),
        blocks.line(email or "No e-mail", sub=_consent(contact.email_consent, "e-mail"), icon="mail"),
    ]


def _consent(consent: bool | None, channel: str) -> str:
    return {
        True: f"agreed to {channel}",
        False: f"no {channel}: said no",
        None: f"never asked about {channel}",
    }[consent]


def _family(contact: ContactPanel, sight: Sight) -> list[Block]:
    return [
        blocks.line(
            initials_of(member.name) if sight.initials else member.name,
            sub=member.relation,
            icon="family_restroom",
            key=member.key,
        )
        for member in contact.family
    ]


def _accounts(card: PatientCard, sight: Sight) -> list[Block]:
    if not card.contact.accounts:
        return [blocks.line("No processor record is joined to this patient", icon="link_off", tone="unknown")]
    return [
        blocks.line(
            f"{account.source}: {initials_of(account.name) if sight.initials else account.name}",
            sub=f"{account.state}, {account.how}" if account.how else account.state,
            icon="link",
        )
        for account in card.contact.accounts
    ]


def quick_stop(card: PatientCard, sight: Sight) -> list[Block]:
    """At most three sentences, worst first; for a role without amounts those about membership and insurance."""
    if sight.money:
        return [
            {"severity": severity.value, "words": shown(words, 300)} for severity, words in card.quick_stop
        ]
    row = sight.row(card.row)
    loud = [flag for flag in row.flags if speaks(flag)]
    return [{"severity": flag.severity.value, "words": shown(flag.reason, 300)} for flag in loud[:3]]


def flags(card: PatientCard, sight: Sight) -> Block:
    """Every flag with its reason; "why" opens the rule and the rows it rests on."""
    row = sight.row(card.row)
    shown_flags = [_flag(card, flag, place) for place, flag in enumerate(row.flags)]
    return blocks.section("flags", "Flags", shown_flags, empty="Nothing is flagged.")


def _flag(card: PatientCard, flag: Flag, place: int) -> Block:
    chip = shown_chip(flag, card.row)
    group = chip_of(flag).group
    rows = [blocks.line(evidence_words(card, *one), icon="subdirectory_arrow_right") for one in flag.evidence]
    why = [
        blocks.text(RULES.get(group, "")),
        blocks.lines(rows) if rows else blocks.text("No single row: something is missing."),
    ]
    return {
        "kind": "flag",
        "chip": chip,
        "words": shown(flag.reason, 300),
        "right": dollars(flag.cents) if flag.cents else "",
        "why": why,
        "name": f"why-{flag.kind}-{place}",
    }
