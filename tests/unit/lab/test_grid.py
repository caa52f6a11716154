"""Grids as they are typed."""

from __future__ import annotations

import pytest

from rung.domain.errors import UserError
from rung.lab.grid import parse_axes, parse_grid
from rung.strategy.crossover import Crossover


def test_a_range_includes_both_ends() -> None:
    assert [combo["period"] for combo in parse_grid(["period=20:80:20"], Crossover)] == [20, 40, 60, 80]


def test_steps_are_exact_decimals() -> None:
    assert parse_axes(["band=0.1:0.3:0.1"], Crossover) == {"band": (0.1, 0.2, 0.3)}


def test_a_list_keeps_its_order_and_drops_repeats() -> None:
    assert parse_axes(["band=0.5,0.001,0.5"], Crossover) == {"band": (0.5, 0.001)}


def test_axes_are_crossed_the_last_one_fastest() -> None:
    grid = parse_grid(["period=20,30", "flip=true,false"], Crossover)
    assert grid == [
        {"period": 20, "flip": True},
        {"period": 20, "flip": False},
        {"period": 30, "flip": True},
        {"period": 30, "flip": False},
    ]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "an empty grid"),
        (["period=80:20:20"], "an empty grid"),
        (["period=20:80:0"], "an empty grid"),
        (["period=,"], "an empty grid"),
        (["period"], "is no axis of a grid"),
        (["period=20:80"], "is not first:last:step"),
        (["period=a:b:c"], "is not first:last:step"),
        (["perod=20,30"], "has no parameter 'perod' — did you mean period"),
        (["period=20,99999"], "whole number from 2 to 10000"),
        (["period=20.5,30"], "whole number from 2 to 10000"),
        (["period=20", "period=30"], "period is given twice"),
        (["band=0:0.5:0.0000001"], "5,000,001 combinations"),
        (["period=2:5000:1", "every=1:1440:1"], "7,198,560 combinations"),
    ],
)
def test_a_grid_that_cannot_be_is_told(texts: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        parse_grid(texts, Crossover)
