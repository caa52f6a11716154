"""From fills to round trips: positions from flat to flat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rung.kernels.bars import layout as at
from rung.kernels.compiled import entry

TRADE_FIELDS = (
    "entry_bar", "exit_bar", "side", "quantity_lots", "entry_price", "exit_price", "fees_quote", "pnl_quote", "reason",
    "book",
)  # fmt: skip
"""entry_bar, exit_bar : of the first and of the last fill.   side : 1 long, −1 short.   quantity_lots : bought in all
(sold, for a short).   entry_price, exit_price : averages.   pnl_quote : fees taken off, funding not.   reason : of the
last fill, `layout.EXIT` …   book : column of a basket, else 0."""
BAR_IN, BAR_OUT, SIDE, LOTS, PRICE_IN, PRICE_OUT, PAID, WON, WHY, BOOK = range(len(TRADE_FIELDS))


@entry
def round_trips(fills: NDArray[np.float64], rules: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write the closed positions of one book's `fills` in order; one still open at the end is left out."""
    price, value = rules[at.STEP_NUM] / rules[at.STEP_DEN], rules[at.STEP_UNITS] * rules[at.UNIT]
    row, lots, spent, earned, fees, opened = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(fills)):
        signed, steps, after = fills[i, at.FILL_LOTS], fills[i, at.FILL_STEPS], fills[i, at.FILL_HELD]
        if after == signed:
            opened, lots, spent, earned, fees = fills[i, at.FILL_BAR], 0.0, 0.0, 0.0, 0.0
        fees += fills[i, at.FILL_FEE]
        if (after - signed) * signed < 0.0:
            earned += abs(signed) * steps
        else:
            lots += abs(signed)
            spent += abs(signed) * steps
        if after == 0.0:
            side = 1.0 if signed < 0.0 else -1.0
            out[row, BAR_IN], out[row, BAR_OUT] = opened, fills[i, at.FILL_BAR]
            out[row, SIDE], out[row, LOTS] = side, lots
            out[row, PRICE_IN], out[row, PRICE_OUT] = spent / lots * price, earned / lots * price
            out[row, PAID] = fees * rules[at.UNIT]
            out[row, WON] = side * (earned - spent) * value - out[row, PAID]
            out[row, WHY], out[row, BOOK] = fills[i, at.FILL_WHY], fills[i, at.FILL_BOOK]
            row += 1
