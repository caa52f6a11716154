"""jesse: `research.backtest`, futures with no leverage; orders fill at the close they were decided on.

On this tape that close is the next open. At the end jesse closes the open position: that trip is left out, its fee
is in the equity.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io

import numpy as np
from jesse import research
from jesse.strategies import Strategy
from work import CAPITAL, FEE_FRAC, MINUTE_S, NOTIONAL, START_S, STOP_FRAC, TAKE_FRAC, Mean, Task, Timer, task, tell

EXCHANGE, SYMBOL = "Sandbox", "BTC-USDT"
STOPS = False


class Work1(Strategy):
    def __init__(self) -> None:
        super().__init__()
        self.rolling, self.wanted = Mean(), 0

    def before(self) -> None:
        self.wanted = self.rolling.direction(self.close)

    def should_long(self) -> bool:
        return self.wanted > 0

    def should_short(self) -> bool:
        return self.wanted < 0

    def go_long(self) -> None:
        self.buy = NOTIONAL / self.price, self.price

    def go_short(self) -> None:
        self.sell = NOTIONAL / self.price, self.price

    def on_open_position(self, order) -> None:
        if STOPS:
            side = 1 if self.is_long else -1
            self.stop_loss = self.position.qty, self.position.entry_price * (1.0 - STOP_FRAC * side)
            self.take_profit = self.position.qty, self.position.entry_price * (1.0 + TAKE_FRAC * side)

    def update_position(self) -> None:
        if self.wanted != (1 if self.is_long else -1):
            self.liquidate()

    def should_cancel_entry(self) -> bool:
        return True


def candles(work: Task) -> dict:
    """jesse's order of columns: time in ms, open, close, high, low, volume."""
    columns = [work.column(name) for name in ("open", "close", "high", "low", "volume")]
    rows = np.column_stack([work.stamps_s() * 1000.0, *columns])
    return {f"{EXCHANGE}-{SYMBOL}": {"exchange": EXCHANGE, "symbol": SYMBOL, "candles": rows}}


def trip(trade: dict, work: Task) -> tuple[int, int, int]:
    """A stop or target fills within the bar and is stamped with its close; everything else is at the next open."""
    entry, leave = (round((trade[name] / 1000 - START_S) / MINUTE_S) for name in ("opened_at", "closed_at"))
    at_open = leave < len(work.rows) and abs(trade["exit_price"] - work.rows[leave, 0]) < 1e-9
    at_end = leave == len(work.rows) and abs(trade["exit_price"] - work.rows[-1, 3]) < 1e-9
    return entry, leave if at_open or at_end else leave - 1, 1 if trade["type"] == "long" else -1


def main() -> None:
    global STOPS
    work = task()
    STOPS = work.stops
    config = {
        "starting_balance": CAPITAL,
        "fee": FEE_FRAC,
        "type": "futures",
        "futures_leverage": 1,
        "futures_leverage_mode": "cross",
        "exchange": EXCHANGE,
        "warm_up_candles": 0,
    }
    routes = [{"exchange": EXCHANGE, "strategy": Work1, "symbol": SYMBOL, "timeframe": "1m"}]
    with Timer() as timer, contextlib.redirect_stdout(io.StringIO()):
        found = research.backtest(config, routes, [], candles(work))
    trades = found.get("trades") or []
    trips = sorted(trip(t, work) for t in trades)
    trips = [row for row in trips if row[1] < len(work.rows)]
    equity = CAPITAL + found["metrics"]["net_profit"]
    tell(work, importlib.metadata.version("jesse"), timer.seconds, equity, trips)


if __name__ == "__main__":
    main()
