"""A strategy in fifteen lines, and what it does on an invented market. Synthetic bars, no evidence of anything.

./rung python examples/my_first_strategy.py
./rung backtest examples/my_first_strategy.py --symbol BTCUSDT --from 2025-05-10 --to 2025-06-08 --data DIR
"""

from rung.lab import Strategy, param, sma


class MyFirst(Strategy):
    """Long above the mean of the last hour, short below it, flat in between."""

    period = param(60, low=2, high=500)
    band = param(0.001, low=0.0, high=0.05)

    def start(self):
        self.mean = sma(self.period)

    def decide(self, view):
        close, mean = view.bar.close, self.mean(view.bar.close)
        if close > mean * (1 + self.band):
            return self.long("above the mean", stop=0.02)
        if close < mean * (1 - self.band):
            return self.short("below the mean", stop=0.02)
        return self.flat("inside the band")


def main():
    from rung.lab import backtest, invented_tapes

    for period in (30, 60, 120):
        figures = (result := backtest(MyFirst, data=invented_tapes(days=3), settings={"period": period})).figures
        kept = f"{figures.total_return_frac:+.2%} after costs of {figures.costs_quote / figures.start_equity_quote:.2%}"
        print(f"period {period:>3}  {figures.trades:>3} trades, {figures.win_rate_frac:.0%} of them won: {kept}")
    print(result.trades.head(2).select("side", "quantity", "entry_price", "exit_price", "pnl").rows())
    print(f"honestly: {result.honesty}")


if __name__ == "__main__":
    main()
