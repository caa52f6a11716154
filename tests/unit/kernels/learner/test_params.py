"""The learner's parameters: what is refused, what follows from them, and that reading them imports nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rung.kernels.learner import layout as at
from rung.kernels.learner.params import N_WEIGHTS, SOURCE, LearnerParams
from rung.kernels.learner.state import diagonal_offsets, initial_information, pack_params, row_offsets


def test_the_defaults_are_the_sources_but_for_the_ridge() -> None:
    params = LearnerParams()
    assert (params.ewrls_lambda, params.initial_variance) == (0.98, 10.0)
    assert (params.regularization, params.warmup_samples, params.horizon_weights) == (0.1, 100, (0.3, 0.5, 0.2))
    assert replace(SOURCE, ridge=params.ridge, probability_model=params.probability_model) == params
    assert SOURCE.ridge == 0.0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"probability_model": "logit"}, "probability_model"),
        ({"horizon_weights": (0.5, 0.5, 0.5)}, "sum to 1"),
        ({"horizon_weights": (0.5, 0.5)}, "three numbers"),
        ({"ridge": 0.0, "regularization": 0.0}, "without bound"),
    ],
)
def test_what_cannot_work_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        LearnerParams(**wrong)


def test_endless_memory_needs_no_ridge() -> None:
    assert LearnerParams(ewrls_lambda=1.0, ridge=0.0, regularization=0.0).leak == 0.0


def test_a_round_of_leaks_replaces_what_a_round_of_forgetting_took_from_ridge_and_adds_the_regularization() -> None:
    params = LearnerParams(ewrls_lambda=0.999, ridge=50.0, regularization=0.1)
    assert params.leak == pytest.approx(127 * (0.001 * 50.0 + 0.1 / 100))


def test_the_ridge_stands_at_full_strength_before_the_first_sample() -> None:
    params = LearnerParams(ewrls_lambda=0.999, ridge=50.0, regularization=0.0, initial_variance=10.0)
    information = initial_information(params)
    assert information.mean() == pytest.approx(0.1 + 50.0, rel=1e-2)
    assert (np.diff(information) > 0).all()  # the weight whose leak is due first has forgotten most
    forgotten = (information - 0.1) * params.ewrls_lambda
    forgotten[0] += params.leak
    assert np.roll(forgotten, -1) == pytest.approx(information - 0.1, rel=1e-12)  # one sample on, it looks the same


def test_without_forgetting_the_ridge_is_all_there_from_the_start() -> None:
    params = LearnerParams(ewrls_lambda=1.0, ridge=50.0)
    assert initial_information(params) == pytest.approx(np.full(N_WEIGHTS, 50.1))
    assert params.covariance_bound == pytest.approx(1 / 50.1)


def test_amplification_that_is_off_reaches_the_kernel_as_nothing() -> None:
    assert pack_params(LearnerParams(enable_bb_amplification=False))[at.BAND_FACTOR] == 0.0
    assert pack_params(LearnerParams())[at.BAND_FACTOR] == 0.10


def test_every_vector_starts_on_a_cache_line_of_the_row() -> None:
    starts = [at.SEEN, at.MEAN, at.VARIANCE, at.X, at.PX, at.PENDING_X, at.PENDING_LEAK, at.WEIGHTS, at.COVARIANCE]
    assert {start % 8 for start in (*starts, at.RING, at.SAMPLE_SIZE, at.SAMPLE_GAIN, at.SAMPLE_LEAK_GAIN)} == {0}


def test_the_results_fit_between_their_place_and_the_next() -> None:
    assert at.SAID + at.N_OUT <= at.SEEN


def test_rows_of_the_half_follow_each_other_without_gap_or_overlap() -> None:
    starts = row_offsets()
    widths = at.WIDTH - np.arange(at.WIDTH) // at.BLOCK * at.BLOCK
    assert starts[0] == at.COVARIANCE
    assert (starts[:-1] + widths[:-1] == starts[1:]).all()
    assert starts[-1] + widths[-1] == at.COVARIANCE + at.COVARIANCE_SIZE
    assert len(set(diagonal_offsets().tolist())) == N_WEIGHTS


def test_reading_the_parameters_imports_no_numpy() -> None:
    code = "import sys, rung.kernels.learner.params; sys.exit(bool({'numpy', 'numba'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
