"""backtrader: market orders at the next open, brackets for the stops, its own observers off."""

from __future__ import annotations

from typing import Any

import backtrader as bt
import numpy as np
from work import BAND, CAPITAL, FEE_FRAC, NOTIONAL, PERIOD, STOP_FRAC, TAKE_FRAC, Task, Timer, task, tell

DAYS_TO_1970 = 719_163.0


class Rows(bt.feed.DataBase):
    """Arrays as a feed."""

    params = (("work", None),)

    def start(self) -> None:
        super().start()
        work: Task = self.p.work
        days = DAYS_TO_1970 + work.stamps_s() / 86_400.0
        self._rows = iter(zip(days.tolist(), *work.rows.T.tolist(), strict=True))

    def _load(self) -> bool:
        row = next(self._rows, None)
        if row is None:
            return False
        lines = self.lines
        lines.datetime[0], lines.open[0], lines.high[0], lines.low[0], lines.close[0], lines.volume[0] = row
        lines.openinterest[0] = 0.0
        return True


class Work1(bt.Strategy):
    params = (("stops", False),)

    def __init__(self) -> None:
        self.mean = bt.indicators.SMA(self.data.close, period=PERIOD)
        self.guards: list[Any] = []
        self.trips: list[tuple[int, int, int]] = []

    def next(self) -> None:
        close, mean = self.data.close[0], self.mean[-1]
        wanted = int(close > mean * (1.0 + BAND)) - int(close < mean * (1.0 - BAND))
        size = self.position.size
        if wanted == (size > 0) - (size < 0):
            return
        for order in self.guards:
            self.cancel(order)
        self.guards = []
        if size:
            self.close()
        if wanted:
            self._open(wanted, close)

    def _open(self, wanted: int, close: float) -> None:
        size = NOTIONAL / close
        if not self.p.stops:
            (self.buy if wanted > 0 else self.sell)(size=size)
            return
        bracket = self.buy_bracket if wanted > 0 else self.sell_bracket
        _, stop, take = bracket(
            size=size, exectype=bt.Order.Market, price=None,
            stopprice=close * (1.0 - STOP_FRAC * wanted), limitprice=close * (1.0 + TAKE_FRAC * wanted),
        )  # fmt: skip
        self.guards = [stop, take]

    def notify_trade(self, trade: Any) -> None:
        if trade.isclosed:
            self.trips.append((trade.baropen - 1, trade.barclose - 1, 1 if trade.long else -1))


def main() -> None:
    work = task()
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(Rows(work=work, timeframe=bt.TimeFrame.Minutes))
    cerebro.addstrategy(Work1, stops=work.stops)
    cerebro.broker.setcash(CAPITAL)
    cerebro.broker.setcommission(commission=FEE_FRAC)
    with Timer() as timer:
        (strategy,) = cerebro.run()
    tell(work, bt.__version__, timer.seconds, cerebro.broker.getvalue(), np.array(strategy.trips))


if __name__ == "__main__":
    main()
