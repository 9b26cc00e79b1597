"""The top of the patient card: who it is, how to reach them, what to say now, and every flag with its reason."""

from core.findings.flags import Kind
from core.money import dollars, short_dollars
from core.names import initials_of
from core.patient_card.rows import ContactPanel, PatientCard
from core.reports.rows import MissingCell
from core.reports.say import speaks
from core.severity import Flag
from dashboard.ui.components import blocks
from dashboard.ui.components.blocks import Block
from dashboard.ui.patient.evidence import evidence_words
from dashboard.ui.patient.quick_stop import Stop, lines
from dashboard.wording.chips import shown_chip
from dashboard.wording.may_see import MaySee, chip_of, no_amounts
from dashboard.wording.text import phone_words, shown

QUICK_STOP = 3  # sentences
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

_FIXES: dict[str, tuple[str, str]] = {
    Kind.MISSING_PAYMENT: ("Payment link", "pay"),
    Kind.BEHIND: ("Payment link", "pay"),
    Kind.DUE_TODAY: ("Payment link", "pay"),
    Kind.CARD_EXPIRED: ("New card link", "card"),
    Kind.CARD_EXPIRING: ("New card link", "card"),
    Kind.CARD_INVALID: ("New card link", "card"),
    Kind.NO_CARD: ("New card link", "card"),
    Kind.BALANCE_DUE: ("$ Invoice", "invoice"),
}


def name_of(card: PatientCard, may_see: MaySee) -> str:
    """Who it is, as this person may see it."""
    name = f"{card.contact.first_name} {card.contact.last_name}".strip() or "No name"
    return card.row.initials if may_see.initials else shown(name, 80)


def title(card: PatientCard, may_see: MaySee) -> Block:
    """Name, age and place."""
    contact = card.contact
    words = (_age(contact), contact.location_name, _activity(contact))
    return {
        "name": name_of(card, may_see),
        "sub": " · ".join(word for word in words if word),
        "lines": [],
    }


def ways(card: PatientCard, may_see: MaySee) -> list[Block]:
    """Phone and e-mail with their consents, family, linked accounts."""
    contact = card.contact
    return [*_reach(contact, may_see), *_family(contact, may_see), *_accounts(card, may_see)]


def collect(card: PatientCard) -> Block:
    """The sum to collect now."""
    cents = card.row.collect_now_cents
    return {"words": "Collect now", "value": short_dollars(cents), "tone": "high" if cents else "good"}


def _age(contact: ContactPanel) -> str:
    return "age unknown" if contact.age is None else f"{contact.age} years"


def _activity(contact: ContactPanel) -> str:
    return "" if contact.active else "not active any more"


def _reach(contact: ContactPanel, may_see: MaySee) -> list[Block]:
    mobile, email = contact.mobile_phone or "", contact.email or ""
    if may_see.initials:
        mobile, email = (f"…{mobile[-4:]}" if mobile else ""), ("e-mail on file" if email else "")
    return [
        blocks.line(
            mobile if may_see.initials else phone_words(mobile) or "No mobile",
            sub=contact.text_said or _consent(contact.text_consent, "texts"),
            icon="smartphone",
        ),
        blocks.line(
            email or "No e-mail",
            sub=contact.email_said or _consent(contact.email_consent, "e-mail"),
            icon="mail",
        ),
    ]


def _consent(consent: bool | None, channel: str) -> str:
    return {
        True: f"agreed to {channel}",
        False: f"no {channel}: said no",
        None: f"never asked about {channel}",
    }[consent]


def _family(contact: ContactPanel, may_see: MaySee) -> list[Block]:
    return [
        blocks.line(
            initials_of(member.name) if may_see.initials else member.name,
            sub=member.relation,
            icon="family_restroom",
            key=member.key,
        )
        for member in contact.family
    ]


def _accounts(card: PatientCard, may_see: MaySee) -> list[Block]:
    if not card.contact.accounts:
        if all(source.kind == "practice_files" for source in card.sources):
            return []  # nobody processes cards for this practice, so nothing is missing
        return [blocks.line("No processor record is joined to this patient", icon="link_off", tone="unknown")]
    return [
        blocks.line(
            f"{account.source}: {initials_of(account.name) if may_see.initials else account.name}",
            sub=f"{account.state}, {account.how}" if account.how else account.state,
            icon="link",
        )
        for account in card.contact.accounts
    ]


def quick_stop(card: PatientCard, may_see: MaySee, stop: Stop) -> list[Block]:
    """The patient's tasks, worst first; then at most three sentences that no task says, each with its reason. For a
    role without amounts what it may see."""
    told = [_flag(card, flag, may_see) for flag in _told(card, may_see) if not stop.covers(flag)]
    return [*lines(stop, card, may_see, lambda flag: _flag(card, flag, may_see)), *told]


def other_flags(card: PatientCard, may_see: MaySee, stop: Stop) -> Block | None:
    """What is flagged beyond the Quick Stop: quiet notes, and what did not fit."""
    told = _told(card, may_see)
    flags = [flag for flag in may_see.row(card.row).flags if flag not in told and not stop.covers(flag)]
    rest = [_flag(card, flag, may_see) for flag in flags]
    return blocks.section("flags", "Also worth knowing", rest) if rest else None


def _told(card: PatientCard, may_see: MaySee) -> list[Flag]:
    seen = may_see.row(card.row).flags
    if not may_see.money:
        return [flag for flag in seen if speaks(flag)][:QUICK_STOP]
    words = [said for _, said in card.quick_stop]
    return [flag for flag in seen if speaks(flag) and flag.reason in words][:QUICK_STOP]


def _flag(card: PatientCard, flag: Flag, may_see: MaySee) -> Block:
    """One flag; "why" opens the rule and the rows it rests on."""
    chip = shown_chip(flag, card.row if may_see.money else may_see.row(card.row))
    rule = blocks.text(RULES.get(chip_of(flag).group, ""))
    rows = [
        blocks.line(_evidence(card, one, may_see), icon="subdirectory_arrow_right") for one in flag.evidence
    ]
    return {
        "kind": "flag",
        "severity": flag.severity.value,
        "chip": chip,
        "words": shown(flag.reason, 300),
        "right": dollars(flag.cents) if flag.cents else "",
        "why": [
            rule,
            blocks.lines(rows)
            if rows
            else blocks.text("It rests on what is missing, or on the whole list below.", "soft"),
        ],
        "name": f"why-{flag.kind}",
        "fix": _fix(card, flag, may_see),
    }


def _fix(card: PatientCard, flag: Flag, may_see: MaySee) -> Block | None:
    """The button that mends what the sentence says, for who may press it; it opens the form, filled in."""
    words, kind = _FIXES.get(flag.kind, ("", ""))
    if not kind or not (may_see.ask if kind == "card" else may_see.collect):
        return None
    if kind == "pay" and (one := chargeable(card, flag.evidence)) is not None:
        words = f"Charge it now: {short_dollars(one.ask_cents)}"
        return {"words": words, "asked": {"kind": "charge", "about": [one.kind, one.id]}}
    names = {"pay": {each.kind for each in card.missing} | {"plan"}, "card": {"card"}}.get(kind, set())
    about = next((list(one) for one in flag.evidence if one[0] in names), None)
    return {"words": words, "asked": {"kind": kind, "about": about}}


def chargeable(card: PatientCard, evidence: tuple[tuple[str, str], ...] = ()) -> MissingCell | None:
    """What was declined and can be charged to the card that is on file since; of these rows, or of all."""
    rows = set(evidence)
    for one in card.missing:
        row = (one.kind, one.id.rpartition(":")[0] if one.kind == "membership" else one.id)
        if one.new_card and (not rows or row in rows):
            return one
    return None


def _evidence(card: PatientCard, one: tuple[str, str], may_see: MaySee) -> str:
    words = evidence_words(card, *one)
    return words if may_see.money else no_amounts(words)
