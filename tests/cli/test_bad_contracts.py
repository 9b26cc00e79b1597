"""Plans, memberships and cards that cannot be right: told with file, line, column and reason, or UNKNOWN; never a zero."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.a_practice import FILES, write_practice
from tests.cli.test_cli import huddle, said_once

AS_OF = "2026-11-23T08:00"
# file, the bad row, the column to blame, words of the reason
BAD = (
    ("plans", "N11,P11,,treatment,Backwards,2026-06-01,2026-01-01,1200.00,12,active,,,", "end_date", "is before start_date"),
    ("plans", "N14,P14,P99,treatment,Nobody pays,2026-01-01,2026-12-31,12.00,12,active,,,", "payer_id", "is not in patients"),
    ("plans", "N15,P98,,treatment,Nobody's,2026-01-01,2026-12-31,1200.00,12,active,,,", "patient_id", "is not in patients"),
    ("plans", "N16,P16,,treatment,Asleep,2026-01-01,2026-12-31,1200.00,12,sleeping,,,", "status", "is not one of active"),
    ("plans", "N18,P18,,treatment,Pause,2026-01-01,,1.00,12,active,2026-07-31,2026-07-01,", "paused_to", "is before paused_from"),
    ("instalments", "I13,N99,2026-03-01,100.00,", "plan_id", "N99 is not in plans"),
    ("instalments", "I14,N10,2026-03-01,-100.00,", "amount", "is negative"),
    ("instalments", "I15,,2026-03-01,100.00,", "plan_id", "is empty"),
    ("instalments", "I16,N10,,100.00,", "due_date", "is empty"),
    ("instalments", "I17,N10,2026-02-30,100.00,", "due_date", "is not a day of the calendar"),
    ("instalments", "I18,N10,2026-03-01,ten,", "amount", "is not an amount"),
    ("instalments", "I19,N10,2026-03-01,100.00,-5.00", "waived", "is negative"),
    ("membership_plans", "M11,Fortnight,99.00,fortnight,,,no", "period", "is not one of"),
    ("membership_benefits", "B10,M99,adjustment,4", "membership_plan_id", "M99 is not in membership_plans"),
    ("membership_benefits", "B12,M1,,4,", "service_class", "is empty"),
    ("memberships", "E13,P16,M1,2026-06-01,2026-01-01,5,active,,,,", "end_date", "is before start_date"),
    ("memberships", "E15,P15,M99,2026-01-01,,5,active,,,,", "membership_plan_id", "M99 is not in membership_plans"),
    ("memberships", "E16,P16,M1,,,5,active,,,,,", "start_date", "is empty"),
    ("memberships", "E17,P17,M1,2026-01-01,,5,active,2026-08-01,2026-07-01,,", "frozen_to", "is before frozen_from"),
    ("membership_extras", "X10,E99,2026-11-01,adjustment,add_on,1", "membership_id", "E99 is not in memberships"),
    ("membership_benefits", "B11,M12,adjustment,-4", "visits", "is not a whole number"),
    ("membership_extras", "X11,E1,2026-11-01,adjustment,add_on,-1", "visits", "is not a whole number"),
    ("membership_extras", "X12,E1,2026-11-01,adjustment,gift,1", "kind", "is not one of rollover"),
    ("payments", "Y10,P10,N99,,,,2026-11-02,10.00,approved,,,,card", "plan_id", "N99 is not in plans"),
    ("payments", "Y11,P10,N10,,,,2026-11-02,-10.00,approved,,,,card", "amount", "is negative"),
    ("payments", "Y12,P10,N10,,,,2026-11-02,10.00,maybe,,,,card", "status", "is not one of approved"),
)  # fmt: skip
# rows of which one cell is unreadable that may be empty: kept, and that cell is unknown (DOMAIN §0)
UNREADABLE = (
    ("plans", "N12,P12,,treatment,Negative,2026-01-01,2026-12-31,-1200.00,12,active,,,", "total"),
    ("membership_plans", "M12,Negative,-9.00,month,,,no", "price"),
    ("membership_plans", "M13,Cap,9.00,month,-1,,no", "rollover_cap"),
    ("memberships", "E11,P11,M1,2026-01-01,,0,active,,,,", "anchor_day"),
    ("memberships", "E12,P12,M1,2026-01-01,,32,active,,,,", "anchor_day"),
    ("cards", "K11,P11,card,visa,42424242,11/26,yes,yes,none", "last_four"),
    ("cards", "K13,P13,cheque,visa,4242,11/26,yes,yes,none", "kind"),
)  # fmt: skip
# rows that are odd and yet mean something
ODD = {
    "patients": [f"P{number},L1,Odd,Case {number},1990-01-01,,,,yes,," for number in range(10, 20)],
    "plans": [
        "N10,P10,P10,treatment,Pays for herself,2026-01-01,2026-12-31,1200.00,12,active,,,",
        "N13,P13,,treatment,Nothing due,2026-01-01,2026-12-31,1200.00,12,active,,,",
        "N19,P19,,treatment,Twice,2026-01-01,2026-12-31,1200.00,12,active,,,",
        "N19,P19,,treatment,Twice,2026-01-01,2026-12-31,900.00,12,active,,,",
    ],
    "instalments": ["I10,N10,2026-11-02,100.00,", "I11,N19,2026-11-02,100.00,150.00", "I12,N19,2026-11-03,75.00,"],
    "membership_plans": ["M10,No benefits,99.00,month,,,no"],
    "memberships": ["E10,P14,M10,2026-01-01,,,active,,,,"],
    "cards": ["K10,P10,card,visa,4242,13/26,yes,yes,none", "K12,P12,card,visa,4242,,yes,yes,none"],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bad")


@pytest.fixture(scope="module")
def imported(folder: Path) -> dict[str, Any]:
    changed = dict(FILES)
    for file, rows in ODD.items():
        changed[file] += "".join(f"{row}\n" for row in rows)
    for file, row, *_ in (*BAD, *UNREADABLE):
        changed[file] += f"{row}\n"
    done = huddle(folder, "import", str(write_practice(folder / "files", **changed)), "--json")
    assert said_once(done, 0) == ""
    return json.loads(done.stdout)


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    done = huddle(folder, "report", name, "--as-of", AS_OF, "--json")
    assert said_once(done, 0) == ""
    return json.loads(done.stdout)["rows"]


@pytest.mark.parametrize(("file", "row", "column", "reason"), BAD, ids=lambda value: str(value)[:12])
def test_a_row_that_cannot_be_is_told_with_its_line_and_column(
    folder: Path, imported: dict[str, Any], file: str, row: str, column: str, reason: str
) -> None:
    lines = (folder / "files" / f"{file}.csv").read_text(encoding="utf-8").splitlines()
    [entry] = [
        one
        for one in imported["quarantine"]
        if (one["file"], one["line"]) == (file, lines.index(row) + 1)
    ]  # fmt: skip
    assert entry["column"] == column
    assert reason in entry["reason"]


def test_a_cell_that_may_be_empty_and_cannot_be_read_is_unknown_and_counted(imported: dict[str, Any]) -> None:
    counted = Counter(f"{file}.{column}" for file, _row, column in UNREADABLE)
    assert imported["unknown_cells"] == dict(counted)


def test_every_row_is_stored_unchanged_or_in_quarantine(imported: dict[str, Any]) -> None:
    for file, counts in imported["files"].items():
        assert counts["rows"] == counts["stored"] + counts["unchanged"] + counts["quarantined"], file
    assert sum(counts["quarantined"] for counts in imported["files"].values()) == len(BAD)
    assert len(imported["quarantine"]) == len(BAD)


def test_a_key_that_stands_twice_is_told_and_the_later_line_counts(
    folder: Path, imported: dict[str, Any]
) -> None:
    told = [note for note in imported["notes"] if "stands on a later line again" in note]
    assert len(told) == 1
    assert told[0].startswith("plans line ")
    [row] = [row for row in rows_of(folder, "arrears") if row["plan_id"] == "N19"]
    # more waived than asked is no credit
    assert (row["expected_cents"], row["arrears_cents"]) == (
        175_00,
        75_00,
    )


@pytest.mark.usefixtures("imported")
def test_a_plan_without_instalments_is_unknown_and_no_zero(folder: Path) -> None:
    [row] = [row for row in rows_of(folder, "arrears") if row["plan_id"] == "N13"]
    assert row["state"] == "UNKNOWN"
    assert {row[key] for key in ("expected_cents", "arrears_cents", "days_past_due", "aging")} == {None}
    assert "no instalments" in row["reason"]


@pytest.mark.usefixtures("imported")
def test_who_pays_their_own_plan_is_no_family(folder: Path) -> None:
    [row] = [row for row in rows_of(folder, "arrears") if row["plan_id"] == "N10"]
    assert (row["patient_id"], row["arrears_cents"], row["family"]) == ("P10", 100_00, False)


@pytest.mark.usefixtures("imported")
def test_a_membership_without_benefits_is_unknown_and_no_zero(folder: Path) -> None:
    [row] = [row for row in rows_of(folder, "memberships") if row["membership_id"] == "E10"]
    assert (row["state"], row["allowance"], row["used"], row["booked"]) == ("UNKNOWN", None, None, None)
    assert "no benefits" in row["reason"]


@pytest.mark.usefixtures("imported")
def test_a_card_without_a_readable_end_is_unknown(folder: Path) -> None:
    found = {row["patient_id"]: row for row in rows_of(folder, "cards")}
    for patient_id in ("P10", "P12"):
        assert (found[patient_id]["state"], found[patient_id]["expires_on"]) == ("UNKNOWN", None)
        assert "no readable end date" in found[patient_id]["reason"]


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("name", ["morning", "patients", "arrears", "memberships", "cards"])
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_every_report_answers_in_every_form(folder: Path, name: str, form: str) -> None:
    done = huddle(folder, "report", name, "--date", "2026-11-23", "--as-of", AS_OF, "--format", form)
    assert said_once(done, 0) == ""
    assert done.stdout.strip()
