"""Shape, memory and roughness of recent returns. 10 features."""

from __future__ import annotations

import math

import numpy as np

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features import panels as over
from rung.kernels.features.intake import Shared
from rung.kernels.features.now import Now
from rung.kernels.features.registry import slots
from rung.kernels.features.shapes import Shape, shape_50, shape_60

(
    SKEW_20,
    KURTOSIS_20,
    AUTOCORRELATION_1,
    AUTOCORRELATION_5,
    Z_SCORE_50,
    HURST_100,
    ENTROPY_60,
    TREND_20,
    SLOPE_60,
    PRICE_VOLUME_20,
) = slots("statistics")
_COUNTS = np.arange(61)
_SURPRISES = -_COUNTS / 60.0 * np.log(np.maximum(_COUNTS, 1) / 60.0) / math.log(5.0)


@inlined
def statistics_features(state: Row, now: Now, shared: Shared, last_20: Shape, out: Row) -> None:
    n = now.n
    _moments(state, n, shared, out)
    _autocorrelations(state, n, out)
    out[ENTROPY_60] = _entropy(state, n)
    squares = over.long_100(state, n, at.RETURN_SQUARE)
    strides = over.long_100(state, n, at.STRIDE_SQUARE)
    out[HURST_100] = _hurst(squares, strides)
    last_50, last_60 = shape_50(state, n), shape_60(state, n)
    out[Z_SCORE_50] = (now.close - last_50.mean) / math.sqrt(last_50.spread * 0.02)
    out[TREND_20] = -last_20.tilt / math.sqrt(665.0 * last_20.spread)
    out[SLOPE_60] = -last_60.tilt * (1.0 / 17995.0) * (1.0 / shared.atr_14)


@inlined
def _moments(state: Row, n: int, shared: Shared, out: Row) -> None:
    mean, spread = shared.mean_return, shared.return_spread
    cubes, fourths = over.short_20(state, n, at.RETURN_CUBE), over.short_20(state, n, at.RETURN_FOURTH)
    third = cubes - 3.0 * mean * shared.return_squares + 40.0 * mean * mean * mean
    fourth = fourths + mean * (-4.0 * cubes + mean * (6.0 * shared.return_squares - 60.0 * mean * mean))
    variance = spread * 0.05
    out[SKEW_20] = 0.05 * third / (variance * math.sqrt(variance))
    out[KURTOSIS_20] = 0.05 * fourth / (variance * variance) - 3.0
    together = over.short_20(state, n, at.RETURN_VOLUME) - mean * shared.volume
    volume_squares = over.short_20(state, n, at.VOLUME_SQUARE)
    volume_spread = volume_squares - 0.05 * shared.volume * shared.volume
    if volume_spread < 1e-12 * volume_squares:
        volume_spread = 0.0
    out[PRICE_VOLUME_20] = together / math.sqrt(spread * volume_spread)


@inlined
def _autocorrelations(state: Row, n: int, out: Row) -> None:
    squares = over.long_60(state, n, at.RETURN_SQUARE)
    before_1 = state[at.RETURN_SQUARES_60 + ((n - 1) & 7)]
    before_5 = state[at.RETURN_SQUARES_60 + ((n - 5) & 7)]
    state[at.RETURN_SQUARES_60 + (n & 7)] = squares
    out[AUTOCORRELATION_1] = 2.0 * over.short_60(state, n, at.RETURN_LAG_1) / (squares + before_1)
    out[AUTOCORRELATION_5] = 2.0 * over.short_60(state, n, at.RETURN_LAG_5) / (squares + before_5)


@inlined
def _entropy(state: Row, n: int) -> float:
    state[at.ENTROPY_COUNTS + _bin(state[at.SCORES + (n & 511)])] += 1.0
    state[at.ENTROPY_COUNTS + _bin(state[at.SCORES + ((n - 60) & 511)])] -= 1.0
    total = 0.0
    for i in range(5):
        total += _SURPRISES[int(state[at.ENTROPY_COUNTS + i])]
    return total


@inlined
def _bin(score: float) -> int:
    """Five classes of a standardised return, cut at −1, −¼, ¼ and 1."""
    return int(score > -1.0) + int(score > -0.25) + int(score > 0.25) + int(score > 1.0)


@inlined
def _hurst(squares: float, strides: float) -> float:
    if squares <= 0.0 or strides <= 0.0:
        return 0.0
    exponent = math.log(strides / squares) * (0.5 / math.log(8.0))
    return min(max(exponent, 0.0), 1.0) - 0.5
