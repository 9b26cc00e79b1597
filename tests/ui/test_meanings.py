"""The mouse over a word says what it means, and the board explains only the colours it shows."""

from core.findings.flags import CHIPS, Group
from core.severity import Severity
from dashboard.ui.activity import books_list
from dashboard.ui.booking import bookings_list
from dashboard.ui.card_updates import card_troubles
from dashboard.ui.components import headline
from dashboard.ui.components.board import _legend
from dashboard.ui.invoices import list as link_list
from dashboard.ui.linking import board as linking
from dashboard.ui.memberships import list as memberships
from dashboard.ui.plans import incoming
from dashboard.ui.plans import list as plans
from dashboard.ui.tasks import list as tasks
from dashboard.wording.chips import chips
from dashboard.wording.meanings import explained, meaning_of
from tests.ui.made import NOTE, OVER, patient

TILES = (
    *headline.FILTERS, *headline.MEMBER_FILTERS, *memberships.TROUBLES, *plans.FILTERS, *incoming.WINDOWS,
    *link_list.NUMBERS, *tasks.NUMBERS, *books_list.NUMBERS, *linking.NUMBERS, *bookings_list.TILES, *card_troubles.TROUBLES,
)  # fmt: skip


def test_every_tile_chip_and_group_says_what_it_means() -> None:
    words = [tile.label for tile in TILES] + [chip.words for chip in CHIPS.values()] + list(Group)
    assert [word for word in words if not meaning_of(word)] == []


def test_a_tile_with_a_count_in_its_words_is_explained_too() -> None:
    assert meaning_of("Open (1,204)") == meaning_of("Open")
    assert explained("At risk", "Show only: at risk").endswith(". Show only: at risk")


def test_a_chip_says_its_meaning_and_then_the_reason() -> None:
    [made] = chips(patient(1, OVER))
    assert made["why"] == f"{meaning_of('Over by')} {OVER.reason}"


def test_the_legend_names_the_severities_that_are_there_and_no_others() -> None:
    rows = [{"severity": "high", "cells": {"chips": chips(patient(1, OVER))}}, {"severity": "", "cells": {}}]
    assert [one["words"] for one in _legend(rows)] == ["high", "medium"]
    assert _legend([{"severity": "", "cells": {"chips": chips(patient(1, NOTE))}}]) == []
    assert NOTE.severity is Severity.NOTE
