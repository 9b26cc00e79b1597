"""Who is written to, when, and in which words (DOMAIN §12)."""

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.errors import BadInput
from core.messages.addresses import mailbox, text_number
from core.messages.default_templates import FIRST_TEXTS, Use, words_of
from core.messages.models import Channel
from core.messages.render import check_template, first_name, render
from core.messages.rules import Reach, next_allowed, why_left_out
from core.messages.sms_segments import measure
from core.messages.stop_words import Wish, read

STOP_WORDS = ("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe", "stop all")
DRESSES = (
    str.upper,
    str.title,
    lambda word: f"  {word}!!! ",
    " ".join,
    lambda word: f"🛑 {word} 🙏",
    lambda word: f"“{word}.”",
    lambda word: "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in word),
    "\u200b".join,
    lambda word: f"Please {word} texting me, thank you",
)
FIELDS = {"first_name": "Zoë", "practice": "Maple Street", "amount": "$149.00", "link": "https://x.example/1"}


@pytest.mark.parametrize(("word", "dress"), list(product(STOP_WORDS, DRESSES)))
def test_every_stop_word_in_every_dress_means_stop(word: str, dress) -> None:
    assert read(dress(word)) == Wish.STOP


@pytest.mark.parametrize(
    "text",
    [
        "cancel my appointment",
        "Don't stop",
        "I will stop by at 5",
        "the end of the week is fine",
        "",
        "🙂",
        "yes",
    ],
)
def test_what_is_no_stop_word_is_left_for_a_person(text: str) -> None:
    assert read(text) is None


def test_start_and_help_are_heard() -> None:
    assert [read("Start"), read("UNSTOP"), read("help!"), read("INFO")] == [
        Wish.START,
        Wish.START,
        Wish.HELP,
        Wish.HELP,
    ]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert read(text) in {None, *Wish}


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)),  # noqa: DTZ001 - hypothesis adds the zone
    st.sampled_from(
        ["America/New_York", "America/Denver", "America/Phoenix", "Pacific/Honolulu", "America/Puerto_Rico"]
    ),
)
def test_nothing_goes_out_at_night_where_the_patient_is(moment: datetime, zone: str) -> None:
    now = moment.replace(tzinfo=UTC)
    allowed = next_allowed(now, zone, quiet_from=21, quiet_until=8)
    local = allowed.astimezone(clock.zone(zone))
    assert 8 <= local.hour < 21
    assert allowed == now or (local.hour, local.minute) == (8, 0)
    assert 0 <= (allowed - now).total_seconds() <= 12 * 3600


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (Reach(1, "+1", "", True, False, 0), ""),
        (
            Reach(1, None, "There is no mobile number on file.", True, False, 0),
            "There is no mobile number on file.",
        ),
        (Reach(1, "+1", "", True, True, 0), "Opted out of texts."),
        (Reach(1, "+1", "", False, False, 0), "Said no to texts about billing."),
        (Reach(1, "+1", "", None, False, 0), "Has not agreed to texts about billing."),
        (Reach(1, "+2", "", True, False, 0), "Someone else with the same phone already gets this."),
        (Reach(1, "+1", "", True, False, 3), "Already got 3 messages in the last 7 days."),
    ],
)
def test_everyone_left_out_is_told_with_the_reason(known: Reach, reason: str) -> None:
    assert why_left_out(known, "text", "billing", taken={"+2"}, cap=3) == reason


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{ card_number }}", "no field “card_number”"),
        ("{{ first_name.__class__.__mro__ }}", "Only fields"),
        ("{% for x in range(10**9) %}{% endfor %}", "Only fields|no field"),
        ("{{ 'a' * 10**9 }}", "Only fields"),
        ("{{ link", "cannot be read"),
        ("{% include '/etc/passwd' %}", "Only fields"),
        ("", "empty"),
        ("Pay with 4111 1111 1111 1111", "card number"),
        ("Your x-ray is back", "“x-ray” may not stand"),
        ("About M54.5: call us", "M54.5"),
        ("Blue Ridge owes you", "Blue Ridge"),
        ("a" * 500, "500 characters"),
    ],
)
def test_hostile_or_telling_words_are_refused_with_a_sentence(body: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        check_template(Channel.TEXT, "", body, names=["Blue Ridge", "Massage"])


def test_the_first_texts_keep_their_own_rules_and_fit_two_segments() -> None:
    for first in FIRST_TEXTS:
        for channel in Channel:
            check_template(channel, *words_of(first, channel), names=["Massage", "Blue Ridge"])
        text = render(
            first.text, {**FIELDS, "last_four": "4242", "expiry": "09/27", "terms": "Up to $200 a month"}
        )
        assert measure(text.replace("Zoë", "Zoe")).segments <= 2
        if first.use is not Use.OTHER:  # an answer stands in a conversation
            assert text.endswith("Reply STOP to opt out.")


def test_a_field_may_be_written_as_people_write_it_and_one_without_value_is_told() -> None:
    assert render("Hi {{ first name }}: {{link}}", FIELDS) == "Hi Zoë: https://x.example/1"
    assert render("{{ first_name }}{% if last_four %} {{ last_four }}{% endif %}", FIELDS) == "Zoë"
    with pytest.raises(BadInput, match="needs the last four"):
        render("Card {{ last_four }}", FIELDS)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("https://evil.example/x", "httpsevilexamplex"),
        ("Zoë-Ann O'Neil", "Zoë-Ann O'Neil"),
        ("{{ link }}", "link"),
        ("\u202eabc", "abc"),
        ("42", "there"),
        ("<b>Al</b>", "bAlb"),
        ("A\nB", "AB"),
    ],
)
def test_a_name_from_outside_is_only_a_name(name: str, shown: str) -> None:
    assert first_name(name) == shown


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("a" * 160, (160, 1)),
        ("a" * 161, (161, 2)),
        ("€" * 80, (80, 1)),
        ("€" * 81, (81, 2)),
        ("ç" * 70, (70, 1)),
        ("ç" * 71, (71, 2)),
        ("🙂" * 35, (35, 1)),
        ("🙂" * 36, (36, 2)),
        ("", (0, 0)),
    ],
)
def test_segments_are_counted_as_phones_count_them(text: str, size: tuple[int, int]) -> None:
    assert measure(text)[:2] == size


def test_a_phone_that_gets_no_texts_and_a_bad_mailbox_are_refused() -> None:
    assert text_number("(303) 555-0101") == "+13035550101"
    for phone, why in (
        ("+442071838750", "landline"),
        ("800 555 1212", "toll-free"),
        ("12", "not a"),
        ("x", "not a"),
    ):
        with pytest.raises(BadInput, match=why):
            text_number(phone)
    assert mailbox(" Zoe@Mail.Example ") == "zoe@mail.example"
    for address in ("zoe", "zoe@", "a b@mail.example", "zoe@mail"):
        with pytest.raises(BadInput, match="not an e-mail address"):
            mailbox(address)
