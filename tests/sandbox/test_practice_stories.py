"""Every state of DOMAIN.md has somebody booked today, on any day of the year, and what the files say of them is so."""

from datetime import date, timedelta

import pytest

from data.sandbox.practice import days
from data.sandbox.practice.contacts import Link
from data.sandbox.practice.stories import CAST
from tests.sandbox.practices import TODAY, of, practice, tokens_of, transactions_of

STATES = """
EXPIRED EXPIRING INVALID UNKNOWN VIA_GUARANTOR BANK_ONLY EXPIRED_ONLY NONE NOT_LINKED
CHARGEBACK RETURNED REVERSED DECLINED_HARD DECLINED_SOFT PARTIAL NOT_ATTEMPTED
RETRY_SCHEDULED ACCEPTED_NOT_POSTED POSTED_TWICE POSSIBLE_MATCH
d1_30 d31_60 d61_90 over_90 DUE_TODAY SETTLEMENT COMPLETED_OWING
OVER_SCHEDULED NOT_SCHEDULED UNDER_BOOKED USED_UP PROVISIONAL BOOKED_WHILE_FROZEN OUTSIDE_TERM
ACTIVE INACTIVE STALE NOT_CHECKED SELF_PAY LOW EXHAUSTED MISSING EXPIRED_BY_VISIT UNITS_SHORT OK
auto injury workers_comp
""".split()  # noqa: SIM905
DAYS = [date(2026, 11, 23) + timedelta(days=n) for n in range(0, 400, 37)] + [
    date(2028, 2, 29),
    date(2027, 1, 1),
    date(2026, 12, 31),
    date(2027, 3, 14),
]


def expiry(token: dict) -> date:
    return days.month_end(date(2000 + int(token["exp_date"][2:]), int(token["exp_date"][:2]), 1))


def test_every_state_has_a_story() -> None:
    assert set(STATES) - {word for story in CAST for word in story.shows} == set()


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_the_whole_cast_comes_today_and_only_they_are_loud(today: date) -> None:
    made = practice(today.toordinal(), today, 70)
    here = {v["patient_id"] for v in made.files["appointments"] if v["starts_at"].startswith(str(today))}
    assert set(made.stories) == {story.name for story in CAST}
    assert set(made.stories.values()) <= here
    loud = {made.stories[story.name] for story in CAST if story.loud}
    assert len(loud) <= 0.65 * len(here)


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_cards_end_when_their_story_says(today: date) -> None:
    made = practice(today.toordinal(), today, 70)
    (ended,), (ending,) = (
        tokens_of(made, "card_expired"),
        tokens_of(made, "card_ends_before_next_draft"),
    )
    assert expiry(ended) < today <= expiry(ending) <= today + timedelta(days=45)
    (draft,) = [m["next_draft_on"] for m in of(made, "card_ends_before_next_draft", "memberships")]
    assert (
        date.fromisoformat(draft) == today if today.day == 1 else date.fromisoformat(draft) > expiry(ending)
    )
    assert (
        sum(expiry(token) > today + timedelta(days=60) for token in tokens_of(made, "another_card_is_usable"))
        == 1
    )
    (quiet,) = tokens_of(made, "card_ends_without_a_draft")
    assert not quiet["has_recurring"]


def test_a_closed_an_unreadable_and_no_card() -> None:
    made = practice()
    assert [t["active"] for t in tokens_of(made, "card_closed_by_updater")] == [False]
    assert [t["exp_date"] for t in tokens_of(made, "unreadable_expiry")] == ["0000"]
    assert tokens_of(made, "no_card_on_a_plan") == tokens_of(made, "family_contract") == []
    assert [t["payment_method"] for t in tokens_of(made, "bank_debit_returned")] == ["ach"]


def test_who_cannot_be_linked_and_who_waits_for_a_person() -> None:
    made = practice()
    kinds = {made.owners[contact]: kind for contact, kind in made.links.items()}
    assert kinds[made.stories["not_linked"]] == Link.UNLINKED
    assert kinds[made.stories["link_waits_for_a_person"]] == Link.PROPOSAL
    assert made.stories["family_contract"] not in kinds


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_debts_are_as_old_as_the_aging_buckets(today: date) -> None:
    made = practice(today.toordinal(), today, 70)
    (plan,) = of(made, "only_an_expired_card", "plans")
    dues = [
        date.fromisoformat(i["due_date"])
        for i in made.files["instalments"]
        if i["plan_id"] == plan["plan_id"]
    ]
    paid = [t for t in transactions_of(made, "only_an_expired_card") if t["status_code"] == 101]
    late = [(today - due).days for due in dues if due < today][len(paid) :]
    assert [min((age - 1) // 30, 3) for age in late] == [3, 2, 1, 0]


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_today_is_the_fifth_of_four(today: date) -> None:
    made = practice(today.toordinal(), today, 70)
    (row,) = of(made, "over_scheduled", "memberships")
    start, end = days.period_around(today, int(row["anchor_day"]))
    inside = sorted(
        v["starts_at"][:10]
        for v in of(made, "over_scheduled", "appointments")
        if str(start) <= v["starts_at"][:10] < str(end)
    )
    assert len(inside) == 5
    assert inside[-1] == str(today)


@pytest.mark.parametrize("today", DAYS, ids=str)
@pytest.mark.parametrize(
    "name", ["bought_one_more", "rolled_over", "ends_with_the_month", "missed_one_and_lost_it"]
)
def test_quiet_members_use_exactly_what_they_have(name: str, today: date) -> None:
    made = practice(today.toordinal(), today, 70)
    (row,) = of(made, name, "memberships")
    start, end = days.period_around(today, int(row["anchor_day"]))
    inside = [
        v
        for v in of(made, name, "appointments")
        if str(start) <= v["starts_at"][:10] < str(end) and v["appointment_type_id"] == "T01"
    ]
    allowance = {"MP4": 4, "MP7": 4, "MP5": 6}[row["membership_plan_id"]]
    extras = [x for x in made.files["membership_extras"] if x["membership_id"] == row["membership_id"]]
    assert [x["period_start"] for x in extras] == [str(start)] * len(extras)
    assert len(inside) == allowance + len(extras)
    assert any(v["starts_at"] >= str(end) for v in of(made, name, "appointments"))


def test_nobody_has_booked_the_forgotten_members_again() -> None:
    made = practice()
    for name in ("not_scheduled", "card_ends_before_a_later_draft"):
        visits = sorted(v["starts_at"] for v in of(made, name, "appointments"))
        assert visits[-1].startswith(str(TODAY))
    last = [
        v["starts_at"][:10] for v in of(made, "not_scheduled", "appointments") if v["status"] == "completed"
    ]
    assert max(last) <= str(TODAY - timedelta(days=20))


def test_terms_freezes_and_pauses_hold_today() -> None:
    made = practice()
    (frozen,) = of(made, "booked_while_frozen", "memberships")
    assert frozen["frozen_from"] < str(TODAY) < frozen["frozen_to"]
    (ended,) = of(made, "outside_term", "memberships")
    assert ended["end_date"] < str(TODAY)
    (paused,) = of(made, "paused_plan", "plans")
    assert paused["paused_from"] < str(TODAY) < paused["paused_to"]
    (family,) = of(made, "family_contract", "plans")
    assert family["payer_id"] not in ("", family["patient_id"])


def test_insurance_is_wrong_in_one_way_each() -> None:
    made = practice()
    one = {name: rows[0] for name in made.stories if (rows := of(made, name, "coverages"))}
    assert one["reversed_and_uninsured"]["eligible"] == "false"
    assert one["stale_and_owing"]["checked_on"] < str(TODAY - timedelta(days=30))
    assert one["stale_and_owing"]["authorisation_to"] < str(TODAY)
    assert one["new_patient"]["checked_on"] == ""
    assert (one["paid_in_part"]["visit_limit"], one["paid_in_part"]["visits_used"]) == ("20", "19")
    assert (one["work_injury"]["authorisation_required"], one["work_injury"]["authorisation_units"]) == (
        "true",
        "",
    )
    assert "not_linked" not in one
