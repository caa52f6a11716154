"""Online standardisation: each feature minus its exponentially weighted mean, over its deviation."""

from __future__ import annotations

import math

import numba as nb

from rung.kernels.learner import layout as at
from rung.kernels.learner.covariance import Row

_DUST = 1e-24  # a variance this small beside the squared mean is rounding


@nb.njit(error_model="numpy")
def standardise(state: Row, rate: float, clip: float) -> None:
    """Replace the raw features in state[X] by scores in [−clip, clip], 0 for a feature that has not varied yet.

    Mean and variance include this bar and nothing later. Their memory grows to 1/`rate` bars from the first value
    that is not 0 (a feature is 0 before its own warm-up). A value that is not finite counts as a score of 0.
    """
    for j in range(at.N_FEATURES):
        value = state[at.X + j]
        if not math.isfinite(value):
            state[at.X + j] = 0.0
            continue
        seen = state[at.SEEN + j]
        seen += 1.0 if (seen > 0.0) | (value != 0.0) else 0.0
        share = max(rate, 1.0 / max(seen, 1.0))
        away = value - state[at.MEAN + j]
        mean = state[at.MEAN + j] + share * away
        variance = (1.0 - share) * (state[at.VARIANCE + j] + share * away * away)
        score = (value - mean) / math.sqrt(variance) if variance > _DUST * mean * mean else 0.0
        state[at.SEEN + j], state[at.MEAN + j], state[at.VARIANCE + j] = seen, mean, variance
        state[at.X + j] = min(max(score, -clip), clip)
    state[at.X + at.INTERCEPT] = 1.0
