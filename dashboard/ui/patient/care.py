"""The card's care: today's visits, memberships with their use, insurance, visits, and the timeline."""

from core.money import dollars
from core.patient_card.rows import CoverageLine, MembershipPanel, PatientCard, UseBar, VisitLine
from dashboard.ui.components import blocks
from dashboard.ui.components.blocks import Block
from dashboard.ui.patient.choices import choice_blocks
from dashboard.ui.patient.money import LATEST, plan
from dashboard.wording.may_see import MaySee, no_amounts
from dashboard.wording.text import clock_time, count, day_month, day_words, visit_day

STATUS = {"no_show": "did not come", "completed": "checked out", "rescheduled": "moved"}


def _said(words: str, may_see: MaySee) -> str:
    return words if may_see.money else no_amounts(words)


def today(card: PatientCard, may_see: MaySee) -> Block:
    """Today's visit or visits, with insurance, estimate and the date it was checked."""
    return blocks.section(
        "today",
        f"Today, {day_words(card.day)}",
        [blocks.lines(_visit(one, card, may_see, dated=False) for one in card.today)] if card.today else [],
        empty=_no_visit(card),
    )


def _no_visit(card: PatientCard) -> str:
    coming = card.row.next_visit
    return (
        f"No visit today. Next visit {visit_day(coming, card.time_zone, card.day)}."
        if coming
        else "No visit today, and none booked."
    )


def _visit(one: VisitLine, card: PatientCard, may_see: MaySee, *, dated: bool) -> Block:
    at = clock_time(one.starts_at, card.time_zone)
    when = f"{visit_day(one.starts_at, card.time_zone, card.day)}, {at}" if dated else at
    what = " · ".join(word for word in (one.appointment_type, one.provider) if word)
    estimate = (
        f"estimate {dollars(one.estimate_cents)}" if may_see.money and one.estimate_cents is not None else ""
    )
    missed = one.standing == "PRESUMED_MISSED"
    status = "not checked in: missed?" if missed else STATUS.get(one.status, one.status)
    return blocks.line(
        f"{when}  {what}".strip(),
        sub=". ".join(
            _said(word, may_see).rstrip(".") for word in (one.note, one.insurance_sentence) if word
        ),
        right=" · ".join(word for word in (estimate, status) if word),
        icon="event_busy" if one.standing in ("DEAD", "PRESUMED_MISSED") else "event",
        tone="unknown" if missed else "",
    )


def plans_and_memberships(card: PatientCard, may_see: MaySee) -> Block:
    """Schedules with what happened to each instalment, and use bars with where the patient should be."""
    made = [block for panel in card.plans for block in plan(panel, card, may_see)] if may_see.money else []
    made += [block for panel in card.memberships for block in _membership(panel, card, may_see)]
    heading = "Plan and membership" if may_see.money else "Membership"
    none = "No plan and no membership." if may_see.money else "No membership."
    return blocks.section("plans", heading, made, empty=card.untold or none)


def _membership(panel: MembershipPanel, card: PatientCard, may_see: MaySee) -> list[Block]:
    tone = panel.severity.value if panel.severity else "good"
    price = ""
    if may_see.money and panel.price_cents is not None:
        price = f"{dollars(panel.price_cents)}{f' {panel.billing}' if panel.billing else ''}"
    draft = (
        f"next draft {day_month(panel.next_draft_on, card.day)}"
        if panel.next_draft_on
        else "no draft planned"
    )
    about = " · ".join(
        word for word in (price, draft if may_see.money else "", panel.status.replace("_", " ")) if word
    )
    return [
        blocks.title(
            panel.name, blocks.state_chip(panel.state.replace("_", " ").lower(), tone, "card_membership")
        ),
        blocks.text(_said(panel.sentence, may_see)) if panel.sentence else {},
        blocks.text(about, "soft"),
        *(_use(one, card) for one in panel.bars),
        *choice_blocks(panel, card, may_see),
    ]


def _use(one: UseBar, card: PatientCard) -> Block:
    allowance = "no limit" if one.allowance is None else f"of {one.allowance}"
    until = f" to {day_month(one.period_end)}" if one.period_end else " on, prepaid"
    words = f"{one.service_class}, {day_month(one.period_start)}{until}: {one.used} done, {one.booked} booked {allowance}"
    if one.per_week is not None:
        words += f", at most {one.per_week} a week"
    if one.shared:
        words += ", all of the family together"
    if one.should_be is not None:
        words += f"; should be at {one.should_be} by now"
    if one.over:
        excess = ", ".join(visit_day(at, card.time_zone) for at in one.excess)
        words += f"; over by {one.over}" + (f" ({excess})" if excess else "")
    return blocks.bar(one.used, one.booked, one.allowance, one.should_be, words)


def insurance(card: PatientCard, may_see: MaySee) -> Block:
    return blocks.section(
        "insurance",
        "Insurance",
        [block for one in card.coverages for block in _coverage(one, card, may_see)],
        empty="No coverage on file: treated as self-pay only if the practice says so.",
    )


def _coverage(one: CoverageLine, card: PatientCard, may_see: MaySee) -> list[Block]:
    tone = {"ACTIVE": "good", "SELF_PAY": "note", "INACTIVE": "high"}.get(one.state, "unknown")
    amounts = may_see.money
    if one.state == "SELF_PAY":
        return [blocks.title("Self pay"), blocks.text(_said(one.sentence, may_see))]
    return [
        blocks.title(one.payer or "Unknown payer", blocks.state_chip(one.state.replace("_", " ").lower(), tone, "policy")),
        blocks.text(_said(one.sentence, may_see)) if one.sentence else {},
        blocks.facts(
            blocks.fact("Visits left", "–" if one.visits_left is None else str(one.visits_left)),
            blocks.fact("Authorisation", (one.authorisation or "none needed").replace("_", " ").lower()),
            blocks.fact("Copay", "unknown" if one.copay_cents is None else dollars(one.copay_cents)) if amounts else None,
            blocks.fact("Estimate", "unknown" if one.estimate_cents is None else dollars(one.estimate_cents)) if amounts else None,
            blocks.fact("Checked", day_month(one.checked_on, card.day) if one.checked_on else "never"),
        ),
    ]  # fmt: skip


def visits(card: PatientCard, may_see: MaySee) -> Block:
    made = [_visit(one, card, may_see, dated=True) for one in card.visits]
    rest = made[LATEST:]
    return blocks.section(
        "visits",
        "Visits",
        [
            blocks.lines(made[:LATEST]) if made else None,
            blocks.details(count(len(rest), "earlier visit"), [blocks.lines(rest)], name="visits")
            if rest
            else None,
        ],
        empty="No visit on file.",
    )


def timeline(card: PatientCard, may_see: MaySee) -> Block:
    """Payments, declines, messages and visits, newest first; without those of money for a role without amounts."""
    moments = [one for one in card.timeline if may_see.money or one.cents is None]
    made = [
        blocks.line(
            _said(one.words, may_see),
            sub=f"{visit_day(one.at, card.time_zone, card.day)}, {clock_time(one.at, card.time_zone)}",
            right=dollars(one.cents) if one.cents is not None else "",
            icon=one.icon,
        )
        for one in moments
    ]
    rest = made[LATEST:]
    return blocks.section(
        "timeline",
        "Timeline",
        [
            blocks.lines(made[:LATEST]) if made else None,
            blocks.details(f"{len(rest)} more", [blocks.lines(rest)], name="timeline") if rest else None,
        ],
        empty="Nothing has happened yet.",
    )
