"""A promise without a test is not printed in the docs."""

from __future__ import annotations

import re

from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "concepts" / "promises.md"
ROW = re.compile(r"^\| (P\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)

A_TEST = re.compile(r"^\s*(async )?def test_|^Test\w+(: \w+)? = \w+\.TestCase", re.MULTILINE)


def rows() -> list[tuple[str, str, str]]:
    return [m.groups() for m in ROW.finditer(PAGE.read_text("utf-8"))]  # type: ignore[misc]


def test_every_promise_names_tests_that_exist_and_hold_at_least_one_test() -> None:
    assert rows()
    for number, _, shown_by in rows():
        files = re.findall(r"`(tests/[^`]+\.py)`", shown_by)
        assert files, f"{number} names no test"
        for name in files:
            assert (ROOT / name).is_file(), f"{number} names {name}, which does not exist"
            assert A_TEST.search((ROOT / name).read_text("utf-8")), f"{number}: {name} holds no test"


def test_every_promise_is_made_once_and_in_order() -> None:
    numbers = [int(number[1:]) for number, _, _ in rows()]
    assert numbers == sorted(set(numbers))
