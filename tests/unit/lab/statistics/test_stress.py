"""Stress: what is changed reaches the run, results are told in order, break-even lies where the line crosses."""

from __future__ import annotations

import numpy as np
import pytest

from rung.domain.errors import UserError
from rung.lab.statistics.stress import cost_stress, delay_stress, start_jitter

NOISE = np.random.default_rng(1).normal(0.0, 0.004, 250)
GROSS = NOISE - NOISE.mean()


def test_dearer_costs_take_what_they_cost() -> None:
    """2 bps a day earned, 1 bp of costs a day: gone at twice the costs."""
    found = cost_stress(lambda multiple: GROSS + 2e-4 - 1e-4 * multiple, 252, (3.0, 0.0, 1.0, 2.5))
    assert [point.setting for point in found.points] == [0.0, 1.0, 2.5, 3.0]
    totals = [point.total_frac for point in found.points]
    assert totals == sorted(totals, reverse=True)
    assert found.break_even == pytest.approx(2.0, abs=0.15)


def test_what_earns_at_every_cost_has_no_break_even_and_what_never_earned_neither() -> None:
    assert cost_stress(lambda _: GROSS + 1e-3, 252).break_even is None
    assert cost_stress(lambda _: GROSS - 1e-3, 252).break_even is None


def test_a_delay_is_given_in_whole_bars() -> None:
    seen: list[int] = []

    def run(bars: int) -> np.ndarray:
        seen.append(bars)
        return GROSS + 1e-3 / (1 + bars)

    found = delay_stress(run, 252)
    assert seen == [0, 1, 2, 5]
    assert all(isinstance(bars, int) for bars in seen)
    ratios = [point.sharpe for point in found.points if point.sharpe is not None]
    assert ratios == sorted(ratios, reverse=True)
    assert len(ratios) == 4


def test_starts_are_different_later_and_repeatable() -> None:
    def run(bars: int) -> np.ndarray:
        return GROSS[bars:]

    found = start_jitter(run, 252, np.random.default_rng(3), starts=20, within_bars=40)
    again = start_jitter(run, 252, np.random.default_rng(3), starts=20, within_bars=40)
    assert found == again
    bars = [point.setting for point in found.points]
    assert bars == sorted(set(bars))
    assert (bars[0], len(bars)) == (0.0, 21)
    assert [point.days for point in found.points] == [250 - int(each) for each in bars]
    assert found.loss == np.mean([point.total_frac < 0 for point in found.points])


def test_a_run_that_never_trades_has_no_ratio() -> None:
    found = start_jitter(lambda _: np.zeros(30), 365, np.random.default_rng(3), starts=2, within_bars=5)
    assert found.sharpe is None
    assert found.loss == 0.0


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(UserError, match="gifts"):
        cost_stress(lambda _: GROSS, 252, (-1.0, 1.0))
    with pytest.raises(UserError, match="before it is sent"):
        delay_stress(lambda _: GROSS, 252, (-1,))
    with pytest.raises(UserError, match="once"):
        delay_stress(lambda _: GROSS, 252, (1, 1))
    with pytest.raises(UserError, match="do not fit"):
        start_jitter(lambda _: GROSS, 252, np.random.default_rng(1), starts=6, within_bars=5)


def test_a_run_that_answers_with_nan_is_named() -> None:
    with pytest.raises(UserError, match=r"run\(2\)"):
        delay_stress(lambda bars: np.array([0.0, np.nan]) if bars == 2 else GROSS, 252)
