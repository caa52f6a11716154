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
    thrice = repeated(tape, 3)
    assert thrice.present.sum() > 100_000
    diary = follow(thrice, params)
    assert max(error_against_batch(thrice, diary, params, h) for h in range(3)) < 1e-9


@SETTINGS
def test_a_million_bars_stay_finite_and_bounded_and_the_weights_exact(tape: Slices, params: LearnerParams) -> None:
    state, bars, peak = new_ensemble_state(1, params), 0, 0.0
    while bars < 1_000_000:
        out = run(tape, params, state)
        bars += int(tape.present.sum())
        peak = max(peak, float(out[:, 0, at.COVARIANCE_MAX].max()))
        assert np.isfinite(out).all()
        assert np.isfinite(state).all()
        state[:, at.SESSION] = -1.0  # the same tape again is a new past
    diary = follow(tape, params, state)
    assert max(error_against_batch(tape, diary, params, h) for h in range(3)) < 1e-9
    assert peak <= params.covariance_bound * (1 + 1e-9)
