"""Confidence and probability, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numba as nb
import numpy as np
import pytest
from numpy.typing import NDArray

from rung.kernels.learner import layout as at
from rung.kernels.learner.params import SOURCE, LearnerParams
from rung.kernels.learner.score import note_error, note_record, probability_of_rise
from rung.kernels.learner.state import pack_params

Array = NDArray[np.float64]
UNSCORED = pack_params(LearnerParams(skill_penalty=0.0))


@nb.njit
def note(state: Array, params: Array, h: int, pairs: Array) -> None:
    for i in range(len(pairs)):
        note_error(state, params, h, pairs[i, 0], pairs[i, 1])
        state[at.MATURED + h] += 1.0


@nb.njit
def record(state: Array, params: Array, h: int) -> float:
    return note_record(state, params, h, at.SAID)


@nb.njit
def rise(params: Array, prediction: float, rmse: float, band_position: float) -> float:
    return probability_of_rise(params, prediction, rmse, band_position)


def after(pairs: list[tuple[float, float]], params: Array = UNSCORED, h: int = 1) -> tuple[float, float, float, float]:
    """Confidence, RMSE, share of right directions and skill ratio after (predicted, target) pairs."""
    state = np.zeros(at.STATE_SIZE)
    note(state, params, h, np.array(pairs, dtype=np.float64).reshape(-1, 2))
    confidence = record(state, params, h)
    return confidence, *(float(state[at.SAID + column + h]) for column in (at.RMSE, at.DIRECTION, at.SKILL))


def test_nothing_known_is_a_tenth_held_back_by_the_ramp() -> None:
    assert after([]) == (pytest.approx(0.1 * 0.3), 0.0, 0.5, 1.0)


def test_fewer_than_twenty_errors_count_only_by_their_number() -> None:
    assert after([(1.0, -1.0)] * 10)[0] == pytest.approx((0.1 + 10 / 20 * 0.2) * (0.3 + 0.7 * 10 / 200))


def test_confidence_is_seven_parts_accuracy_and_three_parts_direction() -> None:
    pairs = [(0.001, 0.003)] * 150 + [(-0.001, 0.001)] * 150  # the last hundred: error 0.002, always the wrong way
    assert after(pairs)[:3] == (pytest.approx(0.7 / 1.2), pytest.approx(0.002), 0.0)
    assert after(pairs[::-1])[0] == pytest.approx(0.7 / 1.2 + 0.3)


def test_confidence_stays_between_a_tenth_and_95_percent() -> None:
    assert after([(1.0, -9.0)] * 300)[0] == pytest.approx(0.10)
    assert after([(1e-9, 1e-9)] * 300)[0] == pytest.approx(0.95)


def test_an_undecided_direction_counts_half() -> None:
    assert after([(0.0, 1.0)] * 30)[2] == 0.5
    assert after([(1.0, 0.0)] * 30)[2] == 0.5


def test_only_the_last_hundred_errors_count() -> None:
    assert after([(0.0, 5.0)] * 77 + [(0.001, 0.002)] * 100)[1:3] == (pytest.approx(0.001), 1.0)


def test_an_outlier_leaves_nothing_behind_in_the_running_sum() -> None:
    assert after([(0.0, 1e9)] + [(0.0, 1e-9)] * 200)[1] == pytest.approx(1e-9, rel=1e-12)


def test_skill_is_error_over_mean_square_target_with_fading_memory() -> None:
    params = pack_params(LearnerParams(skill_memory_samples=10.0))
    pairs = [(0.1 * i, 1.0 + 0.2 * i) for i in range(8)]
    fade = 0.9 ** np.arange(7, -1, -1)
    p, y = np.array(pairs).T
    assert after(pairs, params)[3] == pytest.approx((fade @ (y - p) ** 2) / (fade @ y**2))


def test_a_model_worse_than_predicting_zero_loses_its_confidence() -> None:
    worse = [(0.001, -0.001), (0.001, 0.001)] * 200  # half right, twice the error of predicting zero
    trusted, _, _, skill = after(worse)
    assert skill == pytest.approx(2.0, rel=1e-2)
    punished = after(worse, pack_params(LearnerParams(skill_penalty=10.0)))[0]
    assert punished == pytest.approx(trusted * math.exp(-10.0 * (skill - 1.0)))


def test_a_model_better_than_predicting_zero_keeps_its_confidence() -> None:
    better = [(0.001, 0.0015)] * 300
    assert after(better)[0] == after(better, pack_params(LearnerParams(skill_penalty=10.0)))[0]


def test_the_normal_probability_is_the_normal_distribution() -> None:
    params = pack_params(LearnerParams(enable_bb_amplification=False))
    assert rise(params, 0.0, 0.001, 0.0) == 0.5
    assert rise(params, 0.001, 0.002, 0.0) == pytest.approx(0.691462461274, abs=1e-12)
    assert rise(params, -0.001, 0.002, 0.0) == pytest.approx(1 - 0.691462461274, abs=1e-12)
    assert (rise(params, 1.0, 0.01, 0.0), rise(params, -1.0, 0.01, 0.0)) == (0.95, 0.05)


def test_without_an_error_on_record_the_normal_probability_is_undecided() -> None:
    assert rise(pack_params(LearnerParams()), 0.01, 0.0, -1.0) == 0.5


def test_the_sources_probability_is_the_sources() -> None:
    params = pack_params(replace(SOURCE, enable_bb_amplification=False))
    assert rise(params, 0.004, 123.0, 0.0) == pytest.approx(0.5 + 0.4 * math.tanh(0.2))
    assert rise(params, -0.004, 123.0, 0.0) == pytest.approx(0.5 - 0.4 * math.tanh(0.2))


@pytest.mark.parametrize(
    ("percent_b", "push"),
    [(0.5, 0.0), (0.30, 0.0), (0.15, 0.05), (0.101, 0.0663333), (0.099, 0.117), (0.0, 0.15), (-0.4, 0.15)],
)
def test_a_lean_away_from_a_touched_band_is_pushed_further(percent_b: float, push: float) -> None:
    params = pack_params(LearnerParams())
    plain = 0.691462461274
    position = 2.0 * percent_b - 1.0
    assert rise(params, 0.001, 0.002, position) == pytest.approx(min(plain + push, 0.95), abs=1e-6)
    assert rise(params, -0.001, 0.002, -position) == pytest.approx(max(1 - plain - push, 0.05), abs=1e-6)
    assert rise(params, 0.001, 0.002, abs(position)) == pytest.approx(plain, abs=1e-6)  # the far band pushes nothing


def test_no_lean_no_push() -> None:
    assert rise(pack_params(LearnerParams()), 0.0, 0.002, -1.0) == 0.5
