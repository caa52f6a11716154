"""The learner's step: mature what is due, predict, take the new sample into the covariance."""

from __future__ import annotations

import math

from rung.kernels.compiled import Row, separate
from rung.kernels.learner import layout as at
from rung.kernels.learner.covariance import absorb, dot
from rung.kernels.learner.lanes import fma8, load8, splat8, store8
from rung.kernels.learner.params import HORIZONS
from rung.kernels.learner.scaling import standardise
from rung.kernels.learner.score import note_error, note_record, probability_of_rise


@separate
def open_session(state: Row, params: Row, session: float) -> None:
    """Close the books of the last session; nothing of it is pending afterwards."""
    mature(state, params, math.inf)
    state[at.SESSION] = session
    state[at.AWAITS_BAR] = 1.0
    state[at.SAID + at.VALID] = 0.0


@separate
def mature(state: Row, params: Row, minute: float) -> None:
    """Learn every pending target due at or before the bar that opens at `minute`, at the last known close."""
    for h in range(at.N_HORIZONS):
        while state[at.MATURED + h] < state[at.APPENDED]:
            sample = at.RING + int(state[at.MATURED + h]) % at.N_PENDING * at.SAMPLE_SIZE
            if state[sample + at.SAMPLE_MINUTE] + HORIZONS[h] > minute:
                break
            target = state[at.CLOSE] / state[sample + at.SAMPLE_CLOSE] - 1.0
            note_error(state, params, h, state[sample + at.SAMPLE_PREDICTIONS + h], target)
            _learn(state, sample, h, target)
            state[at.MATURED + h] += 1.0


@separate
def _learn(state: Row, sample: int, h: int, target: float) -> None:
    """Weights of horizon h: the sample's gain on its surprise, then the leak's."""
    weights = at.WEIGHTS + h * at.WIDTH
    leaking = weights + int(state[sample + at.SAMPLE_LEAK_INDEX])
    gain, leak_gain = sample + at.SAMPLE_GAIN, sample + at.SAMPLE_LEAK_GAIN
    surprise = target - dot(state, weights, sample + at.SAMPLE_X)
    shrunk = splat8(-(state[leaking] + surprise * state[gain + leaking - weights]))
    step = splat8(surprise)
    for j in range(0, at.WIDTH, at.BLOCK):
        moved = fma8(step, load8(state, gain + j), load8(state, weights + j))
        store8(state, weights + j, fma8(shrunk, load8(state, leak_gain + j), moved))


@separate
def learn_bar(state: Row, params: Row, close: float, minute: float, length: float, band_position: float) -> None:
    """Predict from the raw features in state[X]; keep the sample if its targets mature within the session."""
    standardise(state, params[at.SCALE_RATE], params[at.SCORE_CLIP])
    predict(state, params, band_position)
    pending = state[at.APPENDED] - state[at.MATURED + at.N_HORIZONS - 1]
    if minute + 1.0 + at.LONGEST <= length and pending < at.N_PENDING:  # more only if a minute comes twice
        sample = at.RING + int(state[at.APPENDED]) % at.N_PENDING * at.SAMPLE_SIZE
        absorb(state, sample, params[at.LAMBDA], params[at.LEAK])
        state[sample + at.SAMPLE_MINUTE], state[sample + at.SAMPLE_CLOSE] = minute, close
        for h in range(at.N_HORIZONS):
            state[sample + at.SAMPLE_PREDICTIONS + h] = state[at.SAID + at.PREDICTION + h]
        state[at.APPENDED] += 1.0


@separate
def predict(state: Row, params: Row, band_position: float) -> None:
    """Write the results for the standardised features in state[X]."""
    said = at.SAID
    weight, confidence, prediction, rmse = 0.0, 0.0, 0.0, 0.0
    plain, plain_rmse = 0.0, 0.0
    for h in range(at.N_HORIZONS):
        share = params[at.HORIZON_WEIGHTS + h]
        guess = dot(state, at.WEIGHTS + h * at.WIDTH, at.X)
        sure = note_record(state, params, h, said)
        state[said + at.PREDICTION + h] = guess
        confidence += share * sure
        weight += share * sure
        prediction += share * sure * guess
        rmse += share * sure * state[said + at.RMSE + h]
        plain += share * guess
        plain_rmse += share * state[said + at.RMSE + h]
    if weight > 0.0:
        prediction, rmse = prediction / weight, rmse / weight
    else:
        prediction, rmse = plain, plain_rmse
    state[said + at.ENSEMBLE] = prediction
    state[said + at.PROBABILITY] = probability_of_rise(params, prediction, rmse, band_position)
    state[said + at.CONFIDENCE] = confidence
    state[said + at.COVARIANCE_MAX] = max(state[at.PEAK], state[at.PEAK_BEFORE])
    state[said + at.COVARIANCE_MIN] = min(state[at.FLOOR], state[at.FLOOR_BEFORE])
    samples = state[at.MATURED + at.N_HORIZONS - 1]
    state[said + at.SAMPLES] = samples
    state[said + at.VALID] = 1.0 if samples >= params[at.WARMUP] else 0.0
    state[said + at.FRESH] = 1.0
