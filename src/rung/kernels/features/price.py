"""Price action: the shape of the bar and its step from the one before. 12 features."""

from __future__ import annotations

import math

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features.intake import Shared
from rung.kernels.features.now import Now
from rung.kernels.features.registry import slots

(
    RANGE,
    BODY,
    UPPER_SHADOW,
    LOWER_SHADOW,
    OVERNIGHT_GAP,
    CLOSE_IN_RANGE,
    TRUE_RANGE,
    RETURN_IN_RMS,
    HIGH_MOMENTUM,
    LOW_MOMENTUM,
    VOLUME_CHANGE,
    VOLUME_BODY,
) = slots("price")


@inlined
def price_features(state: Row, now: Now, shared: Shared, out: Row) -> None:
    body = now.close - now.open
    top = now.close if body > 0.0 else now.open
    bottom = now.open if body > 0.0 else now.close
    prior_volume = state[at.PREVIOUS_VOLUME]
    out[RANGE] = now.span * now.per_close
    out[BODY] = body * now.per_close
    out[UPPER_SHADOW] = (now.high - top) * now.per_close
    out[LOWER_SHADOW] = (bottom - now.low) * now.per_close
    out[OVERNIGHT_GAP] = state[at.GAP]
    out[CLOSE_IN_RANGE] = (2.0 * now.close - now.high - now.low) / now.span
    out[TRUE_RANGE] = now.true_range / now.prior_close
    out[RETURN_IN_RMS] = state[at.SCORES + (now.n & 511)]
    out[HIGH_MOMENTUM] = now.high / now.prior_high - 1.0
    out[LOW_MOMENTUM] = now.low / now.prior_low - 1.0
    out[VOLUME_CHANGE] = (now.volume - prior_volume) / (now.volume + prior_volume)
    out[VOLUME_BODY] = math.sqrt(20.0 * now.volume / shared.volume * abs(body) * now.per_close)
