"""vectorbt: `from_signals` with pandas' rolling mean, fills at the next open; equity and drawdown included.

The first run compiles; the second is the one timed. `first_s` is the first.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt
from work import BAND, CAPITAL, FEE_FRAC, NOTIONAL, PERIOD, STOP_FRAC, TAKE_FRAC, Task, Timer, task, tell


def run(work: Task, columns: dict[str, np.ndarray]) -> Any:
    close = pd.Series(columns["close"])
    mean = close.rolling(PERIOD).mean().shift(1)
    up = (close > mean * (1.0 + BAND)).shift(1, fill_value=False)
    down = (close < mean * (1.0 - BAND)).shift(1, fill_value=False)
    guards = {"sl_stop": STOP_FRAC, "tp_stop": TAKE_FRAC, "stop_entry_price": "fillprice"} if work.stops else {}
    portfolio = vbt.Portfolio.from_signals(
        close, entries=up, exits=~up, short_entries=down, short_exits=~down, price=columns["open"],
        open=columns["open"], high=columns["high"], low=columns["low"], size=NOTIONAL, size_type="value",
        fees=FEE_FRAC, init_cash=CAPITAL, freq="1min", **guards,
    )  # fmt: skip
    return portfolio, portfolio.value(), portfolio.max_drawdown()


def main() -> None:
    warnings.filterwarnings("ignore")
    work = task("--once")
    columns = {name: work.column(name) for name in ("open", "high", "low", "close")}
    with Timer() as first:
        found = run(work, columns)
    timer = first
    if not work.extra.once:
        with Timer() as timer:
            found = run(work, columns)
    portfolio, value, _ = found
    trades = portfolio.trades.closed.records
    trips = np.column_stack([trades["entry_idx"], trades["exit_idx"], 1 - 2 * trades["direction"]])
    tell(work, vbt.__version__, timer.seconds, value.iloc[-1], trips, first_s=first.seconds)


if __name__ == "__main__":
    main()
