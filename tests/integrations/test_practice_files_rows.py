"""Lines become rows, and a stray quote costs one line, never the rest of the file."""

import pytest

from core.integrations.practice_files.rows import LONGEST_ROW, Row, rows


def read(text: str, width: int = 2, delimiter: str = ",") -> list[Row]:
    return list(rows(text.splitlines(keepends=True), delimiter, width))


def test_a_quoted_cell_may_hold_line_ends_and_the_row_is_numbered_by_its_first_line() -> None:
    assert read('1,"a\nb\nc"\n2,d\n') == [Row(1, ["1", "a\nb\nc"]), Row(4, ["2", "d"])]


def test_empty_lines_are_no_rows_but_count_as_lines() -> None:
    assert read("1,a\n\n\n2,b\n") == [Row(1, ["1", "a"]), Row(4, ["2", "b"])]


def test_rows_are_as_wide_as_they_are() -> None:
    assert [row.cells for row in read("1\n1,a\n1,a,b\n")] == [["1"], ["1", "a"], ["1", "a", "b"]]


def test_a_quote_far_down_is_read_as_well_as_one_at_the_top() -> None:
    text = "".join(f"{n},a\n" for n in range(1, 5_000)) + '5000,"a\nb"\n5002,c\n'
    found = read(text)
    assert found[-2:] == [Row(5_000, ["5000", "a\nb"]), Row(5_002, ["5002", "c"])]
    assert [row.line for row in found[:4_999]] == list(range(1, 5_000))


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    found = read('1,"a\n2,b\n3,c\n')
    assert [(row.line, bool(row.fault)) for row in found] == [(1, True), (2, False), (3, False)]
    assert found[0].fault == "a quote is opened and not closed"
    assert found[0].cells == ['1,"a']


def test_a_quote_closed_by_a_later_rows_quote_does_not_swallow_the_rows_between() -> None:
    found = read('1,"a\n2,b\n3,"c, d"\n4,e\n')
    assert [row.line for row in found if row.fault] == [1]
    assert [row.cells for row in found if not row.fault] == [["2", "b"], ["3", "c, d"], ["4", "e"]]


def test_every_row_after_a_stray_quote_is_read_however_many_quoted_rows_follow() -> None:
    text = '0,"a\n' + "".join(f'{n},"b ""{n}"""\n' for n in range(1, 200))
    found = read(text)
    assert [row.line for row in found if row.fault] == [1]
    assert len([row for row in found if not row.fault]) == 199


def test_two_stray_quotes_that_close_each_other_far_away_are_found_by_their_length() -> None:
    text = '0,"\n' + "".join(f"{n},{'x' * 50}\n" for n in range(1, 300)) + '300,"\n301,y\n'
    found = read(text)
    assert [row.line for row in found if row.fault] == [1, 301]
    assert len(found) == 302


def test_text_after_a_closing_quote_costs_that_row() -> None:
    found = read('1,"a"b\n2,c\n')
    assert [(row.line, row.fault) for row in found] == [(1, "its quotes do not fit together"), (2, "")]


@pytest.mark.parametrize("size", [10 * 1024 * 1024, LONGEST_ROW + 10])
def test_a_cell_of_megabytes_is_one_row_and_the_next_is_read(size: int) -> None:
    found = read(f'1,"{"x" * size}"\n2,b\n')
    assert len(found) == 2
    assert found[1] == Row(2, ["2", "b"])


def test_inches_and_nicknames_in_the_middle_of_a_cell_are_text() -> None:
    assert read('1,5\' 10" tall\n2,Bob "Bo" Ray\n') == [
        Row(1, ["1", "5' 10\" tall"]),
        Row(2, ["2", 'Bob "Bo" Ray']),
    ]
