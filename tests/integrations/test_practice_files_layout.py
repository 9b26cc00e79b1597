"""Which file is this: encoding, delimiter and header, or one sentence why it cannot be used."""

from pathlib import Path

import pytest

from core.errors import BadInput
from core.integrations.practice_files.columns import FILES
from core.integrations.practice_files.records import OpenFile, Parsed, Repeated
from core.integrations.records import Rejected

HEADER = "service_id,code,name,price\n"


def opened(tmp_path: Path, content: str | bytes) -> OpenFile:
    path = tmp_path / "services.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return OpenFile(path, FILES["services"])


def names(tmp_path: Path, content: str | bytes) -> list[str]:
    return [r.values["name"] for r in opened(tmp_path, content).records() if isinstance(r, Parsed)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_accents_survive_in_every_encoding_an_ehr_writes(tmp_path: Path, encoding: str) -> None:
    text = HEADER + "".join(f"S{n},1,Zoë Müller – 5 €,1.00\n" for n in range(3))
    assert names(tmp_path, text.encode(encoding)) == ["Zoë Müller – 5 €"] * 3


def test_a_cp1252_file_may_end_in_an_accent(tmp_path: Path) -> None:
    content = "name;service_id\nZoë;S1\nS2;é".encode("cp1252")
    assert [r.external_id for r in opened(tmp_path, content).records()] == ["S1", "é"]


def test_an_accent_on_the_edge_of_two_blocks_is_still_one_letter(tmp_path: Path) -> None:
    filler = (1 << 20) - len(HEADER) - len("S0,1,,1.00\n") - len("S1,1,") - 1
    text = HEADER + "S0,1," + "x" * filler + ",1.00\n" + "S1,1,é,1.00\n"
    assert text.encode().index("é".encode()) == (1 << 20) - 1
    assert names(tmp_path, text) == ["é"]


def test_one_broken_byte_does_not_turn_a_utf8_file_into_cp1252(tmp_path: Path) -> None:
    content = (HEADER + "S1,1,Zoë,1.00\nS2,1,Müller,1.00\n").encode() + b"S3,1,bro\xffken,1.00\n"
    found = list(opened(tmp_path, content).records())
    assert [r.values["name"] for r in found if isinstance(r, Parsed)] == ["Zoë", "Müller"]
    assert [(r.line, r.reason) for r in found if isinstance(r, Rejected)] == [
        (4, "name holds bytes that are not text")
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_taken_from_the_header(tmp_path: Path, delimiter: str) -> None:
    text = (HEADER + "S1,1,Adjustment,1.00\n").replace(",", delimiter)
    assert names(tmp_path, text) == ["Adjustment"]


def test_columns_come_in_any_order_and_spelling_and_unknown_ones_are_told(tmp_path: Path) -> None:
    file = opened(tmp_path, "Price, NAME ,colour,Service ID\n2.00,Two,red,S1\n")
    (record,) = file.records()
    assert isinstance(record, Parsed)
    assert (record.external_id, record.values["name"], record.values["price_cents"]) == ("S1", "Two", 200)
    assert (file.unknown, file.absent) == (("colour",), frozenset({"code"}))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_a_line_end(tmp_path: Path, line_end: str) -> None:
    assert names(tmp_path, (HEADER + "S1,1,A,1.00\nS2,1,B,1.00").replace("\n", line_end)) == ["A", "B"]


def test_lines_of_blanks_above_the_header_are_no_rows(tmp_path: Path) -> None:
    (record,) = opened(tmp_path, "\n   \n" + HEADER + "S1,1,A,1.00\n").records()
    assert isinstance(record, Parsed)
    assert record.line == 4


def test_empty_rows_of_a_spreadsheet_are_no_rows(tmp_path: Path) -> None:
    file = opened(tmp_path, HEADER + "S1,1,A,1.00\n,,,\n\n,,,\n")
    assert (len(list(file.records())), file.blank) == (1, 2)


@pytest.mark.parametrize(
    "nul", ["S1,1,a\0b,1.00\n", "\0S1,1,ab,1.00\n", "S1,1,ab,1.00\n\0\0\0", "\0\0S1,1,ab\0,1.00"]
)
def test_zero_bytes_are_left_out_wherever_they_stand(tmp_path: Path, nul: str) -> None:
    assert names(tmp_path, HEADER + "S0,1,B,1.00\n" + nul) == ["B", "ab"]


def test_a_cell_of_ten_megabytes_costs_its_row(tmp_path: Path) -> None:
    found = list(opened(tmp_path, HEADER + f"S1,1,{'x' * 10_485_760},1.00\nS2,1,B,1.00\n").records())
    assert isinstance(found[0], Rejected)
    assert found[0].reason == "name is 10,485,760 characters long; at most 500 are used"
    assert len(found[0].raw["name"]) == 10_000
    assert isinstance(found[1], Parsed)


def test_the_earlier_lines_of_a_repeated_key_give_way_to_the_last(tmp_path: Path) -> None:
    found = list(opened(tmp_path, HEADER + "S1,1,A,1.00\nS2,1,B,1.00\nS1,1,C,1.00\n").records())
    assert found[0] == Repeated(2, "S1", 4)
    assert [r.values["name"] for r in found[1:] if isinstance(r, Parsed)] == ["B", "C"]


UNUSABLE = [
    (b"", "services.csv is empty"),
    (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, r"is a picture \(PNG\), not a CSV file"),
    (b"\xff\xd8\xff\xe0" + b"\0" * 40, r"is a picture \(JPEG\)"),
    (b"%PDF-1.7\n", "is a PDF, not a CSV file"),
    (b"PK\x03\x04" + b"\0" * 40, "is a ZIP archive or an Excel workbook"),
    (b"\x7fELF\0\0\0", "is not a text file"),
    (b"\n\n", "does not begin with a line that names its columns"),
    (b"S1,98941,Adjustment,65.00\n", "does not begin with a line that names its columns"),
    (b"code,name,price\n1,A,1.00\n", "has no column service_id, which tells its rows apart"),
    (b"service_id,code\nS1,1\n", "has no column name"),
    (b"service_id,name,Name\nS1,A,B\n", "has the column name twice"),
]


@pytest.mark.parametrize(("content", "sentence"), UNUSABLE)
def test_a_file_that_is_no_practice_file_is_one_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        opened(tmp_path, content)


def test_the_words_of_choices_are_the_words_of_the_store() -> None:
    from core.cards.models import CardKind, Updater
    from core.insurance.models import CoverageKind
    from core.ledger.models import EntryKind, Part
    from core.memberships.models import MembershipStatus
    from core.payments.models import PaymentStatus, RecurringStatus
    from core.plans.models import PlanStatus
    from core.schedule.models import AppointmentStatus

    stored = {
        ("appointments", "status"): AppointmentStatus,
        ("coverages", "kind"): CoverageKind,
        ("ledger", "kind"): EntryKind,
        ("ledger", "part"): Part,
        ("plans", "status"): PlanStatus,
        ("memberships", "status"): MembershipStatus,
        ("cards", "kind"): CardKind,
        ("cards", "updater"): Updater,
        ("recurrings", "status"): RecurringStatus,
        ("payments", "status"): PaymentStatus,
    }
    for (file, name), words in stored.items():
        read = next(column.read for column in FILES[file].columns if column.name == name)
        assert [read(word) for word in words] == list(words)
        with pytest.raises(BadInput, match=", ".join(words)):
            read("something else")
