"""The whole box on real bars: a grid of averages on bitcoin, counted, chosen in one half, judged in the other."""

from __future__ import annotations

from pathlib import Path

import empyrical
import numpy as np
import polars as pl
import pytest

from rung.lab.metrics import daily_returns, performance
from rung.lab.statistics.pbo import overfitting
from rung.lab.statistics.sharpe import sharpe_ratio
from rung.lab.statistics.spa import superiority
from rung.lab.statistics.trial_file import SqliteTrialBook
from rung.lab.statistics.trials import Result, Seen, Tally, Trial, code_id
from rung.lab.statistics.verdict import Verdict, honesty

pytestmark = pytest.mark.data
LENGTHS, THRESHOLDS, COST_FRAC = (20, 40, 60, 80), (0.0005, 0.001, 0.002, 0.005), 0.00055


@pytest.fixture(scope="module")
def bars(real_data: Path) -> pl.DataFrame:
    return pl.read_parquet(real_data / "crypto" / "binance_spot" / "BTCUSDT_5m.parquet").sort("timestamp")


@pytest.fixture(scope="module")
def grid(bars: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(days, 16) net daily returns of the source's grid on five-minute closes, and buy and hold."""
    close, day = bars["close"].to_numpy(), bars["timestamp"].dt.epoch("d").to_numpy().astype(np.int64)
    columns = []
    for length in LENGTHS:
        average = bars["close"].rolling_mean(length).to_numpy()
        for threshold in THRESHOLDS:
            lean = np.nan_to_num(np.sign(np.where(np.abs(close / average - 1) > threshold, close / average - 1, 0.0)))
            held = np.concatenate(([0.0], lean[:-1]))
            earned = held * np.diff(close, prepend=close[0]) / np.concatenate(([close[0]], close[:-1]))
            costs = COST_FRAC * np.abs(np.diff(held, prepend=0.0))
            columns.append(daily_returns(np.cumprod(1.0 + earned - costs), day, 1.0))
    return np.column_stack(columns), daily_returns(close, day, close[0])


def test_the_figures_of_real_days_are_empyrical_s(grid: tuple[np.ndarray, np.ndarray]) -> None:
    days = grid[1]
    found = performance(days, 365)
    assert found.sharpe is not None
    assert found.days > 200
    assert found.sharpe.moments.kurtosis > 3.0
    assert found.sharpe.annual == pytest.approx(empyrical.sharpe_ratio(days, annualization=365))
    assert found.sortino == pytest.approx(empyrical.sortino_ratio(days, annualization=365))
    assert found.calmar == pytest.approx(empyrical.calmar_ratio(days, annualization=365))
    assert found.max_drawdown_frac == pytest.approx(-empyrical.max_drawdown(days))


def test_the_best_of_the_source_s_grid_loses_after_costs_and_no_luck_is_needed(
    grid: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    matrix, _ = grid
    half = len(matrix) // 2
    book = SqliteTrialBook(tmp_path / "trials.db")
    first_half = Seen(tape_id="BTC first half", symbols=("BTCUSDT",), first="2025-05-04", last="2025-05-29")
    ratios = []
    for column, params in zip(matrix.T, [(n, t) for n in LENGTHS for t in THRESHOLDS], strict=True):
        trial = Trial(
            strategy="crossover", code_id=code_id(b"grid"), params={"params": params}, seen=first_half, at_ns=0
        )
        measured = sharpe_ratio(column[:half], 365)
        ratios.append(-np.inf if measured is None else measured.moments.ratio)
        book.record([trial])
        book.report([(trial, Result(sharpe=None if measured is None else measured.moments.ratio, days=half))])
    best, tally = int(np.argmax(ratios)), book.tally("crossover", [first_half])
    assert (tally.count, len(tally.ratios)) == (16, 16)
    box = honesty(matrix[:half, best], matrix[half:, best], tally, Tally(count=1), 365, np.random.default_rng(1))
    assert box.verdict is Verdict.LOSES
    assert box.in_sample.deflated is not None
    assert box.in_sample.deflated.trials == 16


def test_nothing_in_the_grid_beats_holding_by_more_than_luck(grid: tuple[np.ndarray, np.ndarray]) -> None:
    matrix, held = grid
    found = superiority(held, matrix, np.random.default_rng(2), resamples=500)
    assert found.spa > 0.05
    assert found.spa_lower <= found.spa <= found.spa_upper
    assert 0.0 <= overfitting(matrix).probability <= 1.0
