"""Momentum and oscillators, centred so that 0 is neutral. 20 features."""

from __future__ import annotations

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features import panels as over
from rung.kernels.features.intake import Shared
from rung.kernels.features.now import Now
from rung.kernels.features.registry import slots

(
    RSI_7,
    RSI_14,
    RSI_21,
    MOMENTUM_5,
    MOMENTUM_10,
    MEAN_RETURN_5,
    STOCHASTIC_K_14,
    STOCHASTIC_D_14,
    WILLIAMS_28,
    CCI_20,
    MACD_LINE,
    MACD_HISTOGRAM,
    ROC_60,
    ADX_14,
    DIRECTION_14,
    AROON_25,
    TRIX_15,
    CMO_20,
    ULTIMATE_28,
    SESSION_RETURN,
) = slots("momentum")
_SHARE_14 = 1.0 / 14.0


@inlined
def momentum_features(state: Row, now: Now, shared: Shared, out: Row) -> None:
    n, c = now.n, now.close
    _relative_strength(state, now, out)
    _range_positions(state, now, out)
    _macd_and_trix(state, now, out)
    _direction(state, now, out)
    change_5 = c - state[at.CLOSES + ((n - 5) & 255)]
    out[MOMENTUM_5] = change_5 * (1.0 / shared.atr_14)
    out[MOMENTUM_10] = (c - state[at.CLOSES + ((n - 10) & 255)]) * (1.0 / shared.atr_14)
    out[MEAN_RETURN_5] = change_5 / over.short_5(state, n, at.ABS_CHANGE)
    out[CCI_20] = _cci(state, now)
    out[ROC_60] = c / state[at.CLOSES + ((n - 60) & 255)] - 1.0
    out[AROON_25] = (over.latest_extreme_26(state, n, at.HIGH) - over.latest_extreme_26(state, n, at.LOW)) * 0.04
    out[CMO_20] = (c - state[at.CLOSES + ((n - 20) & 255)]) / over.short_20(state, n, at.ABS_CHANGE)
    out[ULTIMATE_28] = _ultimate(state, n)
    out[SESSION_RETURN] = c / state[at.SESSION_OPEN] - 1.0


@inlined
def _relative_strength(state: Row, now: Now, out: Row) -> None:
    gain = now.change if now.change > 0.0 else 0.0
    loss = gain - now.change
    for i in range(3):
        share = 1.0 / at.RSI_SPANS[i]
        up = state[at.GAINS + i] + (gain - state[at.GAINS + i]) * share
        down = state[at.LOSSES + i] + (loss - state[at.LOSSES + i]) * share
        state[at.GAINS + i] = up
        state[at.LOSSES + i] = down
        out[RSI_7 + i] = (up - down) / (up + down)


@inlined
def _range_positions(state: Row, now: Now, out: Row) -> None:
    top, bottom = over.extreme_14(state, now.n, at.HIGH), -over.extreme_14(state, now.n, at.LOW)
    k = (2.0 * now.close - top - bottom) / (top - bottom) if top > bottom else 0.0
    out[STOCHASTIC_K_14] = k
    out[STOCHASTIC_D_14] = (k + state[at.STOCHASTICS] + state[at.STOCHASTICS + 1]) * (1.0 / 3.0)
    state[at.STOCHASTICS + 1] = state[at.STOCHASTICS]
    state[at.STOCHASTICS] = k
    top, bottom = over.extreme_28(state, now.n, at.HIGH), -over.extreme_28(state, now.n, at.LOW)
    out[WILLIAMS_28] = (2.0 * now.close - top - bottom) / (top - bottom)


@inlined
def _cci(state: Row, now: Now) -> float:
    mean = over.short_20(state, now.n, at.TYPICAL) * 0.05
    first = at.TYPICALS + (now.n & 31) + 13
    a = b = c = d = 0.0
    for i in range(first, first + 20, 4):
        a += abs(state[i] - mean)
        b += abs(state[i + 1] - mean)
        c += abs(state[i + 2] - mean)
        d += abs(state[i + 3] - mean)
    deviation = ((a + b) + (c + d)) * 0.05
    if deviation > 1e-12 * mean:
        return (now.typical - mean) / (1.5 * deviation)
    return 0.0


@inlined
def _macd_and_trix(state: Row, now: Now, out: Row) -> None:
    line = state[at.EMAS + 6] - state[at.EMAS + 7]
    signal = state[at.MACD_SIGNAL] + (line - state[at.MACD_SIGNAL]) * 0.2
    state[at.MACD_SIGNAL] = signal
    out[MACD_LINE] = line * now.per_close
    out[MACD_HISTOGRAM] = (line - signal) * now.per_close
    value, before = now.close, state[at.TRIX_EMAS + 2]
    for i in range(3):
        value = state[at.TRIX_EMAS + i] + (value - state[at.TRIX_EMAS + i]) * 0.125
        state[at.TRIX_EMAS + i] = value
    out[TRIX_15] = value / before - 1.0


@inlined
def _direction(state: Row, now: Now, out: Row) -> None:
    """Wilder's directional movement; both averages share the true range, so it cancels from their balance."""
    rise, fall = now.high - now.prior_high, now.prior_low - now.low
    slack = 1e-10 * now.close  # a tie moves neither side, whatever the rounding says
    gain = rise if rise > fall + slack and rise > 0.0 else 0.0
    loss = fall if fall > rise + slack and fall > 0.0 else 0.0
    up = state[at.DIRECTION_UP] + (gain - state[at.DIRECTION_UP]) * _SHARE_14
    down = state[at.DIRECTION_DOWN] + (loss - state[at.DIRECTION_DOWN]) * _SHARE_14
    state[at.DIRECTION_UP] = up
    state[at.DIRECTION_DOWN] = down
    balance = (up - down) / (up + down) if up + down > 0.0 else 0.0
    adx = state[at.ADX] + (abs(balance) - state[at.ADX]) * _SHARE_14
    state[at.ADX] = adx
    out[DIRECTION_14] = balance
    out[ADX_14] = adx


@inlined
def _ultimate(state: Row, n: int) -> float:
    fast = over.short_7(state, n, at.BUYING) / over.short_7(state, n, at.TRUE_RANGE)
    middle = over.short_14(state, n, at.BUYING) / over.short_14(state, n, at.TRUE_RANGE)
    slow = over.short_28(state, n, at.BUYING) / over.short_28(state, n, at.TRUE_RANGE)
    return (4.0 * fast + 2.0 * middle + slow) * (2.0 / 7.0) - 1.0
