"""The table of `make reliability` names tests that are there, and says failures as failures."""

import ast
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.reliability.__main__ import ROOT, gather, is_of, line
from tests.reliability.promises import PROMISES, Promise

A_PROMISE = Promise("1", "something", "all", ("tests/a.py::test_one", "tests/folder"))


@pytest.mark.parametrize("promise", PROMISES, ids=lambda one: one.number)
def test_every_test_a_promise_names_is_there(promise: Promise) -> None:
    for node in promise.tests:
        name, _, test = node.partition("::")
        assert (ROOT / name).exists(), node
        assert not test or test in _functions(ROOT / name), node


def test_each_of_the_twenty_eight_has_its_line() -> None:
    assert [one.number for one in PROMISES] == [*(str(number) for number in range(1, 29)), "audit"]


def test_a_failure_is_said_and_a_test_of_somebody_else_is_not_counted() -> None:
    report = ElementTree.fromstring(  # noqa: S314 - written here
        """<suite>
        <testcase classname="tests.a" name="test_one[x]" time="1.5">
          <properties><property name="reached" value="0 lost"/><property name="seed" value="4"/></properties>
        </testcase>
        <testcase classname="tests.folder.test_b" name="test_two" time="2"><failure/></testcase>
        <testcase classname="tests.other" name="test_three" time="4"><failure/></testcase>
        </suite>"""
    )
    cases = [
        (f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').split('[')[0]}", case)
        for case in report.iter("testcase")
    ]
    found = gather(A_PROMISE, cases)
    assert (found.passed, found.failed, found.seconds) == (1, ["tests/folder/test_b.py::test_two"], 3.5)
    said = line(A_PROMISE, found, whole=True)
    assert "**no**" in said
    assert "0 lost; 1 tests pass, 1 FAIL" in said
    assert "| 4 |" in said


def test_nothing_run_is_nothing_reached() -> None:
    assert "**no**" in line(A_PROMISE, gather(A_PROMISE, []), whole=True)
    assert not is_of("tests/folder_two/test_c.py::test", "tests/folder")


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
