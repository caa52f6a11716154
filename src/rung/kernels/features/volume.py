"""Volume, alone and against price; all relative to recent volume. 12 features."""

from __future__ import annotations

import math

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features import panels as over
from rung.kernels.features.intake import Shared, money_flow
from rung.kernels.features.now import Now
from rung.kernels.features.registry import slots

(
    VOLUME_RATIO_20,
    VOLUME_INTENSITY,
    OBV_SLOPE_20,
    OBV_SLOPE_60,
    VWAP_DISTANCE,
    VWAP_SCORE,
    MFI_14,
    MONEY_FLOW_20,
    CHAIKIN_OSCILLATOR,
    FORCE_13,
    EASE_OF_MOVEMENT_14,
    VOLUME_TREND,
) = slots("volume")


@inlined
def volume_features(state: Row, now: Now, shared: Shared, out: Row) -> None:
    n = now.n
    per_volume = 1.0 / shared.volume
    sum_60 = over.short_60(state, n, at.VOLUME)
    mean_5, mean_60 = over.short_5(state, n, at.VOLUME) * 12.0, sum_60
    out[VOLUME_RATIO_20] = 20.0 * now.volume * per_volume - 1.0
    out[OBV_SLOPE_20] = over.short_20(state, n, at.SIGNED_VOLUME) * per_volume
    out[OBV_SLOPE_60] = over.short_60(state, n, at.SIGNED_VOLUME) / sum_60
    out[MFI_14] = over.short_14(state, n, at.MONEY) / over.short_14(state, n, at.ABS_MONEY)
    out[MONEY_FLOW_20] = over.short_20(state, n, at.FLOW) * per_volume
    out[CHAIKIN_OSCILLATOR] = _chaikin(state, now) * 20.0 * per_volume
    out[FORCE_13] = _force(state, now)
    out[EASE_OF_MOVEMENT_14] = _ease_of_movement(state, now, shared)
    out[VOLUME_TREND] = (mean_5 - mean_60) / (mean_5 + mean_60)
    _session_volume(state, now, out)


@inlined
def _chaikin(state: Row, now: Now) -> float:
    """EMA(3) − EMA(10) of the accumulation line; its level, which has no bound, cancels and is never kept."""
    flow = money_flow(now)
    fast: float = (state[at.FLOW_LAGS] + flow) * (1.0 - 2.0 / 4.0)
    slow: float = (state[at.FLOW_LAGS + 1] + flow) * (1.0 - 2.0 / 11.0)
    state[at.FLOW_LAGS] = fast
    state[at.FLOW_LAGS + 1] = slow
    return slow - fast


@inlined
def _force(state: Row, now: Now) -> float:
    push: float = state[at.FORCE] + (now.ret * now.volume - state[at.FORCE]) * (2.0 / 14.0)
    volume: float = state[at.FORCE + 1] + (now.volume - state[at.FORCE + 1]) * (2.0 / 14.0)
    state[at.FORCE] = push
    state[at.FORCE + 1] = volume
    return push / volume


@inlined
def _ease_of_movement(state: Row, now: Now, shared: Shared) -> float:
    atr = shared.atr_14 * now.per_close
    ease = over.short_14(state, now.n, at.EASE) * shared.volume * (1.0 / 280.0) / (atr * atr)
    return ease / (1.0 + abs(ease))


@inlined
def _session_volume(state: Row, now: Now, out: Row) -> None:
    bars = state[at.SESSION_BARS] + 1.0
    volume = state[at.SESSION_VOLUME] + now.volume
    tilt = now.typical / state[at.SESSION_OPEN] - 1.0
    total = state[at.SESSION_TILT] + tilt * now.volume
    squares = state[at.SESSION_TILT_SQUARED] + tilt * tilt * now.volume
    state[at.SESSION_BARS] = bars
    state[at.SESSION_VOLUME] = volume
    state[at.SESSION_TILT] = total
    state[at.SESSION_TILT_SQUARED] = squares
    mean = total / volume
    variance = squares / volume - mean * mean
    distance = now.close / state[at.SESSION_OPEN] - 1.0 - mean
    scale = math.sqrt(variance) if variance > 1e-15 else 0.0
    average = volume / bars
    out[VOLUME_INTENSITY] = (now.volume - average) / (now.volume + average)
    out[VWAP_DISTANCE] = distance / (1.0 + mean)
    out[VWAP_SCORE] = distance / (scale + abs(distance)) if scale > 0.0 else 0.0
