"""backtesting.py: fractional sizes, fills at the next open, its own equity and statistics included."""

from __future__ import annotations

import warnings

import backtesting
import numpy as np
import pandas as pd
from backtesting import Strategy
from backtesting.lib import FractionalBacktest
from work import BAND, CAPITAL, FEE_FRAC, NOTIONAL, PERIOD, START, STOP_FRAC, TAKE_FRAC, Timer, task, tell

STOPS = False


class Work1(Strategy):
    def init(self) -> None:
        self.mean = self.I(lambda closes: pd.Series(closes).rolling(PERIOD).mean().shift(1), self.data.Close)

    def next(self) -> None:
        close, mean = self.data.Close[-1], self.mean[-1]
        wanted = int(close > mean * (1.0 + BAND)) - int(close < mean * (1.0 - BAND))
        held = 1 if self.position.is_long else -1 if self.position.is_short else 0
        if wanted == held:
            return
        self.position.close()
        if wanted == 0:
            return
        guards = {"sl": close * (1.0 - STOP_FRAC * wanted), "tp": close * (1.0 + TAKE_FRAC * wanted)} if STOPS else {}
        (self.buy if wanted > 0 else self.sell)(size=round(NOTIONAL / close), **guards)


def main() -> None:
    global STOPS
    warnings.filterwarnings("ignore")
    backtesting._tqdm = lambda rows, **_: rows  # no progress bar
    work = task()
    STOPS = work.stops
    columns = {name.capitalize(): work.column(name) for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame(columns, index=pd.date_range(START, periods=len(work.rows), freq="1min"))
    bench = FractionalBacktest(
        frame, Work1, fractional_unit=1e-5, cash=CAPITAL, commission=FEE_FRAC, finalize_trades=False
    )
    with Timer() as timer:
        found = bench.run()
    trades = found["_trades"]
    trips = np.column_stack([trades["EntryBar"], trades["ExitBar"], np.sign(trades["Size"])])
    tell(work, backtesting.__version__, timer.seconds, found["Equity Final [$]"], trips[np.argsort(trips[:, 0])])


if __name__ == "__main__":
    main()
