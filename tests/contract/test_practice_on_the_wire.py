"""The generated practice, as it leaves the sandbox: well-formed by the published tables, readable by the SDK."""

from collections.abc import Iterator
from datetime import date

import pytest
from fortisapi.models.page import Page

from data.sandbox.fortis.catalogue import ALL
from data.sandbox.fortis.schemas import check
from data.sandbox.practice import GeneratedPractice, generate
from tests.contract.conftest import sdk_of
from tests.sandbox.running import Sandbox, run_sandbox

LISTS = (
    ("contacts", "contacts", "list_all_contacts"),
    ("tokens", "tokens", "list_all_tokens_related"),
    ("recurrings", "recurring", "list_all_recurring_record"),
    ("transactions", "transactions_read", "list_transactions"),
)


@pytest.fixture(scope="module")
def practice() -> GeneratedPractice:
    return generate(11, date(2026, 11, 21), patients=60)


@pytest.fixture(scope="module")
def served(practice: GeneratedPractice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("practice"), practice.fortis) as running:
        yield running


@pytest.mark.parametrize("name", [*(name for name, _, _ in LISTS), "locations", "product_transactions"])
def test_every_record_obeys_the_published_fields(practice: GeneratedPractice, name: str) -> None:
    for record in practice.fortis[name]:
        said = {key: value for key, value in record.items() if value is not None}
        accepted, complaints = check(said, ALL[name].shape)
        assert not complaints, record
        assert accepted == said


@pytest.mark.parametrize(("name", "controller", "method"), LISTS)
def test_the_sdk_reads_all_of_a_practice(
    practice: GeneratedPractice, served: Sandbox, name: str, controller: str, method: str
) -> None:
    listing = getattr(getattr(sdk_of(served), controller), method)
    seen, number = [], 1
    while True:
        answer = listing(page=Page(number=number, size=200))
        seen += [record.id for record in answer.list]
        if number >= answer.pagination.page_count:
            break
        number += 1
    assert seen == [record["id"] for record in practice.fortis[name]]
