"""The learner on any tape: equal to its slow twin, blind to the future, finite and bounded whatever comes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.features.tapes import same_bits
from tests.unit.kernels.learner.slices import Slices, made_slices, run, run_reference

from rung.kernels.ensemble import N_OUT, new_ensemble_state
from rung.kernels.learner import layout as at
from rung.kernels.learner.params import LearnerParams

seeds = st.integers(0, 2**31 - 1)
params = st.builds(
    LearnerParams,
    ewrls_lambda=st.sampled_from([0.95, 0.98, 0.999, 1.0]),
    initial_variance=st.sampled_from([0.1, 10.0, 1000.0]),
    regularization=st.sampled_from([0.1, 5.0]),
    ridge=st.sampled_from([0.0, 1.0, 30_000.0]),
    warmup_samples=st.integers(0, 60),
    skill_penalty=st.sampled_from([0.0, 10.0, 1e6]),
    skill_memory_samples=st.sampled_from([20.0, 1000.0]),
    scale_memory_bars=st.sampled_from([30.0, 2000.0]),
    score_clip=st.sampled_from([1.0, 5.0]),
    probability_model=st.sampled_from(["normal", "tanh"]),
    enable_bb_amplification=st.booleans(),
)
tapes = st.builds(
    made_slices,
    seeds,
    symbols=st.just(1),
    sessions=st.integers(1, 3),
    minutes=st.sampled_from([5, 11, 12, 60, 150]),
    missing=st.sampled_from([0.0, 0.1, 0.7]),
)
TOLD = [c for c in range(N_OUT) if c not in (at.COVARIANCE_MAX, at.COVARIANCE_MIN)]


@settings(max_examples=40)
@given(tapes, params)
def test_the_compiled_learner_says_what_its_slow_twin_says(tape: Slices, params: LearnerParams) -> None:
    fast, (slow, _) = run(tape, params)[:, 0], run_reference(tape, params)
    scale = np.maximum(np.abs(slow).max(axis=0), 1e-30)
    assert (np.abs(fast - slow) / scale)[:, TOLD].max() < 1e-7


@settings(max_examples=30)
@given(tapes, seeds, st.floats(0.0, 1.0), params)
def test_another_future_changes_no_bit_of_the_past(
    tape: Slices, seed: int, where: float, params: LearnerParams
) -> None:
    cut = int(where * (len(tape.clocks) - 1)) + 1
    rng = np.random.default_rng(seed)
    bars, present = tape.bars.copy(), tape.present.copy()
    bars[cut:] *= np.exp(rng.normal(0.0, 0.1, bars[cut:].shape))
    present[cut:] &= rng.random(present[cut:].shape) < 0.7
    past = run(tape[:cut], params)
    assert same_bits(past, run(tape, params)[:cut])
    assert same_bits(past, run(Slices(bars, present, tape.clocks), params)[:cut])


@settings(max_examples=40)
@given(tapes, seeds, params)
def test_whatever_the_bars_the_state_stays_finite_and_the_covariance_within_its_bound(
    tape: Slices, seed: int, params: LearnerParams
) -> None:
    """A tenth of all values replaced by something absurd, in places that make the bar unusable or merely wild."""
    rng = np.random.default_rng(seed)
    absurd = rng.choice([np.nan, np.inf, -1.0, 0.0, 1e-12, 1e12], tape.bars.shape)
    bars = np.where(rng.random(tape.bars.shape) < 0.1, absurd, tape.bars)
    state = new_ensemble_state(1, params)
    out = run(Slices(bars, tape.present, tape.clocks), params, state)
    assert np.isfinite(out).all()
    assert np.isfinite(state).all()
    assert out[:, 0, at.COVARIANCE_MAX].max() <= max(params.covariance_bound, params.initial_variance) * (1 + 1e-6)
    assert ((out[:, 0, at.PROBABILITY] >= 0.05) & (out[:, 0, at.PROBABILITY] <= 0.95)).all()
    assert ((out[:, 0, at.CONFIDENCE] >= 0.0) & (out[:, 0, at.CONFIDENCE] <= 0.95 + 1e-12)).all()


@settings(max_examples=20)
@given(tapes, params)
def test_the_ensemble_lies_between_its_horizons(tape: Slices, params: LearnerParams) -> None:
    out = run(tape, params)[:, 0]
    each = out[:, at.PREDICTION : at.PREDICTION + 3]
    slack = 1e-12 * np.abs(each).max(initial=1e-300)
    assert (out[:, at.ENSEMBLE] >= each.min(axis=1) - slack).all()
    assert (out[:, at.ENSEMBLE] <= each.max(axis=1) + slack).all()


@settings(max_examples=15)
@given(tapes, st.integers(-12, 12), st.integers(-12, 12))
def test_prices_and_volumes_in_other_units_give_the_same_bits(tape: Slices, price: int, volume: int) -> None:
    scaled = tape.bars * np.array([2.0**price] * 4 + [2.0**volume])
    params = LearnerParams()
    assert same_bits(run(Slices(scaled, tape.present, tape.clocks), params), run(tape, params))
