"""A hundred thousand and a million real bars through one learner: still exact, still bounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.kernels.learner.slices import Slices, follow, real_slices, run
from tests.unit.kernels.learner.test_real_tapes import error_against_batch

from rung.kernels.ensemble import new_ensemble_state
from rung.kernels.learner import layout as at
from rung.kernels.learner.params import SOURCE, LearnerParams

pytestmark = [pytest.mark.soak, pytest.mark.data, pytest.mark.timeout(3_600)]
SETTINGS = pytest.mark.parametrize(
    "params",
    [SOURCE, LearnerParams(), LearnerParams(ewrls_lambda=0.999, ridge=100.0)],
    ids=["source", "default", "slow"],
)


@pytest.fixture(scope="module")
def tape(real_data: Path) -> Slices:
    """UVXY: halts, gaps, false prints."""
    return real_slices(real_data, "UVXY")


def repeated(tape: Slices, times: int) -> Slices:
    whole = tape
    for _ in range(times - 1):
        whole = whole.then(tape)
    return whole


@SETTINGS
def test_after_a_hundred_thousand_bars_the_weights_are_the_closed_form_solution(
    tape: Slices, params: LearnerParams
) -> None:
    twice = repeated(tape, 3)
    assert twice.present.sum() > 100_000
    diary = follow(twice, params)
    assert max(error_against_batch(twice, diary, params, h) for h in range(3)) < 1e-9


@SETTINGS
def test_a_million_bars_stay_finite_and_bounded_and_the_last_weights_exact(tape: Slices, params: LearnerParams) -> None:
    state, bars, peaks = new_ensemble_state(1, params), 0, []
    while bars < 1_000_000:
        out = run(tape, params, state)
        bars += int(tape.present.sum())
        peaks.append(float(out[:, 0, at.COVARIANCE_MAX].max()))
        assert np.isfinite(out).all()
        assert np.isfinite(state).all()
        state[:, at.SESSION] = -1.0  # the same tape again is a new past
    assert max(peaks) <= params.covariance_bound * (1 + 1e-9)
    assert peaks[-1] == pytest.approx(peaks[1], rel=1e-6)


@SETTINGS
def test_what_was_long_ago_is_forgotten_to_the_last_digit_that_matters(tape: Slices, params: LearnerParams) -> None:
    """A learner with a million bars behind it and one with a tenth of that agree after one more tape."""
    old, young = new_ensemble_state(1, params), new_ensemble_state(1, params)
    for state, times in ((old, 20), (young, 2)):
        for _ in range(times):
            run(tape, params, state)
            state[:, at.SESSION] = -1.0
    a, b = (state[0, at.WEIGHTS : at.WEIGHTS + 3 * at.WIDTH] for state in (old, young))
    assert a == pytest.approx(b, abs=1e-9 * np.abs(b).max())
