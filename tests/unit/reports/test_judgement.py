"""The verdict: READY only if everything holds, and every failure is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.reports.stream import about, folded, small_run

from rung.kernels.statistics.intervals import Interval
from rung.reports.figures import Returns, RunMetrics, Trading
from rung.reports.info import Baseline, Criteria
from rung.reports.judgement import judge
from rung.reports.metrics import measure

LUCK = Baseline(name="shuffled signals", total_returns_frac=(-0.9,) * 19)


def good(returns: dict | None = None, trading: dict | None = None, days: int = 12) -> RunMetrics:
    """The small run's figures with every criterion made to hold, except what a test spoils."""
    metrics = measure(folded(small_run()), (LUCK,), np.random.default_rng(7))
    fine: Returns = replace(
        metrics.returns,
        **{"mrd_frac": 0.006, "mrd_interval": Interval(0.001, 0.011), "max_intraday_drawdown_frac": 0.02}
        | (returns or {}),
    )
    busy: Trading = replace(
        metrics.trading, **{"win_rate_frac": 0.55, "trades": 1200, "trades_per_day": 100.0} | (trading or {})
    )
    return replace(metrics, returns=fine, trading=busy, days=metrics.days[:1] * days)


def test_a_run_that_holds_everywhere_is_ready() -> None:
    judgement = judge(good(), about())
    assert judgement.ready
    assert judgement.line == "✅ READY FOR LIVE PAPER TRADING"
    assert judgement.failures == ()


@pytest.mark.parametrize(
    ("returns", "trading", "days", "words"),
    [
        ({"mrd_frac": 0.004}, {}, 12, "MRD +0.40% is below the 0.5% target"),
        ({"mrd_frac": -0.012}, {}, 12, "MRD -1.20% is below"),
        ({"mrd_interval": Interval(-0.001, 0.02)}, {}, 12, "interval of MRD (-0.10% to +2.00%) is not above zero"),
        ({"mrd_interval": Interval(0.0, 0.02)}, {}, 12, "is not above zero"),
        ({"mrd_interval": None}, {}, 12, "too few days for an interval"),
        ({}, {"win_rate_frac": 0.458}, 12, "win rate 45.8% is below 50%"),
        ({}, {"win_rate_frac": None}, 12, "no trade was closed"),
        ({}, {"trades_per_day": 523.0}, 12, "523.0 trades per day are outside 50-200"),
        ({}, {"trades_per_day": 3.0}, 12, "3.0 trades per day are outside 50-200"),
        ({"max_intraday_drawdown_frac": 0.085}, {}, 12, "drawdown 8.50% is above 5%"),
        ({}, {}, 9, "9 sessions cannot carry a verdict (10 needed)"),
    ],
)  # fmt: skip
def test_one_failure_is_enough_and_is_named(returns: dict, trading: dict, days: int, words: str) -> None:
    judgement = judge(good(returns, trading, days), about())
    assert not judgement.ready
    assert judgement.line.startswith("❌ DO NOT GO LIVE - ")
    assert len(judgement.failures) == 1
    assert words in judgement.line


def test_a_run_that_was_never_compared_with_luck_is_not_ready() -> None:
    alone = replace(good(), shuffled=())
    assert judge(alone, about()).failures == ("it was not compared with shuffled signals",)


def test_a_run_that_luck_could_have_made_is_not_ready() -> None:
    lucky = replace(good(), shuffled=(replace(good().shuffled[0], chance_frac=0.051),))
    assert judge(lucky, about()).failures == ("it is not to be told from chance",)


def test_synthetic_data_is_never_ready() -> None:
    judgement = judge(good(), about(synthetic=True))
    assert judgement.failures == ("the data is SYNTHETIC",)


def test_exactly_on_a_target_holds() -> None:
    at_target = good(
        {"mrd_frac": 0.005, "max_intraday_drawdown_frac": 0.05}, {"win_rate_frac": 0.5, "trades_per_day": 50.0}, 10
    )
    assert judge(at_target, about()).ready


def test_the_targets_are_the_runs_own() -> None:
    strict = about(criteria=Criteria(min_win_rate_frac=0.6))
    assert judge(good(), strict).failures == ("win rate 55.0% is below 60%",)


def test_too_many_trades_are_called_churning() -> None:
    assert "churning" in judge(good(trading={"trades_per_day": 300.0}), about()).check("trades").words


def test_a_band_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="above max_trades_per_day"):
        Criteria(min_trades_per_day=10, max_trades_per_day=5)
