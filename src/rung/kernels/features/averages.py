"""Where the close stands against its moving averages: close ÷ average − 1. 16 features."""

from __future__ import annotations

import numpy as np

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features import panels as over
from rung.kernels.features.intake import Shared
from rung.kernels.features.now import Now
from rung.kernels.features.registry import slots

(
    SMA_5,
    SMA_10,
    SMA_20,
    SMA_50,
    SMA_100,
    SMA_200,
    EMA_5,
    EMA_10,
    EMA_20,
    EMA_50,
    EMA_100,
    EMA_200,
    WMA_20,
    DEMA_20,
    KAMA_10,
    VWMA_20,
) = slots("averages")
_EMA_SHARES = np.array([2.0 / (span + 1.0) for span in at.EMA_SPANS])
_KAMA_FAST, _KAMA_SLOW = 2.0 / 3.0, 2.0 / 31.0


@inlined
def average_features(state: Row, now: Now, shared: Shared, falling_20: float, out: Row) -> None:
    """`falling_20` is the tilt of the last 20 closes: Σ (age − mean age)(close − mean)."""
    n, c = now.n, now.close
    sum_20 = over.long_20(state, n, at.CLOSE)
    out[SMA_5] = 5.0 * c / over.long_5(state, n, at.CLOSE) - 1.0
    out[SMA_10] = 10.0 * c / over.long_10(state, n, at.CLOSE) - 1.0
    out[SMA_20] = 20.0 * c / sum_20 - 1.0
    out[SMA_50] = 50.0 * c / over.long_50(state, n, at.CLOSE) - 1.0
    out[SMA_100] = 100.0 * c / over.long_100(state, n, at.CLOSE) - 1.0
    out[SMA_200] = 200.0 * c / over.long_200(state, n, at.CLOSE) - 1.0
    for i in range(len(at.EMA_SPANS)):
        state[at.EMAS + i] += (c - state[at.EMAS + i]) * _EMA_SHARES[i]
    for i in range(6):
        out[EMA_5 + i] = c / state[at.EMAS + i] - 1.0
    ema_20 = state[at.EMAS + 2]
    outer = state[at.DEMA_OUTER] + (ema_20 - state[at.DEMA_OUTER]) * (2.0 / 21.0)
    state[at.DEMA_OUTER] = outer
    # weights 20 … 1 from newest to oldest: Σ (20 − age)·c ÷ 210 = mean + Σ (9.5 − age)(c − mean) ÷ 210
    out[WMA_20] = c / (sum_20 * 0.05 - falling_20 * (1.0 / 210.0)) - 1.0
    out[DEMA_20] = c / (2.0 * ema_20 - outer) - 1.0
    out[KAMA_10] = c / _kama(state, now) - 1.0
    out[VWMA_20] = c * shared.volume / over.short_20(state, n, at.CLOSE_VOLUME) - 1.0


@inlined
def _kama(state: Row, now: Now) -> float:
    """Kaufman: an EMA between spans 2 and 30, the faster the straighter the last 10 bars."""
    path = over.short_10(state, now.n, at.ABS_CHANGE)
    direct = abs(now.close - state[at.CLOSES + ((now.n - 10) & 255)])
    efficiency = direct / path if path > 0.0 else 0.0
    share = efficiency * (_KAMA_FAST - _KAMA_SLOW) + _KAMA_SLOW
    average: float = state[at.KAMA] + (now.close - state[at.KAMA]) * (share * share)
    state[at.KAMA] = average
    return average
