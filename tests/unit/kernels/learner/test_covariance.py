"""One covariance for all horizons: exact, symmetric to the last bit, bounded, and the same as separate filters."""

from __future__ import annotations

import numba as nb
import numpy as np
import pytest
from numpy.typing import NDArray

from rung.kernels.learner import layout as at
from rung.kernels.learner.covariance import absorb
from rung.kernels.learner.params import N_WEIGHTS, SOURCE, LearnerParams
from rung.kernels.learner.reference import batch_weights
from rung.kernels.learner.state import initial_information, row_offsets, start_learner, unpack_covariance
from rung.kernels.learner.step import _learn

Array = NDArray[np.float64]
PARAMS = [SOURCE, LearnerParams(), LearnerParams(ewrls_lambda=1.0, ridge=3.0, regularization=0.0)]
IDS = ["source", "default", "endless"]
DELAYS = (1, 5, 10)


@nb.njit
def take(state: Array, x: Array, forgetting: float, leak: float) -> int:
    """One sample into the covariance; where its gains are."""
    for j in range(N_WEIGHTS):
        state[at.X + j] = x[j]
    sample = at.RING + int(state[at.APPENDED]) % at.N_PENDING * at.SAMPLE_SIZE
    absorb(state, sample, forgetting, leak)
    state[at.APPENDED] += 1.0
    return sample


@nb.njit
def teach(state: Array, sample: int, h: int, target: float) -> None:
    _learn(state, sample, h, target)


def new_row(params: LearnerParams) -> Array:
    state = np.zeros((1, at.STATE_SIZE))
    start_learner(state, params)
    row: Array = state[0]
    return row


def weights(row: Array, h: int) -> Array:
    start = at.WEIGHTS + h * at.WIDTH
    return row[start : start + N_WEIGHTS]


def market_like(n: int, seed: int = 0) -> Array:
    """Scores as features are: strongly correlated, slow, with an exact copy of a column; intercept last."""
    rng = np.random.default_rng(seed)
    factors = np.zeros((n, 12))
    for t in range(1, n):
        factors[t] = 0.95 * factors[t - 1] + rng.normal(size=12)
    xs = factors @ rng.normal(size=(12, N_WEIGHTS)) * 0.1 + 0.05 * rng.normal(size=(n, N_WEIGHTS))
    xs = np.clip(xs, -5.0, 5.0)
    xs[:, 17] = xs[:, 80]
    xs[:, -1] = 1.0
    return xs


def shared(xs: Array, ys: Array, params: LearnerParams) -> Array:
    """One covariance; each horizon learns a sample so many samples later, from the gains kept for it."""
    row = new_row(params)
    places: list[int] = []
    for t in range(len(xs) + max(DELAYS)):
        for h, delay in enumerate(DELAYS):
            if 0 <= t - delay < len(xs):
                teach(row, places[t - delay], h, ys[t - delay, h])
        if t < len(xs):
            places.append(take(row, xs[t], params.ewrls_lambda, params.leak))
    return row


def separate(xs: Array, ys: Array, h: int, params: LearnerParams) -> Array:
    """A filter of its own that meets each sample together with its target."""
    row = new_row(params)
    for x, y in zip(xs, ys, strict=True):
        teach(row, take(row, x, params.ewrls_lambda, params.leak), h, y[h])
    return row


@pytest.mark.parametrize("params", PARAMS, ids=IDS)
def test_shared_gains_give_every_horizon_the_bits_of_a_filter_of_its_own(params: LearnerParams) -> None:
    xs = market_like(700)
    ys = np.random.default_rng(1).normal(size=(700, 3)) * 1e-3
    together = shared(xs, ys, params)
    for h in range(3):
        assert weights(separate(xs, ys, h, params), h).tobytes() == weights(together, h).tobytes()


@pytest.mark.parametrize("params", PARAMS, ids=IDS)
@pytest.mark.parametrize("n", [1, 126, 127, 128, 3_000])
def test_the_weights_are_the_closed_form_solution(params: LearnerParams, n: int) -> None:
    xs = market_like(n)
    ys = np.random.default_rng(2).normal(size=(n, 1)) * 1e-3
    exact = batch_weights(xs, ys[:, 0], params)
    assert weights(separate(xs, ys, 0, params), 0) == pytest.approx(exact, abs=1e-9 * np.abs(exact).max())


def test_the_closed_form_solution_has_no_gradient_left() -> None:
    """`batch_weights` itself, against its definition."""
    params, n = LearnerParams(ewrls_lambda=0.99, ridge=2.0), 400
    xs, ys = market_like(n), np.random.default_rng(3).normal(size=n)
    w = batch_weights(xs, ys, params)
    gradient = params.ewrls_lambda**n * initial_information(params) * w
    for t in range(n):
        fade = params.ewrls_lambda ** (n - 1 - t)
        gradient += fade * xs[t] * (xs[t] @ w - ys[t])
        gradient[t % N_WEIGHTS] += fade * params.leak * w[t % N_WEIGHTS]
    assert np.abs(gradient).max() < 1e-10


@pytest.mark.parametrize("params", PARAMS, ids=IDS)
def test_the_covariance_is_the_inverse_of_the_information(params: LearnerParams) -> None:
    xs = market_like(500)
    information = np.diag(initial_information(params))
    for t, x in enumerate(xs):
        information = params.ewrls_lambda * information + np.outer(x, x)
        information[t % N_WEIGHTS, t % N_WEIGHTS] += params.leak
    covariance = unpack_covariance(separate(xs, np.zeros((500, 1)), 0, params))
    assert covariance @ information == pytest.approx(np.eye(N_WEIGHTS), abs=1e-8)


def test_the_doubly_stored_blocks_stay_symmetric_to_the_last_bit() -> None:
    row = separate(market_like(5_000), np.zeros((5_000, 1)), 0, SOURCE)
    for block in range(0, at.WIDTH, at.BLOCK):
        starts = row_offsets()[block : block + at.BLOCK]
        square = np.array([row[start : start + at.BLOCK] for start in starts])
        assert (square == square.T).all()


def test_the_padding_stays_empty() -> None:
    row = separate(market_like(2_000), np.zeros((2_000, 1)), 0, SOURCE)
    for i, start in enumerate(row_offsets()):
        assert row[start + at.WIDTH - 1 - i // at.BLOCK * at.BLOCK] == 0.0


def test_the_scale_never_runs_away() -> None:
    params, row = LearnerParams(), new_row(LearnerParams())
    for x in market_like(500):
        take(row, x, params.ewrls_lambda, params.leak)
        assert 1.0 <= row[at.SCALE] <= 2.0 / params.ewrls_lambda


@pytest.mark.parametrize("params", PARAMS[:2], ids=IDS[:2])
def test_no_excitation_at_all_cannot_blow_the_covariance_up(params: LearnerParams) -> None:
    """Every feature is silent: textbook forms grow like λ^-n, this one meets its bound and stays."""
    silent = np.zeros((20_000, N_WEIGHTS))
    row = separate(silent, np.zeros((20_000, 1)), 0, params)
    peak = max(row[at.PEAK], row[at.PEAK_BEFORE])
    assert peak <= params.covariance_bound * (1 + 1e-9)
    assert peak == pytest.approx(params.covariance_bound, rel=1e-6)


def test_the_watched_extremes_are_those_of_the_diagonal_at_the_leaks() -> None:
    params, xs = LearnerParams(ewrls_lambda=0.99, ridge=5.0), market_like(2 * N_WEIGHTS)
    information, row = np.diag(initial_information(params)), new_row(params)
    before, after = [], []
    for t, x in enumerate(xs):
        i = t % N_WEIGHTS
        information = 0.99 * information + np.outer(x, x)
        if t >= N_WEIGHTS:
            variance = np.linalg.solve(information, np.eye(N_WEIGHTS)[i])[i]
            before.append(variance)
            after.append(1.0 / (1.0 / variance + params.leak))
        information[i, i] += params.leak
        if t == N_WEIGHTS:
            last_round = row[at.PEAK], row[at.FLOOR]
        take(row, x, params.ewrls_lambda, params.leak)
    assert row[at.PEAK] == pytest.approx(max(before))
    assert row[at.FLOOR] == pytest.approx(min(after))
    assert (row[at.PEAK_BEFORE], row[at.FLOOR_BEFORE]) == last_round


def test_the_textbook_form_dies_where_this_one_lives() -> None:
    """The reason for all of the above: P − k·xᵀP in plain numpy, same samples, same λ, no leak."""
    xs = market_like(4_000)
    p = np.eye(N_WEIGHTS) * 10.0
    with np.errstate(all="ignore"):
        for x in xs:
            px = p @ x
            p = (p - np.outer(px / (0.98 + x @ px), x @ p)) / 0.98
    assert not np.isfinite(p).all() or np.abs(p - p.T).max() > 1.0
    row = separate(xs, np.zeros((4_000, 1)), 0, SOURCE)
    assert np.abs(unpack_covariance(row)).max() <= SOURCE.covariance_bound
