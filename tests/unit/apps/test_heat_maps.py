"""The page of heat maps: every cell that can be seen, no more than a page can carry."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rung.apps.heat_maps import blocks_of, heat_maps
from rung.apps.sweep_words import facts, summary
from rung.lab import invented_tapes, sweep
from rung.lab.sweep_outcome import SweepResult

COSTS = Path(__file__).resolve().parents[3] / "config" / "costs_crypto.toml"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> SweepResult:
    """42 bands by 2 periods on one invented day."""
    folder = tmp_path_factory.mktemp("sweep")
    costs = folder / "costs.toml"
    costs.write_text(COSTS.read_text("utf-8").replace("annual_bps = 1500", "annual_bps = 0"), "utf-8")
    grid = {"band": "0:0.0205:0.0005", "period": [20, 40]}
    tapes = invented_tapes("COINUSDT", days=1)
    return sweep("crossover", grid, data=tapes, costs=costs, book=folder / "t.sqlite")


def drawn(page: str | None) -> dict[str, Any]:
    """The map of the page, as it is handed to plotly."""
    assert page is not None
    found = re.search(r'Plotly\.newPlot\(\s*"map0",\s*(\[.*?\]),\s*\{"', page, re.DOTALL)
    assert found is not None
    (trace,) = json.loads(found[1])
    assert isinstance(trace, dict)
    return trace


def test_many_cells_a_side_have_no_borders(swept: SweepResult, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = drawn(heat_maps(swept))
    assert (len(wide["x"]), len(wide["y"]), wide["xgap"], wide["ygap"]) == (42, 2, 0, 0)
    monkeypatch.setattr("rung.apps.heat_maps.MOST_BORDERED", 42)
    assert drawn(heat_maps(swept))["xgap"] == 1


def test_a_map_too_large_is_drawn_at_the_best_of_each_block_and_says_so(
    swept: SweepResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = heat_maps(swept)
    assert whole is not None
    assert "Drawn coarser" not in whole
    monkeypatch.setattr("rung.apps.heat_maps.MOST_CELLS", 30)
    page = heat_maps(swept)
    assert page is not None
    assert "a cell is the best of 3 × 1 values (band × period)" in page
    fine, coarse = drawn(whole), drawn(page)
    assert len(coarse["x"]) == 14
    for row, cells in zip(fine["z"], coarse["z"], strict=True):
        assert cells == [max(row[n : n + 3]) for n in range(0, 42, 3)]
    assert coarse["x"] == fine["x"][::3]


@pytest.mark.parametrize(
    ("wide", "high", "most", "blocks"),
    [(4, 4, 16, (1, 1)), (4, 4, 15, (2, 1)), (500, 401, 14_000, (4, 4)), (10_000, 2, 100, (200, 1)), (3, 3, 0, (3, 3))],
)
def test_blocks_are_the_smallest_that_fit(wide: int, high: int, most: int, blocks: tuple[int, int]) -> None:
    assert blocks_of(wide, high, most) == blocks


def test_the_summary_of_a_large_sweep_holds_the_best_and_the_worst_rows(
    swept: SweepResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = summary(swept)
    assert isinstance(every, dict)
    assert (len(every["rows"]), every["rows_left_out"]) == (84, 0)
    monkeypatch.setattr("rung.apps.sweep_words.MOST_IN_JSON", 10)
    some = summary(swept)
    assert isinstance(some, dict)
    assert some["rows"] == [*every["rows"][:5], *every["rows"][-5:]]
    assert some["rows_left_out"] == 74
    assert ("files", "JSON holds the best 5 and the worst 5 rows, CSV and Parquet all of them") in facts(swept)
