"""New rows: what a learner knows before its first bar, and its parameters as the kernel reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rung.kernels.learner import layout as at
from rung.kernels.learner.params import N_WEIGHTS, LearnerParams


def pack_params(params: LearnerParams) -> NDArray[np.float64]:
    """(PARAMS_SIZE,) float64, in the order of `layout`."""
    packed = np.zeros(at.PARAMS_SIZE)
    packed[at.LAMBDA] = params.ewrls_lambda
    packed[at.LEAK] = params.leak
    packed[at.WARMUP] = params.warmup_samples
    packed[at.HORIZON_WEIGHTS : at.HORIZON_WEIGHTS + at.N_HORIZONS] = params.horizon_weights
    packed[at.SKILL_PENALTY] = params.skill_penalty
    packed[at.SKILL_DECAY] = 1.0 - 1.0 / params.skill_memory_samples
    packed[at.SCALE_RATE] = 1.0 / params.scale_memory_bars
    packed[at.SCORE_CLIP] = params.score_clip
    packed[at.IS_NORMAL] = float(params.probability_model == "normal")
    packed[at.BAND_REACH] = params.bb_proximity_threshold
    packed[at.BAND_FACTOR] = params.bb_amplification_factor if params.enable_bb_amplification else 0.0
    return packed


def initial_information(params: LearnerParams) -> NDArray[np.float64]:
    """(127,) float64: the diagonal of the information matrix before the first sample.

    1/initial_variance, and what an endless past of leaks would have left: the ridge is at full strength from the
    first sample on, not after a hundred.
    """
    forgetting = params.ewrls_lambda
    if forgetting == 1.0:
        return np.full(N_WEIGHTS, 1.0 / params.initial_variance + params.ridge)
    samples_since_leak = np.arange(N_WEIGHTS - 1, -1, -1)
    information = np.full(N_WEIGHTS, 1.0 / params.initial_variance)
    information += params.leak * forgetting**samples_since_leak / (1.0 - forgetting**N_WEIGHTS)
    return information


def start_learner(state: NDArray[np.float64], params: LearnerParams) -> None:
    """Set every row of `state` (n, ≥ STATE_SIZE) to a learner that has seen nothing."""
    state[:, : at.STATE_SIZE] = 0.0
    state[:, at.SESSION] = -1.0
    state[:, at.SCALE] = 1.0
    state[:, at.SAID + at.PROBABILITY] = 0.5
    diagonal = 1.0 / initial_information(params)
    state[:, diagonal_offsets()] = diagonal
    state[:, at.PEAK] = state[:, at.PEAK_BEFORE] = diagonal.max()
    state[:, at.FLOOR] = state[:, at.FLOOR_BEFORE] = diagonal.min()


def diagonal_offsets() -> NDArray[np.intp]:
    """(127,) offsets of the covariance's diagonal within a row."""
    i = np.arange(N_WEIGHTS)
    return row_offsets()[i] + i % at.BLOCK


def row_offsets() -> NDArray[np.intp]:
    """(128,) offsets of the covariance's rows; row i starts at column i − i mod 8."""
    block = np.arange(at.WIDTH) // at.BLOCK * at.BLOCK
    widths = at.WIDTH - block
    return at.COVARIANCE + np.concatenate(([0], np.cumsum(widths)[:-1]))


def unpack_covariance(row: NDArray[np.float64]) -> NDArray[np.float64]:
    """(127, 127) symmetric covariance of one learner's row, the pending downdates applied."""
    full = np.zeros((at.WIDTH, at.WIDTH))
    for i, start in enumerate(row_offsets()):
        first = i - i % at.BLOCK
        full[i, first:] = row[start : start + at.WIDTH - first]
    full = np.triu(full) + np.triu(full, 1).T
    sample, leak = (row[start : start + at.WIDTH] for start in (at.PENDING_X, at.PENDING_LEAK))
    full = row[at.SCALE] * (full - np.outer(sample, sample) - np.outer(leak, leak))
    return full[:N_WEIGHTS, :N_WEIGHTS]
