"""What buying every symbol and holding it would have been worth: the measure of doing nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rung.domain.funding import FundingHistory
from rung.lab.tapes import Market
from rung.market.tape import Tape


def hold_path(
    market: Market, at_ns: NDArray[np.int64], cost_frac: float, histories: Mapping[str, FundingHistory]
) -> NDArray[np.float64]:
    """Capital of 1 in equal parts of every symbol, (n,) at each slice: bought at the first open, worth what selling
    at the newest close would bring, each at a cost of `cost_frac`. A symbol without a bar yet is cash.

    histories : perpetuals held like that pay this funding, at the mark price or the newest close.
    """
    parts = []
    for tape in market.tapes:
        rows = market.rows(tape)
        known = tape.open_ns[rows] + tape.interval_ns
        first = float(tape.open[rows.start]) * (1.0 + cost_frac)
        newest = np.searchsorted(known, at_ns, side="right")
        worth = np.concatenate(([first], tape.close[rows] * (1.0 - cost_frac)))[newest]
        history = histories.get(tape.symbol)
        parts.append((worth - (_funding_paid(tape, rows, history, at_ns) if history is not None else 0.0)) / first)
    return np.asarray(np.mean(parts, axis=0))


def _funding_paid(tape: Tape, rows: slice, history: FundingHistory, at_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """What one unit held over these rows has paid, (n,) at each slice; what falls due at the first open is not paid."""
    start_ns, stop_ns = int(tape.open_ns[rows.start]) + 1, int(tape.open_ns[rows.stop - 1]) + tape.interval_ns
    due_ns, paid = [], [0.0]
    for instant in history.within(start_ns, stop_ns):
        row = int(np.searchsorted(tape.open_ns, instant.at_ns - tape.interval_ns, side="right")) - 1
        price = float(tape.close[max(row, rows.start)]) if instant.mark_price is None else float(instant.mark_price)
        due_ns.append(instant.at_ns)
        paid.append(paid[-1] + float(instant.rate) * price)
    return np.array(paid)[np.searchsorted(np.array(due_ns, np.int64), at_ns, side="left")]
