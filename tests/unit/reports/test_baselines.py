"""Where a run stands among shuffles, in words that promise nothing."""

from __future__ import annotations

import pytest

from rung.reports.baselines import shuffled
from rung.reports.info import Baseline


def place(total: float, *returns: float) -> str:
    return shuffled(Baseline(name="shuffled signals", total_returns_frac=returns), total).words


def test_beating_all_of_too_few_proves_nothing() -> None:
    assert "10 are too few" in place(0.5, *[0.01 * i for i in range(10)])


def test_beating_all_of_nineteen_is_the_first_that_says_something() -> None:
    assert "at most 5% of the time" in place(0.5, *[0.01 * i for i in range(19)])


def test_below_the_median_the_signals_added_nothing() -> None:
    assert "added nothing" in place(0.0, -0.01, 0.02, 0.03)


def test_in_the_middle_it_is_not_to_be_told_from_chance() -> None:
    assert "not to be told from chance" in place(0.015, 0.01, -0.02, 0.03)


def test_a_tie_is_not_beaten() -> None:
    found = shuffled(Baseline(name="x", total_returns_frac=(0.01, 0.01)), 0.01)
    assert (found.beaten, found.chance_frac) == (0, 1.0)


def test_median_and_best_are_those_of_the_shuffles() -> None:
    found = shuffled(Baseline(name="x", total_returns_frac=(0.03, -0.01, 0.02, 0.0)), 0.01)
    assert (found.median_frac, found.best_frac) == (pytest.approx(0.01), 0.03)
