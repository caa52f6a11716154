"""Ranges, spreads and bands. 15 features."""

from __future__ import annotations

import math

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features import panels as over
from rung.kernels.features.intake import Shared
from rung.kernels.features.now import Now
from rung.kernels.features.registry import slots

(
    ATR_14,
    ATR_20,
    SIGMA_20,
    SIGMA_60_ANNUAL,
    PARKINSON_20,
    GARMAN_KLASS_20,
    EWMA_SIGMA,
    VOLATILITY_RATIO,
    BOLLINGER_POSITION_20,
    BOLLINGER_WIDTH_20,
    KELTNER_POSITION_20,
    SQUEEZE_20,
    DONCHIAN_POSITION_20,
    SESSION_RANGE,
    OPENING_RANGE_POSITION,
) = slots("volatility")
_BARS_A_YEAR = 390.0 * 252.0
_OPENING_MINUTES = 30.0


@inlined
def volatility_features(state: Row, now: Now, shared: Shared, spread_20: float, minute: float, out: Row) -> None:
    """`spread_20` is Σ (close − mean)² over the last 20 closes."""
    n = now.n
    squares_60 = over.long_60(state, n, at.RETURN_SQUARE)
    out[ATR_14] = shared.atr_14 * now.per_close
    out[ATR_20] = shared.atr_20 * now.per_close
    out[SIGMA_20] = math.sqrt(shared.return_spread * (1.0 / 19.0))
    out[SIGMA_60_ANNUAL] = math.sqrt(squares_60 * (_BARS_A_YEAR / 60.0))
    log_ranges = over.short_20(state, n, at.LOG_RANGE)
    log_bodies = over.short_20(state, n, at.LOG_BODY)
    out[PARKINSON_20] = math.sqrt(log_ranges * (1.0 / (80.0 * math.log(2.0))))
    garman_klass = (0.5 * log_ranges - (2.0 * math.log(2.0) - 1.0) * log_bodies) * 0.05
    out[GARMAN_KLASS_20] = math.sqrt(garman_klass) if garman_klass > 0.0 else 0.0
    out[EWMA_SIGMA] = math.sqrt(_ewma_variance(state, now))
    fast, slow = math.sqrt(over.long_10(state, n, at.RETURN_SQUARE) * 6.0), math.sqrt(squares_60)
    out[VOLATILITY_RATIO] = (fast - slow) / (fast + slow)
    _bands(state, now, shared, spread_20, out)
    _session_ranges(state, now, minute, out)


@inlined
def _ewma_variance(state: Row, now: Now) -> float:
    square = now.ret * now.ret
    variance = square if now.n == 0 else 0.94 * state[at.EWMA_VARIANCE] + 0.06 * square
    state[at.EWMA_VARIANCE] = variance
    return variance


@inlined
def _bands(state: Row, now: Now, shared: Shared, spread_20: float, out: Row) -> None:
    mean = over.long_20(state, now.n, at.CLOSE) * 0.05
    sigma = math.sqrt(spread_20 * 0.05)
    out[BOLLINGER_POSITION_20] = (now.close - mean) / (2.0 * sigma)
    out[BOLLINGER_WIDTH_20] = 4.0 * sigma / mean
    out[KELTNER_POSITION_20] = (now.close - state[at.EMAS + 2]) * (0.5 / shared.atr_10)
    out[SQUEEZE_20] = 2.0 * sigma * (0.5 / shared.atr_10)
    top, bottom = over.extreme_20(state, now.n, at.HIGH), -over.extreme_20(state, now.n, at.LOW)
    out[DONCHIAN_POSITION_20] = (2.0 * now.close - top - bottom) / (top - bottom)


@inlined
def _session_ranges(state: Row, now: Now, minute: float, out: Row) -> None:
    state[at.SESSION_HIGH] = max(state[at.SESSION_HIGH], now.high)
    state[at.SESSION_LOW] = min(state[at.SESSION_LOW], now.low)
    if minute < _OPENING_MINUTES:
        state[at.RANGE_HIGH] = max(state[at.RANGE_HIGH], now.high)
        state[at.RANGE_LOW] = min(state[at.RANGE_LOW], now.low)
    top, bottom = state[at.RANGE_HIGH], state[at.RANGE_LOW]
    out[SESSION_RANGE] = (state[at.SESSION_HIGH] - state[at.SESSION_LOW]) / state[at.SESSION_OPEN]
    away = now.close - 0.5 * (top + bottom)
    out[OPENING_RANGE_POSITION] = away / (abs(away) + (top - bottom))
