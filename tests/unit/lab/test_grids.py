"""Grids as people type them: read exactly, refused in one clear line."""

from __future__ import annotations

import pytest

from rung.domain.errors import UserError
from rung.lab.grids import parse_grid, read_grid
from rung.strategy.crossover import Crossover
from rung.strategy.parameters import settings


def test_a_range_includes_its_end_and_mixes_with_a_list() -> None:
    assert read_grid(Crossover, {"period": "20:80:20,100"}).axes == {"period": (20, 40, 60, 80, 100)}
    assert read_grid(Crossover, {"period": "20:75:20"}).axes == {"period": (20, 40, 60)}


def test_steps_are_counted_in_decimals() -> None:
    assert read_grid(Crossover, {"band": "0.1:0.3:0.1"}).axes == {"band": (0.1, 0.2, 0.3)}


def test_combinations_come_with_the_last_parameter_changing_fastest() -> None:
    grid = read_grid(Crossover, {"period": [20, 40], "band": "0.001,0.002"})
    assert grid.count == 4
    assert list(grid) == [(20, 0.001), (20, 0.002), (40, 0.001), (40, 0.002)]


def test_a_value_named_twice_is_tried_once() -> None:
    assert read_grid(Crossover, {"period": "20,40,20"}).axes == {"period": (20, 40)}


def test_the_sources_names_mean_the_same_parameters() -> None:
    """`ma` is the period; `threshold_pct` is the band in per cent, exact to the last bit."""
    grid = read_grid(Crossover, {"ma": "20:80:20", "threshold_pct": "0.05,0.1,0.2,0.5"})
    assert grid.axes == {"period": (20, 40, 60, 80), "band": (0.0005, 0.001, 0.002, 0.005)}
    assert settings(Crossover, {"threshold_pct": "0.1", "ma": 20}) == settings(Crossover, {"band": 0.001, "period": 20})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "nothing to try"),
        ({"period": ""}, "no value of period"),
        ({"period": "80:20:20"}, "no value of period"),
        ({"perod": "20"}, "did you mean period"),
        ({"treshold_pct": "1"}, "did you mean threshold_pct"),
        ({"period": "20.5"}, "whole number from 2 to 10000"),
        ({"period": "1,20"}, "whole number from 2 to 10000"),
        ({"threshold_pct": "60"}, "number from 0 to 0.5"),
        ({"band": "0.1:x:1"}, "no range of band"),
        ({"band": "0.1:0.2"}, "no range of band"),
        ({"band": "0.1:0.2:0"}, "never arrives"),
        ({"band": "nan:0.2:1"}, "never arrives"),
        ({"band": "0:0.5:0.0000001"}, "5,000,001 values of band"),
        ({"ma": "20", "period": "40"}, "given twice"),
    ],
)
def test_what_cannot_be_tried_is_told_before_anything_runs(given: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_grid(Crossover, given)


def test_a_parameter_cannot_be_swept_and_set() -> None:
    with pytest.raises(UserError, match="period is given twice"):
        read_grid(Crossover, {"period": "20,40"}, {"ma": "60"})
    with pytest.raises(UserError, match="set twice"):
        settings(Crossover, {"ma": 20, "period": 20})


def test_words_that_are_no_grid_are_refused() -> None:
    assert parse_grid(["ma=20:80:20", "band=0.1,0.2"]) == {"ma": "20:80:20", "band": "0.1,0.2"}
    for words, said in ((["period"], "names no values"), (["=3"], "names no values"), (["a=1", "a=2"], "given twice")):
        with pytest.raises(UserError, match=said):
            parse_grid(words)


def test_a_million_combinations_are_not_made_one_by_one() -> None:
    grid = read_grid(Crossover, {"period": "2:2000:1", "every": "1:1000:1"})
    assert grid.count == 1_999_000
    with pytest.raises(UserError, match="1,999,000 combinations"):
        grid.combinations()
    assert read_grid(Crossover, {"period": "20,30", "band": "0.1"}).combinations() == [
        {"period": 20, "band": 0.1}, {"period": 30, "band": 0.1},
    ]  # fmt: skip
