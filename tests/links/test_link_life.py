"""What a link is, from what happened to it: the same whatever order the news came in."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.links.rules import LIVE, Happened, LinkState, Remindable, Reminder, Step, Stop, life, reminder

NOON = datetime(2026, 11, 21, 17, tzinfo=UTC)


def after(minutes: int, kind: Step, **also: object) -> Happened:
    return Happened(kind, NOON + timedelta(minutes=minutes), **also)  # type: ignore[arg-type]


def state(*steps: Happened, paid: int = 0, amount: int = 10_000) -> str:
    return life(steps, amount_cents=amount, paid_cents=paid).state


MADE = after(0, Step.CREATED)


def test_a_link_goes_from_created_over_sent_and_opened_to_paid() -> None:
    told = [MADE]
    assert state(*told) == "created"
    told.append(after(1, Step.SENT))
    assert state(*told) == "sent"
    told.append(after(5, Step.OPENED))
    assert state(*told) == "opened"
    assert state(*told, after(6, Step.PAYMENT, ref="t1"), paid=4_000) == "part-paid"
    assert state(*told, after(6, Step.PAYMENT, ref="t1"), paid=10_000) == "paid"


def test_money_that_came_for_a_voided_link_is_still_money() -> None:
    told = [MADE, after(1, Step.VOIDED), after(2, Step.PAYMENT, ref="t1")]
    assert state(*told, paid=10_000) == "paid"
    assert state(*told, paid=4_000) == "void"


def test_a_voided_link_that_was_opened_again_is_where_it_was() -> None:
    told = [MADE, after(1, Step.SENT), after(2, Step.VOIDED, ref="1")]
    assert state(*told) == "void"
    assert state(*told, after(3, Step.REOPENED, ref="1")) == "sent"
    assert state(*told, after(3, Step.REOPENED, ref="1"), after(4, Step.VOIDED, ref="2")) == "void"


def test_nobody_knows_and_then_it_is_there_or_refused_or_tried_again() -> None:
    doubt = [MADE, after(1, Step.UNKNOWN, ref="attempt 1")]
    assert state(*doubt) == "unknown"
    assert state(*doubt, after(11, Step.MADE)) == "created"
    assert state(*doubt, after(11, Step.REFUSED)) == "refused"
    assert state(*doubt, after(11, Step.CREATED, ref="attempt 1")) == "created"


def test_money_given_back_makes_a_paid_link_open_again() -> None:
    told = [MADE, after(1, Step.SENT), after(2, Step.PAYMENT, ref="t1"), after(9, Step.TAKEN_BACK, ref="r1")]
    assert state(*told, paid=10_000) == "paid"
    assert state(*told, paid=6_000) == "part-paid"
    assert state(*told, paid=0) == "sent"


_steps = st.lists(
    st.builds(
        Happened,
        st.sampled_from(list(Step)),
        st.integers(0, 20).map(lambda minutes: NOON + timedelta(minutes=minutes)),
        st.sampled_from(["", "1", "2"]),
    ),
    max_size=12,
)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(_steps, st.integers(0, 12_000), st.randoms(use_true_random=False))
def test_the_order_in_which_news_comes_changes_nothing(
    steps: list[Happened], paid: int, dice: object
) -> None:
    shuffled = list(steps)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    one = life(steps, amount_cents=10_000, paid_cents=paid)
    assert one == life(shuffled, amount_cents=10_000, paid_cents=paid)
    assert one.open == (one.state in LIVE)
    assert (one.state is LinkState.PAID) == (paid >= 10_000)
    assert one.paid_cents + one.remaining_cents == max(10_000, paid)


def facts(**also: object) -> Remindable:
    plain = Remindable(LinkState.SENT, date(2026, 11, 2), None, frozenset(), None)
    return plain._replace(**also)  # type: ignore[arg-type]


def test_reminders_go_out_on_day_3_day_7_and_the_day_before_it_is_due() -> None:
    due = facts(due_on=date(2026, 11, 16))
    sent, days = [], []
    for day in range(2, 20):
        found = reminder(due._replace(reminded=frozenset(sent)), date(2026, 11, day))
        if isinstance(found, Reminder):
            sent.append(found.label)
            days.append(day)
    assert (sent, days) == (["day 3", "day 7", "before due"], [5, 9, 15])


def test_a_reminder_that_was_slept_through_is_not_made_up_for() -> None:
    assert reminder(facts(), date(2026, 11, 12)) == Reminder("day 7")
    assert reminder(facts(reminded=frozenset({"day 7"})), date(2026, 11, 12)) is None


def test_reminders_stop_when_paid_void_disputed_or_opted_out() -> None:
    day = date(2026, 11, 5)
    for over in (LinkState.PAID, LinkState.VOID, LinkState.REPLACED, LinkState.EXPIRED, LinkState.UPDATED):
        assert isinstance(reminder(facts(state=over), day), Stop)
    assert reminder(facts(stop="Opted out of texts."), day) == Stop("Opted out of texts.")
    assert reminder(facts(last_reminded_on=day), day) is None
    assert reminder(facts(sent_on=None), day) is None
