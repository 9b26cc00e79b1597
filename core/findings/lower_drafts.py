"""Drafts that ran for less than they are, as was agreed that day: a quiet note, never a debt (DOMAIN §3)."""

from collections.abc import Iterable
from datetime import timedelta

from core.dates import short_day
from core.dues.drafts import MembershipDrafts
from core.dues.membership_items import lower_drafts
from core.findings.facts import PatientFacts
from core.findings.paid_by import payments_of_membership
from core.findings.setting import Setting
from core.money import short_dollars

NEWS_FOR = timedelta(days=45)  # an older coupon is no news to the desk


def lower_draft_notes(
    facts: PatientFacts, members: Iterable[MembershipDrafts], setting: Setting
) -> Iterable[tuple[str, str]]:
    """The membership's external id, and the sentence, of each draft of the last weeks that took less."""
    since = setting.today - NEWS_FOR
    for member, record in zip(members, facts.memberships, strict=True):
        own = payments_of_membership(facts.payments, member.membership_id)
        usual = max(
            [
                member.price_cents or 0,
                *(r.amount_cents for r in facts.recurrings if r.membership_id == member.membership_id),
            ]
        )
        recent = (p for p in own if p.happened_on >= since and p.status == "approved")
        if not any(p.pays_cents < usual and p.refund_ref is None for p in recent):
            continue
        start = record.membership.start_date
        for on, came, now in lower_drafts(member, start, own, setting.today, recurrings=facts.recurrings):
            if on >= since:
                taken = f"took {short_dollars(came)}" if came else "was free"
                yield (
                    member.external_id,
                    f"The draft of {short_day(on, setting.today)} {taken}, {record.plan.name} is {short_dollars(now)}: "
                    "as was agreed that day, nothing to ask for.",
                )
