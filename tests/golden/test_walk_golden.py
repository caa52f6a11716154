"""`rung walk-forward` and `rung tune` on an invented tape, as people read them, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rung.apps.cross_words import print_cross
from rung.apps.tune_words import print_tuning
from rung.apps.walk_words import print_walk
from rung.lab import invented_tapes
from rung.lab.bench import BacktestRequest
from rung.lab.campaign import Inline
from rung.lab.cross_validating import CrossPlan, cross_validate
from rung.lab.grids import parse_grid, read_grid
from rung.lab.optimising import open_book
from rung.lab.strategy_subject import strategy_subject
from rung.lab.tuning import TunePlan, tune
from rung.lab.walking import Plan, walk_forward_of
from rung.strategy.crossover import Crossover

Golden = Callable[[str, str], None]
REQUEST = BacktestRequest(strategy="crossover", data=invented_tapes("COINUSDT", days=5))


@pytest.fixture(autouse=True)
def _anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_page_of_a_walk(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    grid = read_grid(Crossover, parse_grid(["band=0.001,0.004"])).combinations()
    print_walk(walk_forward_of(strategy_subject(REQUEST), grid, Plan(train_days=3, test_days=1), open_book()))
    golden("walk_small.txt", capsys.readouterr().out)


def test_the_page_of_a_cross_validation(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    grid = read_grid(Crossover, parse_grid(["band=0.001,0.004", "period=30,60"])).combinations()
    print_cross(cross_validate(strategy_subject(REQUEST), grid, CrossPlan(groups=5), open_book()))
    golden("cross_small.txt", capsys.readouterr().out)


def test_the_page_of_a_search(golden: Golden, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    axes = read_grid(Crossover, parse_grid(["period=30:90:30", "band=0.001,0.004"])).axes
    plan = TunePlan(trials=4, train_days=1, test_days=1, holdout_days=1, out=tmp_path)
    print_tuning(tune(strategy_subject(REQUEST), axes, plan, open_book(), Inline()))
    golden("tune_small.txt", capsys.readouterr().out)
