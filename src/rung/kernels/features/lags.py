"""What the price and the return were k bars ago. 10 + 15 features."""

from __future__ import annotations

import numpy as np

from rung.kernels.compiled import Row, inlined
from rung.kernels.features import layout as at
from rung.kernels.features.now import Now
from rung.kernels.features.registry import PRICE_LAGS, RETURN_LAGS, slots

_PRICE_FIRST = slots("price lags")[0]
_RETURN_FIRST = slots("return lags")[0]
_PRICE_LAGS = np.array(PRICE_LAGS)
_RETURN_LAGS = np.array(RETURN_LAGS)


@inlined
def lag_features(state: Row, now: Now, out: Row) -> None:
    for i in range(len(_PRICE_LAGS)):
        out[_PRICE_FIRST + i] = now.close / state[at.CLOSES + ((now.n - _PRICE_LAGS[i]) & 255)] - 1.0
    for i in range(len(_RETURN_LAGS)):
        out[_RETURN_FIRST + i] = state[at.SCORES + ((now.n - _RETURN_LAGS[i]) & 511)]
