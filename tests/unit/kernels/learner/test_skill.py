"""Skill is recomputed from the tape: zero scores one, truth scores nothing, noise scores more."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rung.kernels.ensemble import N_OUT
from rung.kernels.learner import layout as at
from rung.kernels.learner.params import HORIZONS
from rung.kernels.learner.skill import SkillRow, forward_returns, measure_skill

N = 40
CLOCKS = np.column_stack([np.arange(N), np.full(N, N), np.zeros(N), np.ones(N), np.ones(N)]).astype(np.float64)
CLOSES = 50.0 * np.exp(np.cumsum(np.random.default_rng(0).normal(0.0, 1e-3, N)))


def skill(predictions: np.ndarray, valid: float = 1.0) -> list[SkillRow]:
    out = np.zeros((N, 1, N_OUT))
    out[:, 0, at.VALID] = valid
    for h, horizon in enumerate(HORIZONS):
        out[:, 0, at.PREDICTION + h] = predictions * forward_returns(CLOSES, CLOCKS, horizon)
    return measure_skill(["X"], CLOSES[:, None], np.ones((N, 1), dtype=np.bool_), CLOCKS, out)


def test_a_return_runs_to_the_last_close_known_then_within_its_session() -> None:
    clocks = np.array([[0, 9, 0, 1, 7], [1, 9, 0, 1, 7], [4, 9, 0, 1, 7], [0, 9, 1, 2, 9], [5, 9, 1, 2, 9]]) * 1.0
    closes = np.array([100.0, 110.0, 121.0, 50.0, 60.0])
    assert forward_returns(closes, clocks, 1) == pytest.approx([0.1, 0.0, 0.0, 0.0, 0.0])
    assert forward_returns(closes, clocks, 5) == pytest.approx([0.21, 0.1, 0.0, 0.2, 0.0])


def test_predicting_nothing_scores_the_mean_square_over_the_variance() -> None:
    row = skill(np.zeros(N))[0]
    target = forward_returns(CLOSES, CLOCKS, 1)[: N - 10]
    assert row.ratio == pytest.approx(np.mean(target**2) / np.var(target))
    assert row.ratio >= 1.0
    assert row.direction_frac == 0.5


def test_the_truth_scores_zero_and_its_opposite_four_times_nothing() -> None:
    assert [(row.ratio, row.direction_frac) for row in skill(np.ones(N))] == [(0.0, 1.0)] * 3
    opposite = skill(-np.ones(N))
    assert [row.ratio for row in opposite] == pytest.approx([4.0 * zero.ratio for zero in skill(np.zeros(N))])
    assert [row.direction_frac for row in opposite] == [0.0] * 3


def test_only_samples_whose_targets_matured_in_the_session_count() -> None:
    assert [(row.symbol, row.horizon_minutes, row.n_samples) for row in skill(np.zeros(N))] == [
        ("X", 1, 30), ("X", 5, 30), ("X", 10, 30),
    ]  # fmt: skip


def test_no_warmed_up_prediction_is_no_figure() -> None:
    rows = skill(np.zeros(N), valid=0.0)
    assert [row.n_samples for row in rows] == [0, 0, 0]
    assert all(math.isnan(row.ratio) and math.isnan(row.direction_frac) for row in rows)
