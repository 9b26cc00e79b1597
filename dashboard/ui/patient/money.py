"""The card's money: what is owed, since when and why not yet; plans with what happened to each instalment; cards."""

from core.money import dollars, short_dollars
from core.patient_card.rows import CardLine, InstalmentLine, PatientCard, PlanPanel
from core.reports.rows import MissingCell
from core.severity import Severity
from dashboard.ui.components import blocks
from dashboard.ui.components.blocks import Block
from dashboard.ui.patient.desk import desk_blocks
from dashboard.ui.patient.plans import said_and_decided
from dashboard.wording.may_see import MaySee
from dashboard.wording.text import count, day_month, visit_day

CARD_TONES = {
    "good": "good",
    "ends soon": "high",
    "expired": "critical",
    "closed": "critical",
    "unknown": "unknown",
}
LATEST = 8  # rows of a list shown at once; the rest opens


def money(card: PatientCard, may_see: MaySee) -> Block:
    """Owes what, since when, why not yet; missing payments with their reason; payments and ledger on demand."""
    balance = card.row.balance
    beside = [
        ("Credit", balance.credit_cents),
        ("Pending", balance.pending_cents),
        ("Insurance pending", balance.insurance_pending_cents),
    ]
    owed = blocks.facts(
        blocks.fact("Owes", dollars(balance.patient_owes_cents), "posted patient part", "high" if balance.patient_owes_cents > 0 else "good"),
        blocks.fact("Due now", dollars(balance.due_now_cents)),
        blocks.fact("Collect now", dollars(card.row.collect_now_cents)),
        *(blocks.fact(label, dollars(cents)) for label, cents in beside if cents),
    )  # fmt: skip
    explained = blocks.facts(
        *(
            blocks.fact(label, words)
            for label, words in (
                ("What", balance.what),
                ("Since when", balance.since_when),
                ("Why not yet", balance.why_not_yet),
            )
            if words
        )
    )
    return blocks.section(
        "money",
        "Money",
        [
            owed,
            explained if explained["facts"] else None,
            blocks.lines(_missing(one, card) for one in card.missing) if card.missing else None,
            *desk_blocks(card, may_see),
            _payments(card),
            _ledger(card),
        ],
    )


def _missing(one: MissingCell, card: PatientCard) -> Block:
    later = f"tried again on {day_month(one.retry_on, card.day)}" if one.retry_on else ""
    if one.promised_on and not later:
        later = f"promised by {day_month(one.promised_on, card.day)}"
    stopped = "reminders are stopped" if one.reminders_stopped else ""
    due = f"{one.kind.replace('_', ' ').lower()} due {day_month(one.due_on, card.day)}"
    return blocks.line(
        one.sentence,
        sub=", ".join(word for word in (due, later, stopped) if word),
        right=dollars(one.open_cents),
        icon="payments",
        tone=one.severity.value,
    )


def _payments(card: PatientCard) -> Block | None:
    if not card.payments:
        return None
    rows = [
        (
            visit_day(one.happened_at, card.time_zone, card.day),
            one.status.replace("_", " ")
            + (f": {one.reason}" if one.reason else "")
            + (f"; of it {dollars(one.surcharge_cents)} surcharge" if one.surcharge_cents else ""),
            one.for_what,
            " · ".join(word for word in (one.method, one.source) if word),
            dollars(one.amount_cents),
        )
        for one in card.payments
    ]
    made = blocks.table(("Day", "What happened", "For", "By", "Amount"), rows, money=(4,))
    return blocks.details(count(len(rows), "payment"), [made], name="payments")


def _ledger(card: PatientCard) -> Block | None:
    if not card.ledger:
        return None
    rows = [
        (day_month(one.posted_on, card.day), one.kind, one.part, one.description, dollars(one.amount_cents))
        for one in card.ledger
    ]
    made = blocks.table(("Day", "Kind", "Part", "For", "Amount"), rows, money=(4,))
    return blocks.details(count(len(rows), "ledger entry", "ledger entries"), [made], name="ledger")


def plan(panel: PlanPanel, card: PatientCard, may_see: MaySee) -> list[Block]:
    """One plan: its sentence, the sums, care given against paid, promises, and each instalment with what happened."""
    tone = panel.severity.value if panel.severity else "good"
    ages = ("1–30 days", "31–60 days", "61–90 days", "over 90 days")
    late = [f"{age} {short_dollars(cents)}" for age, cents in zip(ages, panel.aging, strict=True) if cents]
    heads = ("Due", "What happened", "Open", "Amount")
    return [
        blocks.title(panel.name or "Plan", blocks.state_chip(panel.state.replace("_", " ").lower(), tone, "event_note")),
        blocks.text(panel.sentence) if panel.sentence else {},
        blocks.facts(
            blocks.fact("Behind", dollars(panel.arrears_cents), " · ".join(late), tone if panel.arrears_cents else ""),
            blocks.fact("Paid", dollars(panel.paid_cents), f"of {dollars(panel.expected_cents)} expected by now"),
            blocks.fact("Left to pay", dollars(panel.remaining_cents)),
            blocks.fact("Ahead", dollars(panel.ahead_cents)) if panel.ahead_cents else None,
            blocks.fact("Care given, not paid", dollars(panel.exposure_cents)) if panel.exposure_cents else None,
            blocks.fact("Payer", panel.payer) if panel.payer else None,
        ) if panel.state != "UNKNOWN" else {},
        _care(panel),
        blocks.text("Reminders for this plan are stopped.", Severity.MEDIUM.value) if panel.reminders_stopped else {},
        *said_and_decided(panel, card, may_see),
        blocks.details(
            count(len(panel.instalments), "instalment"),
            [blocks.table(heads, [_instalment(one, card) for one in panel.instalments], money=(2, 3))],
            name=f"plan-{panel.plan_id}",
        ) if panel.instalments else {},
        blocks.details(
            count(len(panel.changed), "change of the plan", "changes of the plan"),
            [blocks.lines(blocks.line(words, icon="history") for words in panel.changed)],
            name=f"edits-{panel.plan_id}",
        ) if panel.changed else {},
    ]  # fmt: skip


def _care(panel: PlanPanel) -> Block:
    """Paid of the contract as a bar, with a dashed mark at the care given so far."""
    if panel.delivered_cents is None or not panel.total_cents or panel.total_cents < 0:
        return {}
    words = f"Paid {short_dollars(panel.paid_cents)} of {short_dollars(panel.total_cents)}; care given so far is worth {short_dollars(panel.delivered_cents)}"
    return blocks.bar(panel.paid_cents, 0, panel.total_cents, panel.delivered_cents, words)


def _instalment(one: InstalmentLine, card: PatientCard) -> tuple[str, str, str, str]:
    open_words = short_dollars(one.open_cents) if one.open_cents else "–"
    happened = f"{one.what_happened} (changed {one.changed})" if one.changed else one.what_happened
    return (day_month(one.due_on, card.day), happened, open_words, dollars(one.amount_cents))


def cards(card: PatientCard) -> Block:
    """The cards and bank accounts on file: state, what they charge, where they are kept."""
    return blocks.section(
        "cards",
        "Cards",
        [blocks.lines(_card(one, card) for one in card.cards)] if card.cards else [],
        empty="No card on file that Huddle knows of.",
    )


def _card(one: CardLine, card: PatientCard) -> Block:
    name = f"{(one.brand or one.kind).capitalize()} …{one.last_four or '????'}"
    verb = "ended" if one.expires_on and one.expires_on < card.day else "ends"
    ends = f"{verb} {day_month(one.expires_on, card.day)}" if one.expires_on else ""
    default = "default" if one.is_default else ""
    return blocks.line(
        ", ".join(word for word in (name, ends, default) if word),
        sub=" · ".join(
            word
            for word in (f"charges {one.charges}" if one.charges else "nothing is charged to it", one.source)
            if word
        ),
        right=one.state,
        icon="account_balance" if one.kind == "bank" else "credit_card",
        tone=CARD_TONES.get(one.state, ""),
    )
