"""Standardisation: exact for young features, bounded for wild ones, deaf to what is not a number."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import pytest
from numpy.typing import NDArray

from rung.kernels.learner import layout as at
from rung.kernels.learner.scaling import standardise

Array = NDArray[np.float64]


@nb.njit
def scale_all(state: Array, raw: Array, rate: float, clip: float, out: Array) -> None:
    for t in range(len(raw)):
        for j in range(at.N_FEATURES):
            state[at.X + j] = raw[t, j]
        standardise(state, rate, clip)
        for j in range(at.WIDTH):
            out[t, j] = state[at.X + j]


def scores(column: list[float], memory: float = 1e9, clip: float = 100.0) -> list[float]:
    """Scores of a feature that takes these values (all the others are 0)."""
    raw = np.zeros((len(column), at.N_FEATURES))
    raw[:, 3] = column
    out = np.full((len(column), at.WIDTH), np.nan)
    scale_all(np.zeros(at.STATE_SIZE), raw, 1.0 / memory, clip, out)
    assert (out[:, at.INTERCEPT] == 1.0).all()
    assert (out[:, at.INTERCEPT + 1] == 0.0).all()
    assert np.delete(out, [3, at.INTERCEPT], axis=1).any() == np.False_
    values: list[float] = out[:, 3].tolist()
    return values


def test_while_young_a_score_is_of_all_values_so_far() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 50)
    expected = [(values[t] - values[: t + 1].mean()) / values[: t + 1].std() for t in range(1, 50)]
    got = scores(values.tolist())
    assert got[0] == 0.0
    assert got[1:] == pytest.approx(expected, rel=1e-12)


def test_once_old_the_past_fades_exponentially() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 400)
    mean, variance = 0.0, 0.0
    for n, value in enumerate(values, 1):
        share = max(1 / 50, 1 / n)
        away = value - mean
        mean, variance = mean + share * away, (1 - share) * (variance + share * away**2)
    assert scores(values.tolist(), memory=50.0)[-1] == pytest.approx((values[-1] - mean) / math.sqrt(variance))


def test_a_features_youth_begins_with_its_first_value_that_is_not_zero() -> None:
    values = np.random.default_rng(2).normal(3.0, 2.0, 30).tolist()
    assert scores([0.0] * 500 + values)[500:] == scores(values)


def test_a_zero_after_that_is_a_value_like_any_other() -> None:
    assert scores([2.0, 0.0])[1] == -1.0


def test_a_false_print_weighs_no_more_than_the_clip() -> None:
    values = [0.01 * (-1) ** t for t in range(300)]
    assert scores([*values, 1e6, -1e9], clip=5.0)[-2:] == [5.0, -5.0]


def test_a_constant_scores_zero_however_large_it_is() -> None:
    assert set(scores([1e12 / 3] * 100)) == {0.0}
    assert set(scores([0.1] * 3_000, memory=20.0)) == {0.0}


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_scores_zero_and_is_forgotten(wrong: float) -> None:
    values = np.random.default_rng(3).normal(size=40).tolist()
    got = scores([*values[:20], wrong, *values[20:]])
    assert got[20] == 0.0
    assert got[:20] + got[21:] == scores(values)
    assert scores([wrong, *values])[1:] == scores(values)
