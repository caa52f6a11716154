"""Steps aside, cliffs, and where two runs part."""

from __future__ import annotations

import pytest

from rung.lab import Strategy, param
from rung.lab.checking.steadiness import fingerprint, is_cliff, parting, steps_aside
from rung.lab.checking.watching import Row


class Numbers(Strategy):
    window = param(60, low=2, high=61)
    band = param(0.001, low=0.0, high=0.5)
    trend = param(0, low=0, high=10)
    most = param(200, low=1, high=500)
    measure = param("rsi", choices=("rsi", "z"))
    flip = param(True)


def test_numbers_step_five_percent_whole_ones_at_least_one_and_none_leaves_its_range_or_zero() -> None:
    values = {"window": 60, "band": 0.001, "trend": 0, "most": 200, "measure": "rsi", "flip": True}
    assert steps_aside(Numbers, values) == [
        ("window", 57),
        ("band", pytest.approx(0.00095)),
        ("band", pytest.approx(0.00105)),
        ("most", 190),
        ("most", 210),
    ]
    assert steps_aside(Numbers, values | {"window": 2, "trend": 1, "most": 1})[:1] == [("window", 3)]
    assert ("trend", 0) not in steps_aside(Numbers, values | {"trend": 1})


@pytest.mark.parametrize(
    ("base", "beside", "cliff"),
    [(0.10, 0.04, True), (0.10, 0.06, False), (0.01, -0.005, False), (-0.02, -0.06, True), (-0.3, -0.4, False)],
)
def test_a_cliff_costs_half_of_the_result_and_is_no_trifle(base: float, beside: float, cliff: bool) -> None:
    assert is_cliff(base, beside) is cliff


def test_runs_part_at_the_first_bar_that_differs() -> None:
    run = [Row(at, (("x",), (float(at),)), (), (), ()) for at in range(5)]
    other = [*run[:3], run[3]._replace(values=(("x",), (9.0,))), run[4]]
    assert parting(run, list(run)) is None
    found = parting(run, other)
    assert found is not None
    assert (found.bar, found.difference.was, found.difference.now) == (3, "3", "9")
    assert fingerprint(run) == fingerprint(list(run)) != fingerprint(other)
