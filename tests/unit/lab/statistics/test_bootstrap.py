"""The stationary bootstrap: coverage, seeds, runs of like days, trades as well as returns."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from arch.bootstrap import optimal_block_length
from tests.unit.lab.statistics.test_sharpe import ar1

from rung.domain.errors import UserError
from rung.kernels.statistics.growth import mean_return_per_day, total_return
from rung.lab.statistics.bootstrap import block_length, futures, interval, resampled
from rung.lab.statistics.spa import superiority
from rung.reports.statistics import mrd_interval


def chance(seed: int = 11) -> np.random.Generator:
    return np.random.default_rng(seed)


def mean(row: np.ndarray) -> float:
    return float(row.mean())


def test_the_interval_of_a_mean_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = chance()
    missed = 0
    for _ in range(200):
        low, high = interval(rng.normal(0.0, 1.0, 120), mean, rng, resamples=400)
        missed += not low <= 0.0 <= high
    assert 4 <= missed <= 24


def test_runs_of_like_days_lengthen_the_blocks_and_widen_the_interval() -> None:
    together = ar1(chance(1), 600, 0.6)
    apart = chance(2).permutation(together)
    assert block_length(together) > 4 * block_length(apart)
    wide, narrow = interval(together, mean, chance()), interval(apart, mean, chance())
    assert wide.high - wide.low > 1.4 * (narrow.high - narrow.low)


def test_the_block_is_the_one_of_politis_and_white() -> None:
    row = ar1(chance(3), 400, 0.5)
    assert block_length(row) == np.ceil(optimal_block_length(row)["stationary"].iloc[0])


def test_too_short_or_flat_records_have_a_block_all_the_same() -> None:
    assert block_length(np.arange(8.0)) == 2
    assert block_length(np.zeros(100)) == 5


def test_the_same_generator_gives_the_same_resamples() -> None:
    row = chance(5).normal(0.0, 0.01, 50)
    assert np.array_equal(resampled(row, mean, chance()), resampled(row, mean, chance()))
    assert not np.array_equal(resampled(row, mean, chance()), resampled(row, mean, chance(12)))


def test_the_interval_of_mrd_in_a_report_is_the_same_but_for_chance() -> None:
    """The report draws its own resamples, since it must run without this extra: the two may not drift apart."""
    row = ar1(chance(6), 64, 0.3)
    ours, theirs = interval(row, mean_return_per_day, chance(), resamples=4_000, block=4), mrd_interval(row, chance())
    assert theirs is not None
    assert ours == pytest.approx(theirs, abs=0.05 * (theirs.high - theirs.low))


def test_any_statistic_may_be_asked_for() -> None:
    row = chance(7).normal(0.001, 0.01, 200)
    low, high = interval(row, lambda r: float(np.median(r)), chance())
    assert low < float(np.median(row)) < high


def test_a_statistic_that_fails_in_some_resamples_is_refused() -> None:
    with pytest.raises(UserError, match="resamples"):
        interval(np.array([1.0, 1.0, 1.0, 1.0, -1.0]), lambda r: 1.0 if r.min() < 0 else float("nan"), chance())


def test_the_futures_of_trades_surround_what_happened() -> None:
    results = chance(8).normal(0.002, 0.02, 300)
    found = futures(results, chance())
    assert found.total_frac.low < total_return(results) < found.total_frac.high
    assert 0.0 < found.max_drawdown_frac.low < found.max_drawdown_frac.middle < found.max_drawdown_frac.high < 1.0
    assert 0.0 <= found.loss < 0.5


def test_the_futures_agree_with_the_normal_theory_of_independent_days() -> None:
    """Half of 5 % and 95 % of the log of the final value: mean ± 1.645 deviations × √n."""
    row = chance(9).normal(0.0005, 0.01, 1_000)
    logs = np.log1p(row)
    found = futures(row, chance(), resamples=4_000, block=1)
    centre, spread = logs.sum(), 1.645 * logs.std() * np.sqrt(1_000)
    assert np.log1p(found.total_frac.low) == pytest.approx(centre - spread, abs=0.04)
    assert np.log1p(found.total_frac.high) == pytest.approx(centre + spread, abs=0.04)


def test_days_that_never_lost_cannot_lose() -> None:
    found = futures(np.full(30, 0.01), chance(), resamples=50)
    assert (found.loss, found.max_drawdown_frac.high) == (0.0, 0.0)
    assert found.total_frac.low == pytest.approx(1.01**30 - 1.0)


def test_too_few_values_and_blocks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError, match="needs 5"):
        futures([0.01] * 4, chance())
    with pytest.raises(UserError, match="does not fit"):
        futures([0.01] * 9, chance(), block=10)


def test_without_the_library_a_sentence_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arch.bootstrap", None)
    row = chance(3).normal(0.0, 0.01, 40)
    for ask in (lambda: block_length(row), lambda: futures(row, chance(), block=1)):
        with pytest.raises(UserError, match=r"-e '\.\[lab\]'"):
            ask()
    with pytest.raises(UserError, match=r"-e '\.\[lab\]'"):
        superiority(row, row[:, None] * 2, chance(), block=1)


def test_the_rest_of_the_statistics_starts_without_the_library() -> None:
    """It takes seconds to import: only who draws a resample pays for it."""
    modules = "rung.lab.statistics.verdict, rung.lab.statistics.spa, rung.lab.metrics"
    code = f"import sys, {modules}; sys.exit('arch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
